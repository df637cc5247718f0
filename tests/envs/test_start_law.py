"""Episodes over several stretches and tapes, by weights, by regime, at rows that were named."""

import numpy as np
import pytest

from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.table import FeatureTable
from quantgym.envs.start import EpisodeStarts, StartSettings
from quantgym.envs.stream import Streams
from quantgym.market.errors import ConfigError, DataError, ShapeError, UnknownNameError

TWO = np.array([[0, 10], [10, 40]])  # a tape of 10 rows and one of 30


def streams(n):
    made = Streams(n)
    made.seed(0, np.ones(n, bool))
    return made


def starts_of(n=4_000, rows=TWO, start="random", bars=4, history=1, **settings):
    starts = EpisodeStarts(n, rows, start=start, episode_bars=bars, history=history, **settings)
    return starts.draw(np.arange(n), streams(n))


def share(mask):
    return float(np.mean(mask))


def posterior(n_rows=40):
    """Calm in rows 0-29, wild in 30-39 (of the second tape)."""
    wild = (np.arange(n_rows) >= 30).astype(np.float32)
    columns = tuple(Column(name, "probability", 0.0, 1.0) for name in ("calm", "wild", "mad"))
    return FeatureTable(np.stack([1 - wild, wild, 0 * wild], axis=1).astype(np.float32), Layout(("S",), columns))


def test_no_episode_crosses_the_end_of_a_tape_and_every_row_that_has_room_is_used():
    first, last = starts_of(segments=TWO)
    # 4 bars need 5 rows: 0..5 of the first tape, 10..35 of the second
    assert set(first.tolist()) == {*range(6), *range(10, 36)}
    assert ((first < 10) == (last < 10)).all()
    assert share(first < 10) == pytest.approx(6 / 32, abs=0.02)


def test_the_window_never_looks_back_into_the_tape_before():
    first, _ = starts_of(segments=TWO, history=3)
    assert set(first.tolist()) == {*range(2, 6), *range(12, 36)}


def test_a_purge_gap_is_never_touched():
    first, last = starts_of(rows=np.array([[20, 30], [0, 10]]))
    assert set(first.tolist()) == {*range(6), *range(20, 26)}
    assert not ((first < 10) & (last >= 10)).any()


def test_tapes_are_drawn_by_weight():
    first, _ = starts_of(segments=TWO, weights=np.array([3.0, 1.0]))
    assert share(first < 10) == pytest.approx(0.75, abs=0.03)
    assert set(first.tolist()) == {*range(6), *range(10, 36)}
    only, _ = starts_of(segments=TWO, weights=np.array([0.0, 1.0]))
    assert only.min() == 10


def test_a_sub_environment_starts_where_it_would_alone():
    many = EpisodeStarts(7, TWO, segments=TWO, weights=np.array([1.0, 2.0]), start="random", episode_bars=4, history=1)
    one = EpisodeStarts(7, TWO, segments=TWO, weights=np.array([1.0, 2.0]), start="random", episode_bars=4, history=1)
    together, alone = streams(7), streams(7)
    for _ in range(20):
        assert many.draw(np.arange(7), together)[0][3] == one.draw(np.array([3]), alone)[0][0]


def test_sequential_goes_through_the_tapes_in_order_and_its_place_can_be_kept():
    rows = np.array([[0, 10], [10, 18]])
    starts = EpisodeStarts(1, rows, segments=rows, start="sequential", episode_bars=3, history=2)
    drawn = [tuple(int(x[0]) for x in starts.draw(np.array([0]), streams(1))) for _ in range(4)]
    # rows 1..9 hold 1-4, 4-7; rows 11..17 hold 11-14, 14-17
    assert drawn == [(1, 4), (4, 7), (11, 14), (14, 17)]
    state = starts.state()
    assert starts.draw(np.array([0]), streams(1))[0] == 1
    starts.draw(np.array([0]), streams(1))
    starts.load(state)
    assert starts.draw(np.array([0]), streams(1))[0] == 1


def test_regimes_are_drawn_equally_however_rare_they_are():
    first, last = starts_of(segments=TWO, start={"kind": "regime", "columns": ["calm", "wild"]}, table=posterior())
    # starts of wild rows are 30..35
    assert share(first >= 30) == pytest.approx(0.5, abs=0.03)
    assert set(first[first >= 30].tolist()) == set(range(30, 36))
    assert (last == first + 4).all()


def test_regimes_have_weights_and_tapes_within_them_too():
    law = {"kind": "regime", "columns": ["calm", "wild"], "weights": {"wild": 3}}
    first, _ = starts_of(segments=TWO, start=law, table=posterior(), weights=np.array([4.0, 1.0]))
    assert share(first >= 30) == pytest.approx(0.75, abs=0.03)
    calm = first[first < 30]
    assert share(calm < 10) == pytest.approx(0.8, abs=0.04)  # the second tape alone is wild


def test_named_rows_are_the_only_starts():
    first, _ = starts_of(segments=TWO, start={"kind": "rows", "rows": [3, 12, 12]})
    assert set(first.tolist()) == {3, 12}
    assert share(first == 12) == pytest.approx(2 / 3, abs=0.03)


@pytest.mark.parametrize(("start", "says"), [
    ("regmie", "was 'regmie'; did you mean regime"),
    ({"columns": []}, "start needs a kind"),
    ({"kind": "regime"}, "start.columns of kind regime must name two or more different market columns, was None"),
    ({"kind": "regime", "columns": ["a", "a"]}, "two or more different"),
    ({"kind": "regime", "colums": ["a", "b"]}, "unknown setting start.colums of kind regime; did you mean columns"),
    ({"kind": "regime", "columns": ["a", "b"], "weights": {"a": -1}}, "start.weights.a must be finite and not negative, was -1"),
    ({"kind": "regime", "columns": ["calm", "wild"], "weights": {"clam": 1}}, "did you mean calm"),
    ({"kind": "rows", "rows": [1.5]}, "start.rows of kind rows must be one or more rows"),
    ({"kind": "regime", "columns": ["a", "b"], "weights": {"a": 1e308, "b": 1e308}}, "start.weights must add up to a finite"),
    ({"kind": "rows", "rows": [10**30]}, "start.rows of kind rows must be one or more rows"),
    ({"kind": "first", "rows": [1]}, "unknown setting start.rows of kind first; first has no settings"),
    (7, "start needs a kind, such as {kind: random}, was 7"),
])  # fmt: skip
def test_wrong_settings_are_refused(start, says):
    with pytest.raises(ConfigError, match=says):
        StartSettings.of(start)


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"start": {"kind": "regime", "columns": ["calm", "wild"]}}, ConfigError, "needs features"),
    ({"start": {"kind": "regime", "columns": ["calm", "wilt"]}, "table": posterior()}, UnknownNameError, "did you mean wild"),
    ({"start": {"kind": "regime", "columns": ["calm", "mad"], "weights": {"mad": 1}}, "table": posterior()}, DataError,
     "start.weights.mad: no row"),
    ({"start": {"kind": "regime", "columns": ["calm", "wild"], "weights": {"wild": 1}}, "weights": np.array([1.0, 0.0]),
      "table": posterior()}, ConfigError, "start.weights.wild: .* only on tapes whose weight is 0"),
    ({"start": {"kind": "rows", "rows": [3, 6]}}, DataError, "start.rows: no whole episode fits at row 6"),
    ({"start": {"kind": "rows", "rows": [3]}, "weights": np.ones(2)}, ConfigError, "leave tape_weights out"),
    ({"start": "first", "weights": np.ones(2)}, ConfigError, "tape_weights go with random and regime starts"),
    ({"weights": np.ones(3)}, ShapeError, "one for each of 2 tapes"),
    ({"weights": np.array([0.0, 0.0])}, ConfigError, "one of them positive"),
    ({"weights": np.array([1e308, 1e308])}, ConfigError, "add up to a finite number"),
    ({"rows": np.array([[0, 20]])}, DataError, r"rows \[0, 20\] cross the end of a tape"),
    ({"rows": np.array([[0, 8], [5, 10]])}, DataError, r"do not overlap, was \[0, 8\] before \[5, 10\]"),
    ({"bars": 10}, DataError, "tape 0 of the pool has no room for an episode of 10 bars"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(settings, error, says):
    with pytest.raises(error, match=says):
        starts_of(n=1, segments=TWO, **settings)
