"""The formula of a reward is found in what was paid, and steps that do not follow it are named."""

import numpy as np
import pytest

from quantgym.envs.check.report import NotCheckable
from quantgym.envs.check.reward import STEPS, _by_rule


def steps(reward):
    """Return 40 steps of one account, four episodes of ten; `reward` makes what each pays from (before, after, cost)."""
    draw = np.random.default_rng(0)
    out = np.zeros(40, STEPS)
    out["step"], out["initial"] = np.arange(40), 100.0
    out["before"] = 100.0 + draw.random(40)
    out["after"] = out["before"] * (1.0 + 0.01 * draw.standard_normal(40))
    out["cost"] = np.where(np.arange(40) % 2, 0.1, 0.0)
    out["last"] = np.arange(40) % 10 == 9
    out["reward"] = reward(out["before"], out["after"], out["cost"])
    return out


@pytest.mark.parametrize("formula", [
    lambda before, after, cost: np.log(after / before), lambda before, after, cost: after / before - 1.0,
    lambda before, after, cost: 1e-4 * (after - before), lambda before, after, cost: 100.0 * np.log(after / before),
])
def test_what_follows_a_formula_in_any_unit_has_no_fault(formula):
    assert list(_by_rule(steps(formula))) == []


def test_costs_that_are_left_out_are_seen():
    (fault,) = _by_rule(steps(lambda before, after, cost: np.log((after + cost) / before)))
    assert fault == "the reward is the log return of equity without its costs: they are in the profit and not in the reward"


@pytest.mark.parametrize(("factor", "says"), [(2.0, r"is paid twice \(last step\)"), (0.0, r"is left out \(last step\)"),
                                              (1.5, r"pays what never was earned \(last step\)")])
def test_last_steps_are_named(factor, says):
    played = steps(lambda before, after, cost: after / before - 1.0)
    played["reward"][played["last"]] *= factor
    with pytest.raises(AssertionError, match=f"the reward of step 9, sub-environment 0, {says}"):
        raise AssertionError(next(_by_rule(played)))


def test_a_ruining_step_that_pays_nothing_is_named_and_a_penalty_is_not():
    played = steps(lambda before, after, cost: (after - before) / 100.0)
    played["ruined"][9], played["after"][9], played["reward"][9] = True, -5.0, 0.0
    assert "is left out (ruining step)" in next(_by_rule(played))


@pytest.mark.parametrize("formula", [lambda before, after, cost: np.zeros(40), lambda before, after, cost: np.sin(1e6 * after)])
def test_what_follows_none_is_not_judged(formula):
    with pytest.raises(NotCheckable, match="no function of equity that is known"):
        list(_by_rule(steps(formula)))
    with pytest.raises(NotCheckable, match="no `equity`"):
        list(_by_rule(steps(formula)[:0]))
