"""Gymnasium's own checker and its own batches of processes."""

import warnings
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode

import quantgym  # noqa: F401
from quantgym.envs.info import INFOS
from quantgym.envs.registration import IDS
from quantgym.market.account import STEP

REGISTERED = [name for name in gymnasium.registry if name.startswith("quantgym/")]


def test_every_id_of_ours_is_looked_at():
    assert sorted(REGISTERED) == sorted(IDS)


@pytest.mark.parametrize("name", REGISTERED)
def test_its_checker_passes_and_warns_of_nothing_but_taste(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(gymnasium.make(name, disable_env_checker=True).unwrapped)
    texts = [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
    # "not at the env.spec level": unwrapped environments carry the spec of what wrapped them
    taste = ("A Box observation space m", "For Box action spaces, we recommend", "The environment (", "A Box action space")
    assert [text for text in texts if not any(part in text for part in taste)] == []


ALL_INFOS = tuple(dict.fromkeys((*INFOS, *(STEP.names or ()))))
FRICTIONS = {"randomise": {"fees": [0.5, 2.0]}}


@pytest.mark.parametrize(("name", "settings", "without"), [
    ("quantgym/Trading-v0", FRICTIONS, ()), ("quantgym/Portfolio-v0", FRICTIONS, ("action_mask",)),
    ("quantgym/Kelly-v0", {}, ("frictions", "row")),  # paths of its own, drawn; rows say where in the batch they lie
])
def test_spawned_processes_give_what_the_native_batch_gives_for_the_same_seeds(name, settings, without):
    settings = {**settings, "episode_bars": 5, "info": tuple(one for one in ALL_INFOS if one not in without)}
    batch = gymnasium.make_vec(name, num_envs=2, **settings)
    make = partial(gymnasium.make, f"quantgym:{name}", **settings)  # spawned processes import what the id names
    apart = AsyncVectorEnv([make] * 2, context="spawn", autoreset_mode=AutoresetMode.SAME_STEP)
    try:
        mine, info = batch.reset(seed=[11, 4])
        assert set(info) >= set(settings["info"])
        theirs, their_info = apart.reset(seed=[11, 4])
        batch.action_space.seed(0)
        for step in range(12):
            assert mine.tobytes() == theirs.tobytes(), step
            assert values(info) == values(their_info), step
            if step % 5 == 0 and step:
                for e in range(2):
                    assert info["final_obs"][e].tobytes() == their_info["final_obs"][e].tobytes()
                assert values(info["final_info"]) == values(their_info["final_info"])
            actions = batch.action_space.sample()
            mine, rewards, terminated, truncated, info = batch.step(actions)
            theirs, *others, their_info = apart.step(actions)
            assert [one.tobytes() for one in (rewards, terminated, truncated)] == [one.tobytes() for one in others]
    finally:
        apart.close()


def values(info):
    return {name: np.asarray(array).tolist() for name, array in info.items() if not name.startswith(("final", "_final"))}
