"""The benchmark of the environments compares before it times: a wrong answer has no rate."""

import importlib.util
from pathlib import Path

import gymnasium
import pytest

from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.single import TradingEnv

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "env_rate.py"


@pytest.fixture
def rate():
    spec = importlib.util.spec_from_file_location("env_rate", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.CHECKED_STEPS = 210  # two ends of an episode
    return module


class MoreInACrowd(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, *rest = super().step(actions)
        return seen, rewards + 1e-12 * (self.num_envs > 1), *rest


class OtherStages(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, *rest = super().step(actions)
        return seen, rewards + 1e-12 * (self.fused is None), *rest


class MoreAlone(TradingEnv):
    def step(self, action):
        seen, reward, *rest = super().step(action)
        return seen, reward + 1e-12, *rest


def settings_of(rate):
    return rate.worlds(2_000)["env.trading.features32"][1]


def test_the_right_ones_pass(rate):
    rate.check(TradingVectorEnv, settings_of(rate))
    rate.check(TradingVectorEnv, settings_of(rate), threads=2)
    rate.check_single(settings_of(rate))


@pytest.mark.parametrize(("faulty", "says"), [
    (MoreInACrowd, "sub-environment 0 differs from the same one alone"), (OtherStages, "the batch differs from its stages"),
])  # fmt: skip
def test_a_batch_that_differs_is_not_timed(rate, faulty, says, monkeypatch):
    timed = []
    monkeypatch.setattr(rate, "Batch", lambda *given: timed.append(given))
    monkeypatch.setattr(rate, "worlds", lambda n_bars: {"env.trading.features32": (faulty, settings, 8e6)})
    settings = {"tape": "sample:eurusd-1h"}
    with pytest.raises(AssertionError, match=says):
        next(rate.figures(2_000))
    assert timed == []


def test_a_single_environment_that_differs_is_not_timed(rate, monkeypatch):
    monkeypatch.setattr(gymnasium.registry["quantgym/Trading-v0"], "entry_point", MoreAlone)
    monkeypatch.setattr(rate, "batch_rates", lambda n_bars: pytest.fail("timed"))
    with pytest.raises(AssertionError, match="the single environment differs from a batch of one"):
        next(rate.figures(2_000))
