"""The checker passes everything registered, says what it could not look at, and takes environments of anybody's."""

import subprocess
import sys

import gymnasium
import pytest

import quantgym.envs
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.check.examination import CHECKS
from quantgym.envs.features import price_features
from quantgym.envs.registration import IDS
from quantgym.envs.single import TradingEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, IntegrityError, UnknownNameError

TAPE = gbm_tape(0, 300)
DRAWN = {"lookahead: the world draws its features with its paths, and has no `encode` that makes them from a tape",
         "rewards: the reward is no function of equity that is known"}


@pytest.mark.parametrize("name", IDS)
def test_everything_registered_passes(name):
    report = quantgym.envs.check(name, n_envs=4)
    assert set(report.skipped) <= (DRAWN if name not in ("quantgym/Trading-v0", "quantgym/Portfolio-v0") else set())
    assert len(report.passed) + len(report.skipped) == len(CHECKS) == 20
    assert report.leaks == (name == "quantgym/Leak-v0")


@pytest.mark.parametrize("settings", [
    {"reward": "differential_sharpe", "window": 4}, {"reward": "gross_minus_cost", "action": "positions", "start": "sequential"},
    {"action": "exposure", "episode_bars": None, "costs": CostSettings(allow_short=True, latency_ms=1000.0)},
    {"observation": "dict", "private": ["account", "margin", "time_left"]}, {"observation": "reference"},
    {"reward": ["log_return", {"kind": "turnover_penalty", "weight": 0.1}]},
    {"reward": {"kind": "gross_minus_cost", "cost_weight": 0.0}},
    {"tape": [TAPE, gbm_tape(1, 280)], "tape_weights": [1.0, 3.0], "randomise": {"fees": [0.5, 2.0]}},
])
def test_other_settings_pass_too(settings):
    check(TradingVectorEnv(**{"tape": TAPE, **settings}), n_envs=3)


def test_a_single_environment_can_be_given():
    assert "single" in check(TradingEnv(TAPE), n_envs=2).passed


class PaysTwice(gymnasium.RewardWrapper):
    def reward(self, reward):
        return 2.0 * reward


def test_wrappers_around_ours_are_said_not_to_be_looked_at():
    report = check(PaysTwice(TradingEnv(TAPE)), n_envs=2, checks=["spaces"])
    assert report.skipped == ("wrappers: PaysTwice: what is inside was played without them",)
    assert check(gymnasium.make("quantgym/Trading-v0"), n_envs=2, checks=["spaces"]).skipped == ()


def test_features_given_as_a_table_are_skipped_and_said_so():
    report = check(TradingVectorEnv(TAPE, price_features(TAPE)), n_envs=3)
    assert report.skipped[0].startswith("lookahead: the features were given as a table")


def test_some_checks_alone():
    assert check(TradingVectorEnv(TAPE), n_envs=2, checks=["books", "spaces"]).passed == ("spaces", "books")
    with pytest.raises(UnknownNameError, match="did you mean books"):
        check(TradingVectorEnv(TAPE), checks=["bokos"])


@pytest.mark.parametrize("given", ["CartPole-v1", lambda: gymnasium.make("CartPole-v1"), gymnasium.make("CartPole-v1")])
def test_other_environments_of_gymnasium_s_are_checked_as_far_as_that_goes(given):
    report = check(given, n_envs=3)
    assert {"spaces", "seeding", "bad actions", "memory", "time"} <= set(report.passed)
    skipped = {line.split(":")[0] for line in report.skipped}
    assert {"books", "rewards", "features", "lookahead", "state", "forms"} <= skipped


def test_an_environment_that_takes_what_is_outside_of_its_space_is_told_so():
    with pytest.raises(IntegrityError, match="PendulumEnv: bad actions: the action nan was taken"):
        check(gymnasium.make("Pendulum-v1").unwrapped, n_envs=2, checks=["bad actions"])


def test_what_is_no_environment_is_refused():
    with pytest.raises(ConfigError, match="what makes one when it is called, was int"):
        check(3)
    with pytest.raises(ConfigError, match=r"what makes a gymnasium.Env or VectorEnv, it made a dict"):
        check(dict)
    with pytest.raises(ConfigError, match="settings go to an id or to what makes an environment"):
        check(gymnasium.make("CartPole-v1"), window=3)


@pytest.mark.parametrize(("given", "says"), [
    ({"n_envs": 0}, "check: n_envs must be an int of 1 or more, was 0"), ({"n_envs": 2.5}, "check: n_envs must be an int"),
    ({"seed": -1}, "check: seed must be an int of 0 or more, was -1"), ({"seed": None}, "check: seed must be an int"),
    ({"checks": "spaces"}, "check: checks must be a sequence of names, such as .'spaces'., or None for all, was 'spaces'"),
    ({"checks": []}, "check: checks must be a sequence of names"),
])
def test_what_is_asked_for_wrongly_is_refused(given, says):
    with pytest.raises(ConfigError, match=says):
        check("CartPole-v1", **given)


@pytest.mark.parametrize(("name", "says"), [
    ("quantgym/Tradng-v0", "Did you mean: `Trading`"), ("CartPol-v1", "Did you mean: `CartPole`"),
])
def test_a_misspelt_id_is_refused_with_a_suggestion(name, says):
    with pytest.raises(gymnasium.error.NameNotFound, match=says):
        check(name)


class TakesNothing(TradingVectorEnv):
    def __init__(self):
        super().__init__(TAPE)


def test_what_cannot_be_built_again_is_refused():
    with pytest.raises(ConfigError, match="TakesNothing cannot be built again from the arguments of TradingVectorEnv"):
        check(TakesNothing())


def test_it_is_loaded_when_it_is_asked_for():
    code = ("import sys, quantgym.envs; print('quantgym.envs.check' in sys.modules, 'numba' in sys.modules); "
            "quantgym.envs.check; print('quantgym.envs.check' in sys.modules, callable(quantgym.envs.check))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "True"]
    with pytest.raises(AttributeError, match="has no attribute 'chekc'"):
        quantgym.envs.chekc  # noqa: B018
