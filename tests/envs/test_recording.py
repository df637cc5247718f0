"""Recordings hold what was played, appear whole or not at all, and cost nothing when nobody records."""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import polars as pl
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.info import ATTRIBUTION
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.recording import read_episode, record_episodes, recorded_episodes
from quantgym.market.errors import ConfigError, IntegrityError

TAPE = gbm_tape(0, 200)
BUY_HALF, HOLD, CLOSE = 1, 2, 5


def env(**settings):
    given = {"num_envs": 3, "episode_bars": 4, "record_fills": True, "info": ("equity", "attribution")}
    return TradingVectorEnv(TAPE, **{**given, **settings})


@pytest.mark.parametrize("mode", ["same_step", "next_step", "disabled"])
def test_an_episode_is_read_back_as_it_was_played(tmp_path, mode):
    made = env(autoreset_mode=mode, window=2)
    record_episodes(made, tmp_path, envs=(0, 2))
    seen, _ = made.reset(seed=0)
    observations, rewards, equities, lines, fills = [seen[2].copy()], [], [], [], []
    for action in (BUY_HALF, HOLD, HOLD, CLOSE):
        row = made.books.rows[2]
        seen, paid, _, truncated, info = made.step(np.full(3, action))
        last = info.get("final_info", info)
        observations.append(info["final_obs"][2].copy() if "final_obs" in info else seen[2].copy())
        rewards.append(paid[2])
        equities.append(last["equity"][2])
        lines.append(last["attribution"][2].copy())
        fills.append(row)
    assert truncated.all()
    first, second = recorded_episodes(tmp_path)
    assert (first.name, second.name) == ("env0000-episode000000", "env0002-episode000000")
    played = read_episode(second)
    steps, names = played.steps, made.layout.names
    shown = [*(f"obs.{name}[-1]" for name in names), *(f"obs.{name}" for name in names)]
    shown += [f"obs.{column.name}" for column in made.layout.private]
    assert np.array_equal(steps.select(shown).to_numpy(), np.array(observations))
    assert steps["action"].to_list() == [BUY_HALF, HOLD, HOLD, CLOSE, None]
    assert steps["reward"].to_list() == [*rewards, None]
    assert steps["equity"].to_list() == [*equities, None]
    assert np.array_equal(steps.select(ATTRIBUTION).to_numpy()[:4], np.array(lines))
    assert steps["truncated"].to_list() == [False, False, False, True, None]
    assert steps["row"].to_list() == list(range(fills[0], fills[0] + 5))
    assert steps["time"].dt.epoch("ns").to_list() == TAPE.close_at[fills[0] : fills[0] + 5].tolist()
    assert played.fills["row"].to_list() == [fills[0] + 1, fills[0] + 4]
    assert played.fills["symbol"].to_list() == ["S0", "S0"]
    assert steps["units.S0"].to_list()[0] == played.fills["units"].to_list()[0]
    assert (played.about["ended"], played.about["env"], played.about["sub_environment"]) == (True, "Trading-v0", 2)


@pytest.mark.parametrize("mode", ["same_step", "next_step"])
def test_one_episode_follows_another_and_what_runs_at_close_is_cut_short(tmp_path, mode):
    made = env(autoreset_mode=mode)
    recorder = record_episodes(made, tmp_path)
    made.reset(seed=0)
    for _ in range(10 if mode == "same_step" else 12):
        made.step(np.full(3, HOLD))
    recorder.close()
    made.step(np.full(3, HOLD))
    found = [read_episode(path) for path in recorded_episodes(tmp_path)]
    assert [len(one.steps) for one in found] == [5, 5, 2]  # the third: two decisions, no last observation
    assert [one.about["ended"] for one in found] == [True, True, False]
    assert made.watchers == []


@pytest.mark.parametrize("mode", ["same_step", "next_step"])
def test_what_the_caller_writes_into_observations_is_not_recorded(tmp_path, mode):
    for folder, scribbles in ((tmp_path / "read", False), (tmp_path / "written", True)):
        made = env(autoreset_mode=mode)
        record_episodes(made, folder)
        seen, _ = made.reset(seed=0)
        for _ in range(12):
            if scribbles:
                seen[:] = 77.0
            seen, *_ = made.step(np.full(3, BUY_HALF))
    for path in recorded_episodes(tmp_path / "read"):
        assert read_episode(tmp_path / "written" / path.name).steps.equals(read_episode(path).steps)


def test_a_reset_in_the_middle_cuts_short_and_later_recordings_go_on_counting(tmp_path):
    for _ in range(2):
        made = env()
        record_episodes(made, tmp_path)
        made.reset(seed=0)
        made.step(np.full(3, HOLD))
        made.reset(seed=0)
    assert [path.name[-1] for path in recorded_episodes(tmp_path)] == ["0", "1"]


@pytest.mark.parametrize("form", ["dict", "reference"])
def test_other_forms_are_recorded_by_the_numbers_they_hold(tmp_path, form):
    made = PortfolioVectorEnv(gbm_tape(0, 200, 2), num_envs=1, episode_bars=3, observation=form, record_fills=True)
    record_episodes(made, tmp_path)
    made.reset(seed=0)
    made.action_space.seed(0)
    for _ in range(3):
        made.step(made.action_space.sample())
    steps = read_episode(recorded_episodes(tmp_path)[0]).steps
    assert {"action.0", "action.1", "action.2"} <= set(steps.columns)
    if form == "reference":
        assert (steps["obs.row_page"] * 4096 + steps["obs.row_in_page"]).to_list() == steps["row"].to_list()
    else:
        assert steps["obs.cash_fraction"][0] == 1.0


def test_a_single_environment_is_recorded_and_plays_as_if_it_were_not(tmp_path):
    plain, recorded = (gymnasium.make("quantgym/Execution-v0", episode_bars=3, record_fills=kept) for kept in (False, True))
    record_episodes(recorded, tmp_path)
    seen = [one.reset(seed=3)[0].tobytes() for one in (plain, recorded)]
    for _ in range(3):
        assert seen[0] == seen[1]
        seen = [one.step(np.array([-0.5, -1.0], np.float32))[0].tobytes() for one in (plain, recorded)]
    assert len(recorded_episodes(tmp_path)) == 1


def test_what_a_kill_leaves_behind_is_no_episode(tmp_path):
    program = f"""
import os
import numpy as np
import polars as pl
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.recording import record_episodes
env = TradingVectorEnv(gbm_tape(0, 200), episode_bars=2, record_fills=True)
record_episodes(env, {str(tmp_path)!r})
env.reset(seed=0)
def killed(frame, path):
    path.write_bytes(b"half")
    os._exit(9)
for step in range(4):
    if step == 3:
        pl.DataFrame.write_parquet = killed
    env.step(np.array([1]))
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    assert [path.name for path in recorded_episodes(tmp_path)] == ["env0000-episode000000"]
    assert len(read_episode(recorded_episodes(tmp_path)[0]).steps) == 3


def test_nothing_looks_on_unless_asked():
    assert env(record_fills=False).watchers == []
    assert env(record_fills=False).simulator.fills.shape == (3, 0)


def test_wrong_recordings_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="needs the fills of its steps; make it with record_fills=True"):
        record_episodes(env(record_fills=False), tmp_path)
    with pytest.raises(ConfigError, match=r"envs must be indices from 0 to 2, was .3."):
        record_episodes(env(), tmp_path, envs=[3])
    with pytest.raises(ConfigError, match="needs an environment of quantgym, was CartPoleEnv"):
        record_episodes(gymnasium.make("CartPole-v1"), tmp_path)
    with pytest.raises(IntegrityError, match="cannot be read"):
        read_episode(tmp_path / "none")
    (tmp_path / "old").mkdir()
    for name in ("steps", "fills"):
        pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "old" / f"{name}.parquet")
    (tmp_path / "old" / "episode.json").write_text(json.dumps({"version": 7}))
    with pytest.raises(IntegrityError, match="must be of version 1, was 7"):
        read_episode(tmp_path / "old")
