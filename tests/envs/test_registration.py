"""The ids in Gymnasium, and what each makes; checkers and trainers of others are in works_with."""

import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import quantgym  # noqa: F401
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.errors import ClosedError, EpisodeError
from quantgym.envs.registration import IDS
from quantgym.envs.single import SingleEnv
from quantgym.market.errors import ConfigError, ShapeError

EVERY_ID = pytest.mark.parametrize("name", IDS)


@EVERY_ID
def test_make_gives_a_batch_of_one(name):
    env = gymnasium.make(name)
    assert isinstance(env.unwrapped, SingleEnv)
    assert env.unwrapped.batch.num_envs == 1
    assert env.spec is not None
    assert env.spec.id == name


@EVERY_ID
def test_make_vec_gives_the_native_batch(name):
    env = gymnasium.make_vec(name, num_envs=3, episode_bars=10)
    assert isinstance(env, TradingVectorEnv)
    assert (env.num_envs, env.metadata["autoreset_mode"]) == (3, AutoresetMode.SAME_STEP)
    assert gymnasium.make_vec(name, num_envs=3, autoreset_mode="next_step").metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen)
    assert env.spec is not None
    assert env.spec.id == name


@EVERY_ID
@pytest.mark.filterwarnings("ignore")
def test_stable_baselines_trains_on_it_as_it_is(name):
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    model = PPO("MlpPolicy", name, n_steps=64, batch_size=64, n_epochs=2, seed=0, device="cpu")
    before = [weights.detach().clone() for weights in model.policy.parameters()]
    model.learn(256)
    assert model.num_timesteps == 256
    assert any(not torch.equal(old, new) for old, new in zip(before, model.policy.parameters(), strict=True))


@EVERY_ID
def test_one_environment_gives_what_a_batch_gives_for_the_same_seeds(name):
    batch = gymnasium.make_vec(name, num_envs=3, episode_bars=8, autoreset_mode="next_step")
    ones: Any = SyncVectorEnv([lambda: gymnasium.make(name, episode_bars=8)] * 3)  # next step, as Gymnasium has it by default
    mine, info = batch.unwrapped.reset(seed=[4, 5, 6])
    theirs, their_info = ones.reset(seed=[4, 5, 6])
    batch.action_space.seed(0)
    for _ in range(20):
        assert mine.tobytes() == theirs.tobytes()
        assert {name: values.tolist() for name, values in info.items()} == {
            name: values.tolist() for name, values in their_info.items()}
        actions = batch.action_space.sample()
        mine, *flags, info = batch.step(actions)
        theirs, *their_flags, their_info = ones.step(actions)
        assert [flag.tolist() for flag in flags] == [flag.tolist() for flag in their_flags]


@EVERY_ID
def test_observations_of_one_environment_share_no_memory(name):
    env = gymnasium.make(name).unwrapped
    first, _ = env.reset(seed=0)
    kept = first.copy()
    env.action_space.seed(0)
    second, *_ = env.step(env.action_space.sample())
    assert not np.shares_memory(first, second)
    assert np.array_equal(first, kept)


def test_reset_with_a_seed_seeds_and_without_goes_on():
    env = gymnasium.make("quantgym/Trading-v0").unwrapped
    rows = [env.reset(seed=seed)[0].tobytes() for seed in (3, None, None, 3, None, 4)]
    assert rows[0] == rows[3]
    assert rows[1] == rows[4]
    assert len(set(rows)) == 4
    assert env.np_random_seed == 4


def test_the_ids_are_known_whatever_is_imported_first():
    program = "import {0}, {1}; print(sorted(k for k in gymnasium.registry if k.startswith('quantgym/')))"
    for first, second in (("quantgym", "gymnasium"), ("gymnasium", "quantgym")):
        done = subprocess.run([sys.executable, "-c", program.format(first, second)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(sorted(IDS))


def test_registering_imports_nothing_heavy():
    heavy = ("numba", "torch", "pandas", "quantgym.envs.batch")
    program = f"import sys, gymnasium, quantgym; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_id_with_its_module_needs_no_import_of_ours():
    program = "import gymnasium; print(gymnasium.make('quantgym:quantgym/Leak-v0').reset(seed=0)[0].shape)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(8,)"


def test_one_environment_refuses_what_a_batch_refuses():
    env = gymnasium.make("quantgym/Trading-v0", episode_bars=1).unwrapped
    with pytest.raises(EpisodeError, match="call reset"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(ShapeError, match=r"action must have the shape \(\), was \(1,\)"):
        env.step(np.array([0]))
    with pytest.raises(ConfigError, match=r"must lie in \[0, 6\), was 6"):
        env.step(6)
    env.step(0)
    with pytest.raises(EpisodeError):
        env.step(0)
    env.close()
    with pytest.raises(ClosedError):
        env.reset()
    with pytest.raises(ConfigError, match="num_envs is an option of batches"):
        gymnasium.make("quantgym/Trading-v0", num_envs=2)


def test_pictures_and_tables():
    env: Any = gymnasium.make_vec("quantgym/Portfolio-v0", num_envs=2, render_mode="rgb_array")
    with pytest.raises(EpisodeError, match="render needs a running episode"):
        env.render()
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())
    frames = env.render()
    assert [(frame.shape, frame.dtype) for frame in frames] == [((480, 640, 3), np.uint8)] * 2
    assert frames[0].std() > 1.0
    table: Any = gymnasium.make("quantgym/Trading-v0", render_mode="ansi", start="first")
    table.reset(seed=0)
    table.step(1)
    text = table.render()
    assert "equity" in text
    assert "EURUSD" in text
    assert gymnasium.make("quantgym/Trading-v0").unwrapped.render() is None
