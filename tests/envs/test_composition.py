"""Every reward, private part and action scheme with every environment: it plays, or is refused when the environment is made."""

import json

import gymnasium as gym
import numpy as np
import pytest

import quantgym  # noqa: F401 (registers the ids)
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.parts.registry import PARTS
from quantgym.envs.rewards.differential import DifferentialSettings
from quantgym.envs.rewards.execution_cost import ExecutionCostSettings
from quantgym.envs.rewards.gross_minus_cost import GrossMinusCostSettings
from quantgym.envs.rewards.penalty import PenaltySettings
from quantgym.envs.rewards.registry import REWARDS
from quantgym.envs.tasks.child_order import CHILD_SCHEMES
from quantgym.envs.tasks.choice import CHOICE_SCHEMES
from quantgym.envs.tasks.written_option import HedgeReward
from quantgym.market.actions.registry import SCHEMES
from quantgym.market.errors import ConfigError, QuantgymError

ONE, SEVERAL = gbm_tape(1, 160, 1), gbm_tape(2, 160, 2)
QUOTED = {"matching": "intensity"}
WORLDS = {
    "Trading-v0": (ONE, {}), "Portfolio-v0": (SEVERAL, {}), "Execution-v0": (ONE, {}), "MarketMaking-v0": (ONE, {}),
    "MarketMaking-v0 by intensity": (ONE, QUOTED), "StrategySelection-v0": (SEVERAL, {"strategies": ["cash", "hold"]}),
    "OptionHedging-v0": (ONE, {}),
}  # fmt: skip
REWARDED = [{"kind": name, **({"risk_aversion": 1e-4} if name == "exponential_utility" else {})} for name in REWARDS]
ACTIONS = [*SCHEMES, *CHILD_SCHEMES, *CHOICE_SCHEMES, "hedge"]
CHOICES = [("reward", one) for one in REWARDED] + [("private", [one]) for one in PARTS] + [("action", one) for one in ACTIONS]


def made(world, **settings):
    tape, own = WORLDS[world]
    return gym.make_vec(f"quantgym/{world.split()[0]}", num_envs=2, tape=tape, episode_bars=4, **own, **settings)


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_made_plays_over_ends_of_episodes_and_what_cannot_play_is_not_made(world):
    played = 0
    for option, value in CHOICES:
        try:
            envs = made(world, **{option: value})
        except QuantgymError:
            continue
        envs.reset(seed=0)
        envs.action_space.seed(0)
        for _ in range(6):
            seen, rewards, *_ = envs.step(envs.action_space.sample())
            assert np.isfinite(seen).all(), (option, value)
            assert np.isfinite(rewards).all(), (option, value)
        played += 1
    assert played >= 4


@pytest.mark.parametrize("reward", ["mean_variance", "execution_cost", ["log_return", {"kind": "mean_variance", "scale": 2.0}]])
def test_a_reward_in_units_of_one_price_is_refused_where_several_assets_are_traded(reward):
    for world in ("Portfolio-v0", "StrategySelection-v0"):
        with pytest.raises(ConfigError, match=r"counts in units of the price of one asset; it needs .*, this one trades 2"):
            made(world, reward=reward)
    made("Trading-v0", reward=reward).reset(seed=0)


@pytest.mark.parametrize("reward", ["implementation_shortfall", ["log_return", "implementation_shortfall"]])
def test_a_shortfall_is_refused_where_no_order_is_executed(reward):
    with pytest.raises(ConfigError, match="implementation_shortfall needs a parent order, which quantgym/Execution-v0 has alone"):
        made("Trading-v0", reward=reward)
    made("Execution-v0", reward=reward).reset(seed=0)


def test_the_reward_of_a_hedge_is_refused_where_no_option_is_written():
    with pytest.raises(ConfigError, match="HedgeReward pays in environments that write an option alone"):
        made("Trading-v0", reward=HedgeReward(1.0))


@pytest.mark.parametrize("world", WORLDS)
def test_the_settings_of_every_action_are_data_and_make_it_again(world):
    envs = made(world)
    settings = json.loads(json.dumps(envs.unwrapped.scheme.plain()))
    assert "task" not in settings
    assert made(world, action=settings).unwrapped.scheme.plain() == settings


@pytest.mark.parametrize("private", [1, 0.5, True, {1}, float("nan")])
def test_private_parts_are_named(private):
    with pytest.raises(ConfigError, match="private must name parts, was"):
        made("Trading-v0", private=private)


@pytest.mark.parametrize(("world", "settings", "says"), [
    ("StrategySelection-v0", {"strategies": 3}, "strategies must be a list of names, arrays by name or one array, was 3"),
    ("StrategySelection-v0", {"strategies": "cash"}, "strategies must be a list of names, arrays by name or one array, was 'cash'"),
    ("Execution-v0", {"action": {"kind": []}}, "unknown action scheme of Execution-v0"),
    ("OptionHedging-v0", {"risk": "x"}, "risk must be finite and not negative, was 'x'"),
    ("OptionHedging-v0", {"share": None}, r"share must lie in \(0, 1\], was None"),
    ("OptionHedging-v0", {"share": True}, r"share must lie in \(0, 1\], was True"),
    ("OptionHedging-v0", {"implied_volatility": None}, "implied_volatility must be positive and finite, was None"),
    ("OptionHedging-v0", {"implied_volatility": "realized"}, "was 'realized'; did you mean realised"),
    ("OptionHedging-v0", {"action": {"kind": "hedge", "x": 1}}, "decides on the hedge ratio, action was .*; leave action out"),
    ("MarketMaking-v0", {"arrivals": True}, "arrivals must be positive and finite, was True"),
])  # fmt: skip
def test_values_of_another_type_are_refused_by_name(world, settings, says):
    tape, own = WORLDS[world]
    with pytest.raises(ConfigError, match=says):
        gym.make_vec(f"quantgym/{world}", num_envs=2, tape=tape, episode_bars=4, **{**own, **settings})


@pytest.mark.parametrize(("settings", "name"), [
    (PenaltySettings, "weight"), (PenaltySettings, "power"),
    (GrossMinusCostSettings, "cost_weight"), (ExecutionCostSettings, "units"),
    (DifferentialSettings, "clip"), (DifferentialSettings, "adaptation_rate"), (DifferentialSettings, "warmup_bars"),
])  # fmt: skip
def test_settings_of_rewards_are_numbers_where_they_are_made_in_python_too(settings, name):
    for value in ("1", None, [], True, float("nan")):
        with pytest.raises(ConfigError, match=name):
            settings(**{name: value})
