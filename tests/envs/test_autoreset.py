"""What happens when episodes end: the three modes, and one environment alone against a batch."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.replay import play
from quantgym.envs.worlds.leak import LeakVectorEnv
from quantgym.market.errors import ConfigError, ShapeError

MAKERS = {
    "trading": lambda **s: TradingVectorEnv(gbm_tape(0, 300), episode_bars=4, reward="differential_sharpe", **s),
    "portfolio": lambda **s: PortfolioVectorEnv(gbm_tape(0, 300, n_assets=3), episode_bars=4, window=3, **s),
    "leak": lambda **s: LeakVectorEnv(episode_bars=4, **s),
}


def sampled(env, n_steps, seed=0):
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(n_steps)]


@pytest.mark.parametrize("world", MAKERS)
def test_a_batch_of_one_equals_its_row_of_a_batch_of_seven(world):
    seven = MAKERS[world](num_envs=7)
    actions = sampled(seven, 15)
    seeds = [100 + e for e in range(7)]
    whole = play(seven, seeds, actions)
    for e in (0, 3, 6):
        alone = play(MAKERS[world](num_envs=1), [seeds[e]], [action[e : e + 1] for action in actions])
        assert alone.difference(whole, [0], [e]) is None


@pytest.mark.parametrize("world", MAKERS)
def test_sub_environments_of_one_seed_do_not_depend_on_the_size_of_the_batch(world):
    small, large = MAKERS[world](num_envs=2), MAKERS[world](num_envs=9)
    actions = sampled(large, 15)
    first = play(small, 7, [action[:2] for action in actions])
    assert first.difference(play(large, 7, actions), slice(None), slice(0, 2)) is None


@pytest.mark.parametrize("world", MAKERS)
def test_same_step_gives_the_true_final_observation_and_the_next_episode_at_once(world):
    batch = MAKERS[world](num_envs=3)
    assert batch.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    actions = sampled(batch, 9)
    by_hand = play(MAKERS[world](num_envs=3, autoreset_mode="disabled"), 0, actions, reset_done=True)
    replay = play(batch, 0, actions)
    for step in range(9):
        ended = step % 4 == 3
        info = replay.infos[step]
        assert replay.truncated[step].tolist() == [ended] * 3
        assert replay.rewards[step].tobytes() == by_hand.rewards[step].tobytes()
        assert ("final_obs" in info) == ended
        if ended:
            assert info["_final_obs"].tolist() == info["_final_info"].tolist() == [True] * 3
            for e in range(3):
                assert info["final_obs"][e].tobytes() == by_hand.observations[step][e].tobytes()
            assert info["final_info"]["equity"].tolist() == by_hand.infos[step]["equity"].tolist()
            assert info["equity"].tolist() == [100_000.0] * 3  # that of the new episode
            assert replay.observations[step].tobytes() != by_hand.observations[step].tobytes()
        else:
            assert replay.observations[step].tobytes() == by_hand.observations[step].tobytes()


def test_only_the_episodes_that_end_are_in_final_obs():
    batch = TradingVectorEnv(gbm_tape(0, 300), num_envs=3, episode_bars=4, autoreset_mode="same_step")
    batch.reset(seed=0)
    for _ in range(2):
        batch.step(np.array([2, 2, 2]))
    batch.reset(options={"reset_mask": np.array([True, False, False])})
    for _ in range(2):
        *_, truncated, info = batch.step(np.array([2, 2, 2]))
    assert truncated.tolist() == [False, True, True]
    assert [seen is None for seen in info["final_obs"]] == [True, False, False]
    assert info["_final_obs"].tolist() == info["final_info"]["_equity"].tolist() == [False, True, True]


@pytest.mark.parametrize("world", MAKERS)
def test_next_step_transitions_equal_those_of_a_hand_written_loop(world):
    batch = MAKERS[world](num_envs=3, autoreset_mode="next_step")
    assert batch.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    actions = sampled(batch, 14)
    replay = play(batch, [5, 6, 7], actions)
    for e in range(3):
        alone = MAKERS[world](num_envs=1, autoreset_mode="disabled")
        seen, _ = alone.reset(seed=[5 + e])
        assert seen[0].tobytes() == replay.first[e].tobytes()
        ended = False
        for step, action in enumerate(actions):
            if ended:  # this step only begins the next episode: its action is ignored, nothing is paid
                seen, _ = alone.reset()
                paid, ended = 0.0, False
            else:
                seen, rewards, terminated, truncated, _ = alone.step(action[e : e + 1])
                paid, ended = rewards[0], bool(terminated[0] or truncated[0])
            assert replay.observations[step][e].tobytes() == seen[0].tobytes()
            assert (replay.rewards[step][e], bool(replay.done(step)[e])) == (paid, ended)


@pytest.mark.parametrize("staged", [False, True], ids=["fused", "staged"])
@pytest.mark.parametrize(("action", "good", "bad"), [
    ("positions", 1, -7), ("exposure", [0.5], [np.nan]), ("weights", [0.5, 0.0], [9.0, np.inf]),
])  # fmt: skip
def test_next_step_judges_no_value_of_a_sub_environment_that_only_begins_anew(action, good, bad, staged):
    settings = {"num_envs": 3, "episode_bars": 4, "autoreset_mode": "next_step", "action": action}
    usual, odd = made = [TradingVectorEnv(gbm_tape(0, 300), **settings) for _ in range(2)]
    for env in made:
        if staged:
            env.fused = None
        env.reset(seed=3)
        env.simulator.desk.episode["last_row"][2] += 2  # the third one plays on while the others begin anew
        for _ in range(4):
            *_, truncated, _ = env.step(np.array([good] * 3))
        assert truncated.tolist() == [True, True, False]
    given = np.array([bad, bad, good])
    kept = given.copy()
    ours, theirs = odd.step(given), usual.step(np.array([good] * 3))
    assert [part.tobytes() for part in ours[:4]] == [part.tobytes() for part in theirs[:4]]
    assert given.tobytes() == kept.tobytes()  # what the caller handed over is the caller's
    assert odd.simulator.account.tobytes() == usual.simulator.account.tobytes()
    with pytest.raises(ConfigError, match=f"action {action}: "):  # all play again
        odd.step(np.array([bad, good, good]))


@pytest.mark.parametrize("staged", [False, True], ids=["fused", "staged"])
def test_next_step_still_judges_who_plays_and_the_form_of_the_whole(staged):
    env = TradingVectorEnv(gbm_tape(0, 300), num_envs=2, episode_bars=4, autoreset_mode="next_step", action="exposure")
    if staged:
        env.fused = None
    env.reset(seed=3)
    env.simulator.desk.episode["last_row"][1] += 2
    for _ in range(4):
        env.step(np.full((2, 1), 0.5))
    with pytest.raises(ConfigError, match=r"was nan at index \[1, 0\]"):
        env.step(np.full((2, 1), np.nan))
    arrays = (np.zeros(2), np.zeros((2, 2)), np.zeros((3, 1)), np.zeros((2, 1), bool), np.zeros((2, 1), complex))
    for wrong in (*arrays, "abc", None, [[1], [2, 3]]):
        with pytest.raises(ShapeError, match="action exposure: must be floats"):
            env.step(wrong)
    assert env.step(np.full((2, 1), 0.5))[1][0] == 0.0


def test_ending_at_different_times_mixes_nothing_up():
    batch = TradingVectorEnv(gbm_tape(0, 60), num_envs=5, episode_bars=None, start="random", autoreset_mode="next_step")
    actions = sampled(batch, 60)
    replay = play(batch, [1, 2, 3, 4, 5], actions)
    ends = np.stack([replay.done(step) for step in range(60)])
    assert len({tuple(np.flatnonzero(ends[:, e])) for e in range(5)}) > 1
    for e in range(5):
        alone = TradingVectorEnv(gbm_tape(0, 60), num_envs=1, episode_bars=None, start="random", autoreset_mode="next_step")
        assert play(alone, [e + 1], [action[e : e + 1] for action in actions]).difference(replay, [0], [e]) is None


def test_sequential_episodes_cover_the_rows():
    batch = TradingVectorEnv(gbm_tape(0, 60), num_envs=1, rows=(25, 46), episode_bars=10, start="sequential")
    batch.reset(seed=0)
    rows = [int(batch.simulator.rows[0])]
    for _ in range(30):
        *_, truncated, _ = batch.step(np.array([2]))
        if truncated[0]:
            rows.append(int(batch.simulator.rows[0]))
    assert rows == [25, 35, 25, 35]


def test_sequential_episodes_begin_again_only_where_a_seed_is_given():
    batch = TradingVectorEnv(gbm_tape(0, 60), num_envs=2, rows=(25, 46), episode_bars=5, start="sequential", info=("row",))
    ones = [TradingVectorEnv(gbm_tape(0, 60), num_envs=1, rows=(25, 46), episode_bars=5, start="sequential", info=("row",))
            for _ in range(2)]

    def rows(*seeds):
        alone = [one.reset(seed=None if seed is None else [seed])[1]["row"][0] for one, seed in zip(ones, seeds, strict=True)]
        together = batch.reset(seed=list(seeds))[1]["row"].tolist()
        assert together == alone
        return together

    assert rows(3, 4) == [25, 25]
    assert rows(None, None) == [30, 30]  # as stable-baselines3 resets
    assert rows(None, 4) == [35, 25]
    assert batch.reset()[1]["row"].tolist() == [40, 30]
    assert batch.reset(seed=1)[1]["row"].tolist() == [25, 25]
