"""Every scenario is played by its name: alone, with crashes from half to three times as deep, and all of them as one pool."""

import gymnasium as gym
import numpy as np
import pytest

import quantgym  # noqa: F401 (registers the ids)
from quantgym.data.scenario.registry import SCENARIOS
from quantgym.data.scenario.template import TEMPLATES
from quantgym.envs.features import price_features
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

DRAWN = [f"scenario:{name}?seed=1&n_bars=120" for name in sorted(set(SCENARIOS) - {"bootstrap", "crash"})]
RESAMPLED = "scenario:bootstrap?seed=1&n_bars=120&symbols=[\"IBM\"]"
CRASHES = [f"scenario:crash?template={name}&scale={scale}" for name in TEMPLATES for scale in (0.5, 3)]


def played(tape, n_envs=2, **settings):
    """Return the batch after 25 steps of random actions, checked for finite numbers at each."""
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=n_envs, tape=tape, episode_bars=10, **settings).unwrapped
    envs.reset(seed=0)
    envs.action_space.seed(0)
    for _ in range(25):
        seen, rewards, *_ = envs.step(envs.action_space.sample())
        assert envs.observation_space.contains(seen)
        assert np.isfinite(rewards).all()
    return envs


def test_the_crashes_that_are_named_are_there():
    assert {"2020-03", "2021-05", "2022-11"} <= set(TEMPLATES)
    assert any(name.startswith("2025-10") for name in TEMPLATES)


@pytest.mark.parametrize("tape", [*DRAWN, RESAMPLED, *CRASHES])
def test_it_is_played(tape):
    assert played(tape).world.tape.n_rows >= 25


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_a_crash_costs_who_is_long_its_depth(scale):
    tape = f"scenario:crash?template=2020-03&scale={scale}&n_bars=60&volatility=0.0&row=25&volume_noise=0.0"
    free = CostSettings(sizing_margin=0.0).without_costs()
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=1, tape=tape, rows=(20, 60), start="first", action="positions",
                        episode_bars=None, autoreset_mode="disabled", costs=free, features=price_features).unwrapped  # fmt: skip
    _, info = envs.reset(seed=0)
    began, equities, done = info["equity"][0], [], False
    while not done:
        *_, terminated, truncated, info = envs.step(np.array([1]))
        equities.append(info["equity"][0])
        done = bool(terminated[0] or truncated[0])
    # nothing else moves: equity falls as far as the template's closes, in logs `scale` times as far
    assert np.log(min(equities) / began) == pytest.approx(scale * np.log1p(TEMPLATES["2020-03"].depth), rel=2e-3)


def test_all_of_them_are_one_pool():
    envs = played([*DRAWN, *CRASHES], n_envs=64)
    assert len(envs.world.pool.segments) == len(DRAWN) + len(CRASHES)
    assert len(set(envs.books.episode["segment"].tolist())) > 10


def test_an_unknown_crash_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="did you mean 2020-03"):
        gym.make_vec("quantgym/Trading-v0", num_envs=1, tape="scenario:crash?template=2020-3")


def test_noise_and_missing_bars_are_members_of_a_pool_and_each_is_encoded_once():
    base = "scenario:gbm?seed=1&n_bars=120"
    tapes = [base, f"perturbed:{base}?noise_bp=5&seed=2", f"perturbed:{base}?missing=0.1&seed=3"]
    encoded = []

    def features(tape):
        encoded.append(tape.name)
        return price_features(tape)

    envs = played(tapes, n_envs=32, features=features)
    assert len(encoded) == len(set(encoded)) == 3  # and 25 steps with resets of 32 sub-environments encoded nothing more
    assert set(envs.books.episode["segment"].tolist()) == {0, 1, 2}
