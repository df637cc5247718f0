"""stable-baselines3 over the native batch gets what it gets from single environments, and learns."""

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import quantgym  # noqa: F401
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.registration import IDS
from quantgym.envs.sb3 import BatchVecEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

TAPE = gbm_tape(0, 300)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.filterwarnings("ignore")
def test_its_checker_passes_every_id(name):
    check_env(gymnasium.make(name).unwrapped)


@pytest.mark.parametrize(("name", "settings"), [*((name, {}) for name in IDS), ("quantgym/Portfolio-v0", {"observation": "dict"})])
def test_the_batch_gives_what_single_environments_give(name, settings):
    batch = BatchVecEnv(gymnasium.make_vec(name, num_envs=3, **settings))
    ones = DummyVecEnv([lambda: gymnasium.make(name, **settings)] * 3)
    for made in (batch, ones):
        made.seed(5)
    same(batch.reset(), ones.reset())
    batch.action_space.seed(0)
    for _ in range(12):
        actions = np.stack([batch.action_space.sample() for _ in range(3)])
        mine, theirs = batch.step(actions), ones.step(actions)
        same(mine[0], theirs[0])
        assert (mine[1].dtype, mine[1].tobytes()) == (np.float32, theirs[1].tobytes())
        assert mine[2].tolist() == theirs[2].tolist()


def same(mine, theirs):
    if isinstance(mine, dict):
        assert mine.keys() == theirs.keys()
        for key in mine:
            same(mine[key], theirs[key])
    else:
        assert (mine.dtype, mine.tobytes()) == (theirs.dtype, theirs.tobytes())


def test_ends_carry_the_true_last_observation_and_say_whether_they_are_truncations():
    settings = {"episode_bars": 3, "start": "first", "costs": CostSettings(ruin_equity_fraction=0.9999)}
    batch = BatchVecEnv(TradingVectorEnv(TAPE, num_envs=2, **settings))
    ones = DummyVecEnv([lambda: gymnasium.make("quantgym/Trading-v0", tape=TAPE, **settings)] * 2)
    batch.seed(1)
    ones.seed(1)
    batch.reset()
    ones.reset()
    kinds = set()
    for _ in range(9):
        actions = np.array([1, 2])  # one buys half and is ruined by its fees, the other holds to the end
        (_, _, done, infos), (_, _, _, expected) = batch.step(actions), ones.step(actions)
        for e in range(2):
            if not done[e]:
                assert infos[e] == {}
                continue
            assert infos[e]["terminal_observation"].tobytes() == expected[e]["terminal_observation"].tobytes()
            assert infos[e]["equity"] == expected[e]["equity"]
            kinds.add((e, infos[e]["TimeLimit.truncated"]))
            assert infos[e]["TimeLimit.truncated"] == expected[e]["TimeLimit.truncated"]
    assert kinds == {(0, False), (1, True)}


def test_seeds_are_used_once():
    batch = BatchVecEnv(TradingVectorEnv(TAPE, num_envs=2, episode_bars=4))
    batch.seed(3)
    first, second = batch.reset(), batch.reset()
    assert first.tobytes() != second.tobytes()
    batch.seed(3)
    assert batch.reset().tobytes() == first.tobytes()


def test_ppo_learns_a_few_updates():
    torch.set_num_threads(1)
    vec = VecMonitor(BatchVecEnv(gymnasium.make_vec("quantgym/Leak-v0", num_envs=16)))
    model = PPO("MlpPolicy", vec, n_steps=64, batch_size=256, n_epochs=4, learning_rate=3e-3, gamma=0.0, seed=0, device="cpu")
    before = per_step(model)
    model.learn(4 * 16 * 64)
    assert len(model.ep_info_buffer) >= 16
    # the optimum earns 0.8 % a bar, a random policy 0
    assert per_step(model) > max(before, 0.0) + 0.003


def per_step(model):
    envs = gymnasium.make_vec("quantgym/Leak-v0", num_envs=64)
    seen, _ = envs.reset(seed=9)
    paid = 0.0
    for _ in range(60):
        seen, rewards, *_ = envs.step(model.predict(seen, deterministic=True)[0])
        paid += rewards.mean() / 60
    return paid


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="needs autoreset mode SAME_STEP, the batch has NEXT_STEP"):
        BatchVecEnv(TradingVectorEnv(TAPE, autoreset_mode="next_step"))
    batch = BatchVecEnv(TradingVectorEnv(TAPE, num_envs=2, render_mode="rgb_array"))
    with pytest.raises(ConfigError, match="no single environments to call seed_everything on"):
        batch.env_method("seed_everything")
    with pytest.raises(ConfigError, match="whole batch of 2, cannot be set for 0 alone"):
        batch.set_attr("note", 1, indices=0)
    batch.set_attr("note", 1)
    assert batch.get_attr("note") == [1, 1]
    assert batch.env_is_wrapped(VecMonitor, indices=[0]) == [False]
    batch.set_options([{"reset_mask": np.ones(2, bool)}, {}])
    with pytest.raises(ConfigError, match="one set of reset options"):
        batch.reset()
    batch.set_options({})
    batch.reset()
    assert [picture.shape for picture in batch.get_images()] == [(480, 640, 3)] * 2
    batch.close()
