"""Pictures and tables show what happened, in the size asked for, by the same bytes."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from matplotlib.figure import Figure

from quantgym.data.catalog import open_tape
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.errors import ClosedError
from quantgym.envs.history import Episode
from quantgym.envs.picture import _prices
from quantgym.market.account import FILL
from quantgym.market.errors import ConfigError

TAPE = gbm_tape(0, 300)
SHOWN = {"Trading-v0": {}, "Portfolio-v0": {}, "Execution-v0": {"order": {"side": "sell"}}, "StrategySelection-v0": {}}


def played(name, mode, steps=8, **settings):
    env: Any = gymnasium.make_vec(f"quantgym/{name}", num_envs=2, render_mode=mode, start="first", **SHOWN[name], **settings)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(steps):
        env.step(env.action_space.sample())
    return env


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_has_the_size_asked_for_and_the_same_bytes_every_time(name):
    env = played(name, "rgb_array", render_size=(500, 400))
    first, second = env.render(), env.render()
    assert [frame.shape for frame in first] == [(400, 500, 3)] * 2
    assert [frame.tobytes() for frame in first] == [frame.tobytes() for frame in second]
    assert first[0].tobytes() == played(name, "rgb_array", render_size=(500, 400)).render()[0].tobytes()
    assert first[0].std() > 1.0
    import matplotlib

    with matplotlib.rc_context({"lines.linewidth": 9.0, "axes.facecolor": "red"}):  # a user's own style is no part of it
        assert env.render()[0].tobytes() == first[0].tobytes()


@pytest.mark.parametrize("name", SHOWN)
def test_a_table_names_environment_money_and_costs(name):
    text = played(name, "ansi").render()[0]
    for word in (name, "equity", "cash", "drawdown", "exposure", "costs", "fills"):
        assert word in text


def test_tables_say_how_the_task_stands():
    execution = played("Execution-v0", "ansi").render()[0]
    assert "sell " in execution
    assert " left, shortfall " in execution
    selection: Any = gymnasium.make("quantgym/StrategySelection-v0", render_mode="ansi")
    selection.reset(seed=0)
    assert "follows nothing yet" in selection.render()
    selection.step(1)
    assert "follows hold 100%" in selection.render()


def test_what_a_picture_is_made_of():
    env = TradingVectorEnv(TAPE, num_envs=2, render_mode="rgb_array", start="first")
    env.reset(seed=0)
    for action in (1, 2, 5):  # buy 50 %, hold, close all
        env.step(np.array([action, 2]))
    episode, idle = env._history.of(0), env._history.of(1)
    assert episode.rows.tolist() == [20, 21, 22, 23]
    assert np.sign(episode.fills["lots"]).tolist() == [1, -1]
    assert episode.fills["row"].tolist() == [21, 23]
    assert episode.weights[[0, 3], 0].tolist() == [0.0, 0.0]
    assert 0.4 < episode.weights[1, 0] < 0.6
    assert (np.diff(episode.costs) > 0.0).tolist() == [True, False, True]
    assert (len(idle.fills), idle.costs.tolist()) == (0, [0.0] * 4)


def test_a_split_is_no_fall_in_a_picture_of_several_assets():
    # AAPL splits 2:1 on 2005-02-28: its line stays within 20 % in the weeks around it
    tape = open_tape("sample:us-tech")
    rows, panel = np.arange(20) + tape.row_at("2005-02-14T23:00"), Figure().subplots()
    assert (tape.terms["split"][rows, 0] == 2.0).sum() == 1
    fill = np.zeros(1, FILL)  # ten units of it bought at the last close
    fill["row"], fill["lots"], fill["price"] = rows[-1], 10, tape.close[rows[-1], 0]
    _prices(panel, tape, Episode(rows, np.ones(20), np.zeros((20, 5)), np.zeros(20), fill), {})
    line, bought = panel.get_lines()[:2]
    assert 0.8 < line.get_ydata().min() <= line.get_ydata().max() < 1.2
    assert bought.get_ydata()[0] == pytest.approx(line.get_ydata()[-1])


@pytest.mark.parametrize("size", [(640,), (100, 480), (640, 5_000), "large", (640.0, 480)])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(ConfigError, match="render_size must be"):
        TradingVectorEnv(TAPE, render_size=size)


def test_a_state_goes_from_one_that_draws_to_one_that_does_not():
    drawing, plain = (TradingVectorEnv(TAPE, num_envs=2, render_mode=mode) for mode in ("rgb_array", None))
    drawing.reset(seed=0)
    drawing.step(np.array([1, 0]))
    plain.set_state(drawing.get_state())
    assert plain.step(np.array([5, 1]))[0].tobytes() == drawing.step(np.array([5, 1]))[0].tobytes()


@pytest.mark.parametrize("mode", ["rgb_array", "ansi", None])
def test_nothing_is_shown_after_close(mode):
    batch = TradingVectorEnv(TAPE, num_envs=2, render_mode=mode)
    alone: Any = gymnasium.make("quantgym/Trading-v0", render_mode=mode)
    for env in (batch, alone):
        env.reset(seed=0)
        if mode is not None:
            assert env.render() is not None
        env.close()
        with pytest.raises(ClosedError, match="this Trading-v0 environment is closed; make a new one"):
            env.unwrapped.render()
