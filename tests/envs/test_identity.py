"""A state goes on in an environment of the same arguments alone."""

from dataclasses import replace

import pytest

from quantgym.data.pool import pooled
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.rewards.reward import Reward
from quantgym.envs.tasks.market_making import MarketMakingVectorEnv
from quantgym.market.errors import IntegrityError

TAPES = [gbm_tape(1, 60), gbm_tape(2, 90), gbm_tape(3, 40)]
ROWS = pooled(TAPES).tape
EVERYTHING = {"reward": ["log_return", {"kind": "drawdown_penalty", "weight": 0.1}], "start": {"kind": "rows", "rows": [25, 80]},
              "limits": {"max_gross": 1e5}, "randomise": {"fees": [0.5, 2.0]}}  # fmt: skip


def made(**settings):
    return TradingVectorEnv(**{"tape": TAPES, "num_envs": 3, "episode_bars": 8, **settings})


def saved(env):
    env.reset(seed=0)
    env.step(env.action_space.sample())
    return env.get_state()


@pytest.mark.parametrize(("first", "second", "says"), [
    ({}, {"tape": [ROWS.slice(0, 70), ROWS.slice(70, 190)]}, "tape must be"),  # the same rows, divided elsewhere
    ({}, {"tape": ROWS}, "tape must be"),
    ({"tape": ROWS}, {"tape": ROWS, "rows": (0, 100)}, "rows must be"),
    ({}, {"limits": {"max_gross": 1e5}}, "limit_settings must be"),
    ({"limits": {"max_gross": 1e5}}, {"limits": {"max_gross": 2e5}}, "limit_settings must be"),
    ({}, {"randomise": {"fees": [0.5, 2.0]}}, "randomise must be"),
    ({"randomise": {"fees": [0.5, 2.0], "borrow": [0.5, 2.0]}}, {"randomise": {"fees": [0.5, 2.0]}}, "randomise must be"),
    ({"randomise": {"fees": [0.5, 2.0]}}, {"randomise": {"fees": [0.5, 3.0]}}, "randomise must be"),
    ({}, {"reward": "gross_minus_cost"}, "reward_settings must be 'gross_minus_cost', was 'log_return'"),
    ({}, {"reward": ["log_return", "drawdown_penalty"]}, "reward_settings must be"),
    ({}, {"start": "sequential"}, "start must be"),
    ({}, {"tape_weights": [1, 2, 1]}, "tape_weights must be"),
    ({}, {"cash": 7.0}, "cash must be 7.0, was 100000.0"),
    ({}, {"max_orders": 3}, "max_orders must be 3, was 8"),
])  # fmt: skip
def test_a_state_of_other_arguments_is_refused_before_anything_changes(first, second, says):
    state, other = saved(made(**first)), made(**second)
    kept = saved(other)
    with pytest.raises(IntegrityError, match=says):
        other.set_state(state)
    assert other.get_state()["simulator"]["rows"].tolist() == kept["simulator"]["rows"].tolist()
    assert other.get_state()["simulator"]["account"].tobytes() == kept["simulator"]["account"].tobytes()


def test_what_a_world_was_given_counts_too():
    settings = {"tape": TAPES[0], "num_envs": 2, "episode_bars": 5, "matching": "intensity"}
    state = saved(MarketMakingVectorEnv(**settings, arrivals=2.0))
    with pytest.raises(IntegrityError, match="options must be"):
        MarketMakingVectorEnv(**settings, arrivals=3.0).set_state(state)
    MarketMakingVectorEnv(**settings, arrivals=2.0).set_state(state)


def test_other_words_for_the_same_arguments_are_no_other_environment():
    state = saved(made(**EVERYTHING, tape_weights=None))
    same = {"limits": {"max_gross": 100_000}, "randomise": {"fees": {"kind": "uniform", "low": 0.5, "high": 2}}}
    twin = made(**{**EVERYTHING, **same})
    twin.set_state(state)
    assert twin.get_state()["simulator"]["account"].tobytes() == state["simulator"]["account"].tobytes()
    weighted = saved(made(tape_weights={"gbm-2": 3.0}))
    made(tape_weights=[1, 3, 1]).set_state(weighted)


def test_how_it_is_seen_and_stepped_may_differ():
    state = saved(made())
    for settings in ({"observation": "dict"}, {"threads": 2}, {"info": ()}, {"render_mode": "ansi"}, {"record_fills": True}):
        made(**settings).set_state(state)
    named = [replace(tape, name=f"again {tape.name}") for tape in TAPES]
    made(tape=named).set_state(state)


def test_a_reward_of_ones_own_is_known_by_its_class():
    class Mine(Reward):
        def pay(self, step, books):
            return step["equity"] - step["equity_before"]

    state = saved(made(reward=Mine()))
    made(reward=Mine()).set_state(state)
    with pytest.raises(IntegrityError, match="reward_settings must be 'log_return', was "):
        made().set_state(state)
