"""Environments and wrappers of Gymnasium's own, which are right: the checker accuses none of them."""

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from quantgym.envs.check import check
from quantgym.envs.check.examination import CHECKS
from quantgym.market.errors import IntegrityError


def pole():
    return gymnasium.make("CartPole-v1")


def rows(kind, **settings):
    return lambda num_envs: SyncVectorEnv([lambda: gymnasium.make(kind)] * num_envs, **settings)


@pytest.mark.parametrize("env", [
    lambda: wrappers.FrameStackObservation(pole(), 4), lambda: wrappers.TimeLimit(pole(), 13),
    lambda: wrappers.RecordEpisodeStatistics(pole()), lambda: wrappers.StickyAction(pole(), 0.25), "Blackjack-v1",
    lambda: wrappers.DtypeObservation(wrappers.ClipReward(pole(), -1.0, 0.5), np.float64), rows("CartPole-v1"),
    rows("CartPole-v1", autoreset_mode=AutoresetMode.SAME_STEP), rows("CartPole-v1", autoreset_mode=AutoresetMode.DISABLED),
    rows("Blackjack-v1"),
    lambda num_envs: wrappers.vector.RecordEpisodeStatistics(rows("CartPole-v1")(num_envs)),
    wrappers.FrameStackObservation(pole(), 2), gymnasium.make_vec("CartPole-v1", num_envs=3, vectorization_mode="sync"),
    gymnasium.make_vec("CartPole-v1", num_envs=3),
])
def test_it_is_not_accused(env):
    quick = [name for name in CHECKS if name not in ("memory", "time")]
    assert {"spaces", "shared memory", "seeding", "bad actions", "new episode"} <= set(check(env, n_envs=3, checks=quick).passed)


def test_what_takes_any_action_is_right_in_all_else():
    others = [name for name in CHECKS if name not in ("bad actions", "time", "memory")]
    limited = lambda: gymnasium.make("Pendulum-v1", max_episode_steps=12)  # noqa: E731 (one line)
    assert {"spaces", "seeding", "single"} <= set(check(limited, n_envs=2, checks=others).passed)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_batch_whose_processes_end_at_errors_is_not_accused_of_it():
    report = check(lambda num_envs: AsyncVectorEnv([pole] * num_envs), n_envs=2, checks=["bad actions", "out of turn"])
    assert report.passed == ("bad actions", "out of turn")


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_with_one_generator_for_all_is_not_accused_of_what_is_drawn_after_the_first_end(seed):
    report = check("CartPole-v1", n_envs=7, seed=seed, checks=["independence"])
    assert report.skipped == ("independence: reset takes no list of seeds, one for each sub-environment",)


def test_wrappers_are_named():
    with pytest.raises(IntegrityError, match=r"^NormalizeObservation\(CartPoleEnv\): seeding: "):
        check(lambda: wrappers.NormalizeObservation(pole()), n_envs=2, checks=["seeding"])
