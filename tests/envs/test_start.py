import numpy as np
import pytest

from quantgym.envs.start import EpisodeStarts
from quantgym.envs.stream import Streams
from quantgym.market.errors import ConfigError, DataError


def streams(n):
    made = Streams(n)
    made.seed(0, np.ones(n, bool))
    return made


def test_random_episodes_lie_inside_the_rows_and_use_all_of_them():
    starts = EpisodeStarts(1, (10, 20), start="random", episode_bars=4, history=1)
    source, one = streams(1), np.array([0])
    drawn = [starts.draw(one, source) for _ in range(300)]
    # rows 10..19: an episode of 4 bars starts at 10..15 and ends at 14..19
    assert {int(first[0]) for first, _ in drawn} == {10, 11, 12, 13, 14, 15}
    assert all(last[0] == first[0] + 4 for first, last in drawn)


def test_the_window_may_look_back_before_the_rows_but_not_before_the_tape():
    reaching_back = EpisodeStarts(1, (10, 20), start="first", episode_bars=None, history=5)
    at_the_start = EpisodeStarts(1, (0, 20), start="first", episode_bars=None, history=5)
    assert reaching_back.draw(np.array([0]), streams(1))[0] == 10
    assert at_the_start.draw(np.array([0]), streams(1))[0] == 4  # rows 0..4 are one window of 5


def test_sequential_episodes_follow_each_other_and_begin_again():
    starts = EpisodeStarts(1, (0, 10), start="sequential", episode_bars=3, history=1)
    drawn = [tuple(int(x[0]) for x in starts.draw(np.array([0]), streams(1))) for _ in range(4)]
    # the last row is 9: 0-3, 3-6, 6-9, then no room for another three bars
    assert drawn == [(0, 3), (3, 6), (6, 9), (0, 3)]


def test_without_a_length_an_episode_runs_to_the_last_row():
    starts = EpisodeStarts(2, (0, 10), start="random", episode_bars=None, history=1)
    first, last = starts.draw(np.array([0, 1]), streams(2))
    assert (last == 9).all()
    assert (first < 9).all()


def test_a_tape_too_short_is_refused_with_the_cure():
    EpisodeStarts(1, (0, 6), start="random", episode_bars=5, history=1)
    with pytest.raises(DataError, match=r"tape too short: rows 0 to 6 hold 4 bars .* an episode needs 5; use more rows"):
        EpisodeStarts(1, (0, 6), start="random", episode_bars=5, history=2)


def test_an_unknown_start_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="was 'randon'; did you mean random"):
        EpisodeStarts(1, (0, 6), start="randon", episode_bars=5, history=1)


def test_the_rows_of_a_seed_are_those_of_a_plain_uniform_draw():
    starts = EpisodeStarts(3, (10, 20), start="random", episode_bars=4, history=1)
    uniform = streams(3).uniform(np.arange(3))
    # six possible starts, 10..15: the formula by which episodes were drawn before there were laws
    assert starts.draw(np.arange(3), streams(3))[0].tolist() == (10 + (uniform * 6).astype(np.int64)).tolist()
