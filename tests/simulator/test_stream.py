"""Streams of targets and strategies in Python: the same bytes as the same decisions stepped one by one."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError, UnknownNameError
from quantgym.market.order import OrderState, TimeInForce
from quantgym.simulator.backtest import run_bars
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.strategy import run_strategy
from quantgym.simulator.targets import run_targets

SAME = ("equity", "account", "position", "fills", "records", "refused", "rows")
ALL = ("equity", "steps", "fills")


def draw(*words):
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def held_targets(n, n_assets, seed, low=0):
    """Targets that stand still for a few rows, some of them NaN."""
    generator = draw(seed)
    fresh = generator.random((n, n_assets)) < 0.15
    fresh[0] = True
    values = generator.integers(low, 30, (n, n_assets)) * 1.0
    values[generator.random((n, n_assets)) < 0.1] = np.nan
    rows = np.maximum.accumulate(np.where(fresh, np.arange(n)[:, None], 0), axis=0)
    return np.take_along_axis(values, rows, axis=0)


def stepped(tape, costs, targets, cash=100_000.0):
    """The same decisions, one intent and one step a row."""

    def on_bar(simulator, row):
        for asset, target in enumerate(targets[row]):
            lots = 0 if np.isnan(target) else round(target - simulator.position["units"][0, asset])
            if lots:
                simulator.intents["lots"][0, asset], simulator.intents["tif"][0, asset] = lots, TimeInForce.IOC

    return run_bars(tape, costs, on_bar, cash=cash, rows=(0, len(targets) + 1))


def assert_same(first, second, names=SAME):
    for name in names:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name


@pytest.mark.parametrize("settings", [
    {},
    {"allow_short": True, "max_leverage": 2.0},
    {"cash_interest_rate": 0.03},
    {"participation": 0.00002},
    {"latency_ms": 1.5 * 86_400_000},
    {"account": "reg_t", "max_leverage": 2.0, "allow_short": True},
    {"impact": "transient", "impact_volume": 1e6, "impact_permanent": 0.1},
], ids=lambda settings: next(iter(settings), "plain"))  # fmt: skip
@pytest.mark.parametrize("n_assets", [1, 3])
def test_a_stream_is_the_same_bytes_as_its_decisions_stepped(settings, n_assets):
    tape, costs = gbm_tape(4, n_bars=400, n_assets=n_assets), CostSettings(**settings)
    targets = held_targets(399, n_assets, 1, low=-10 if costs.allow_short else 0)
    slow = stepped(tape, costs, targets)
    assert len(slow.fills) > 20
    assert_same(run_targets(tape, costs, targets, keep=ALL), slow)
    # the quick way over bars in which nothing happens, and nothing kept at all
    assert_same(run_targets(tape, costs, targets), slow, ("equity", "account", "position", "refused", "rows"))
    bare = run_targets(tape, costs, targets, keep=())
    assert_same(bare, slow, ("account", "position", "refused"))
    assert bare.equity.tolist() == [100_000.0, slow.equity[-1]]
    assert bare.rows.tolist() == [0, 399]


def test_halts_terms_and_absence_are_stepped_like_anything_else(scenario):
    tape = scenario.random_tape(draw(8), 200)
    targets = np.floor(held_targets(199, 3, 2) / 10) * 10 * np.array([1.0, 0.1, 5.0])
    lots = np.where(np.isnan(targets), np.nan, targets / np.array([1.0, 0.1, 5.0]))
    costs = CostSettings()

    def on_bar(simulator, row):
        for asset, lot in enumerate((1.0, 0.1, 5.0)):
            if not np.isnan(lots[row, asset]):
                simulator.intents["lots"][0, asset] = round(lots[row, asset] - simulator.position["units"][0, asset] / lot)
                simulator.intents["tif"][0, asset] = TimeInForce.IOC

    assert_same(run_targets(tape, costs, targets, keep=ALL, rounding="towards_zero"), run_bars(tape, costs, on_bar))


@pytest.mark.parametrize("shape", ["halted", "late", "closes", "delisted"])
def test_bars_without_terms_are_marked_alike_with_halts_listings_and_closes_alone(kit, shape):
    generator = draw(11)
    if shape == "late":
        tape = gbm_tape(3, n_bars=300, n_assets=2, late=70)
    else:
        closes = 100.0 + generator.integers(-4, 5, (300, 2)).cumsum(axis=0) * 0.25
        halted = [(row, asset) for row in range(300) for asset in range(2) if generator.random() < 0.2]
        if shape == "delisted":
            halted = [(row, 1) for row in range(200, 300)]
        tape = kit.tape(np.repeat(closes[..., None], 4, axis=2), halted=halted, close_only=shape == "closes")
    targets = held_targets(299, 2, 5)
    slow = stepped(tape, CostSettings(), targets)
    assert slow.refused.sum() > 10 or shape == "late"
    assert_same(run_targets(tape, CostSettings(), targets), slow, ("equity", "account", "position", "refused"))


def test_an_account_that_is_ruined_on_the_way_is_ruined_at_the_same_row():
    tape = gbm_tape(2, n_bars=300, volatility=0.2)
    costs = CostSettings(max_leverage=5.0, ruin_equity_fraction=0.5)
    targets = np.full((299, 1), 45.0)
    fast, slow = run_targets(tape, costs, targets, cash=1_000.0), stepped(tape, costs, targets, cash=1_000.0)
    assert fast.account["ruined"] == 1
    assert_same(fast, slow, ("equity", "account", "position", "refused"))


def test_weights_are_sized_anew_at_every_close():
    tape, costs = gbm_tape(5, n_bars=120, n_assets=4), CostSettings()
    weights = draw(3).random((119, 4)) / 4
    scheme = action_scheme("target_weights", n_assets=4)
    slow = run_bars(tape, costs, lambda simulator, row: simulator.decode(scheme, weights[row : row + 1]))
    assert_same(run_targets(tape, costs, weights, unit="weights", keep=ALL), slow)


def test_weights_of_nan_leave_positions_as_they_are():
    tape, costs = gbm_tape(5, n_bars=60, n_assets=2), CostSettings()
    weights = np.full((59, 2), np.nan)
    weights[3] = 0.4
    result = run_targets(tape, costs, weights, unit="weights", keep=ALL)
    assert set(result.fills["row"].tolist()) == {4}


def test_a_log_longer_than_its_buffer_is_whole():
    tape, costs = gbm_tape(6, n_bars=6_000), CostSettings(fee_rate=0.0)
    targets = (np.arange(5_999) % 2)[:, None] * 1.0
    result = run_targets(tape, costs, targets, keep=("fills",))
    assert result.account["n_fills"] == len(result.fills) == 5_998
    assert result.fills["order_id"].tolist() == list(range(1, 5_999))


class Cross:
    """Two means of closes; long ten units where the short one is above."""

    def __init__(self, looks=False):
        self.closes, self.looks, self.seen = [], looks, []

    def on_bar(self, bar):
        self.closes.append(bar.close)
        if self.looks:
            self.seen.append((bar.equity, bar.units(), bar.cash))
        if len(self.closes) < 20:
            return None
        return 10.0 if sum(self.closes[-5:]) / 5 > sum(self.closes[-20:]) / 20 else 0.0


def test_a_strategy_in_python_is_the_same_bytes_as_the_stream_of_its_targets():
    tape, costs = gbm_tape(7, n_bars=3_000), CostSettings()
    closes = tape.close[:, 0]
    answers = [np.nan] * 19
    answers += [10.0 if sum(closes[i - 4 : i + 1]) / 5 > sum(closes[i - 19 : i + 1]) / 20 else 0.0 for i in range(19, 2_999)]
    streamed = run_targets(tape, costs, np.array(answers), keep=ALL)
    assert_same(run_strategy(tape, costs, Cross(), keep=ALL), streamed)
    assert_same(run_strategy(tape, costs, Cross()), streamed, ("equity", "account", "position", "refused", "rows"))


def test_looking_at_the_account_changes_nothing_and_shows_this_close():
    tape, costs, looking = gbm_tape(7, n_bars=1_500), CostSettings(), Cross(looks=True)
    plain = run_strategy(tape, costs, Cross(), keep=ALL)
    looked = run_strategy(tape, costs, looking, keep=ALL)
    assert_same(looked, plain)
    assert [seen[0] for seen in looking.seen] == plain.equity[:-1].tolist()
    assert [seen[2] for seen in looking.seen[1:]] == plain.records["cash"][:-1].tolist()


def test_a_bar_shows_its_row_and_no_later_one():
    tape, seen = gbm_tape(7, n_bars=5, n_assets=2), []
    one = tape.select(["S0"])
    run_strategy(one, CostSettings(), SimpleNamespace(on_bar=lambda bar: seen.append(
        (bar.row, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.close_at))))  # fmt: skip
    bars = one.bars[:4, 0]
    assert seen == [(row, *(bars[name][row] for name in ("open", "high", "low", "close", "volume")), one.close_at[row])
                    for row in range(4)]  # fmt: skip
    several = []
    run_strategy(tape, CostSettings(), SimpleNamespace(on_bar=lambda bar: several.append((bar.close.tolist(), bar.high.tolist()))))
    assert several == [(tape.close[row].tolist(), tape.high[row].tolist()) for row in range(4)]


def test_targets_of_several_assets_may_be_lists_and_orders_go_out_beside_them(kit):
    tape = kit.tape([[(100,) * 4, (50,) * 4]] * 2 + [[(100, 104, 96, 100), (50,) * 4]] + [[(100,) * 4, (50,) * 4]] * 2)

    def on_bar(bar):
        if bar.row == 0:
            bar.place(Order("S0", 3, "limit", limit=98.0))
            return [np.nan, 4]
        return None

    result = run_strategy(tape, CostSettings(**kit.FREE), SimpleNamespace(on_bar=on_bar), keep=ALL)
    assert result.fills[["row", "asset", "lots", "price"]].tolist() == [(1, 1, 4, 50.0), (2, 0, 3, 98.0)]


@pytest.mark.parametrize(("targets", "words", "error", "says"), [
    ([[np.inf]], {}, ConfigError, "the target of S0 at row 0 must be finite, a multiple of the lot 1 and at most 1e"),
    ([[1.0], [1.5]], {}, ConfigError, r"at row 1 .* was 1.5; round it"),
    ([[2e15]], {}, ConfigError, "was 2000000000000000"),
    ([[1.5]], {"unit": "lots"}, ConfigError, "targets in lots must be integers"),
    ([[np.inf]], {"unit": "weights"}, ConfigError, r"weights must be finite, or NaN for a whole row, was inf at index \[0, 0\]"),
    ([[1.0]], {"unit": "shares"}, UnknownNameError, "unknown unit of targets 'shares'"),
    ([[1.0]], {"keep": ["fils"]}, UnknownNameError, "unknown record 'fils'; did you mean fills"),
    ([[1.0]], {"keep": "fills"}, ConfigError, "keep must be several names"),
    ([[1.0]], {"rounding": "up"}, UnknownNameError, "unknown rounding 'up'"),
    ([[1.0, 2.0]], {}, ShapeError, r"targets must be numbers of shape \(n, 1\)"),
    (np.zeros((0, 1)), {}, ShapeError, "targets must be numbers"),
    ([["a"]], {}, ShapeError, "targets must be numbers"),
    (np.zeros((9, 1)), {}, DataError, r"in \[0, 5\), were \[0, 10\)"),
])  # fmt: skip
def test_wrong_targets_are_refused(targets, words, error, says):
    with pytest.raises(error, match=says):
        run_targets(gbm_tape(0, n_bars=5), CostSettings(), np.array(targets), **words)


@pytest.mark.parametrize(("answer", "error", "says"), [
    ("long", ShapeError, r"on_bar at row 0 must return a target in units for each of 1 assets, or None, was 'long'"),
    ([1.0, 2.0], ShapeError, "on_bar at row 0"),
    (0.5, ConfigError, "the target of S0 at row 0 must be finite, a multiple of the lot"),
])  # fmt: skip
def test_a_strategy_that_answers_nonsense_is_told_so(answer, error, says):
    with pytest.raises(error, match=says):
        run_strategy(gbm_tape(0, n_bars=5), CostSettings(), SimpleNamespace(on_bar=lambda bar: answer))


def test_an_object_without_on_bar_is_no_strategy():
    with pytest.raises(ConfigError, match=r"needs a method on_bar\(bar\), function has none"):
        run_strategy(gbm_tape(0, n_bars=5), CostSettings(), lambda bar: None)


def test_what_was_not_kept_cannot_be_read():
    result = run_targets(gbm_tape(0, n_bars=5), CostSettings(), np.ones(4))
    with pytest.raises(ConfigError, match="fills were not recorded; run again with 'fills' among keep"):
        result.trades()
    with pytest.raises(ConfigError, match="were not recorded"):
        result.path_exposure()


PLAIN = """
import hashlib, numpy as np
from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.simulator.run import Run
from quantgym.simulator.simulator import Simulator
import numba
opening = Simulator.open_accounts
def open_plain(simulator, *words):  # records of plain Python have no attributes
    for name, value in vars(simulator).items():
        if isinstance(value, np.ndarray) and value.dtype.names:
            setattr(simulator, name, value.view(np.recarray))
    opening(simulator, *words)
if numba.config.DISABLE_JIT:
    Simulator.open_accounts = open_plain
run = Run(gbm_tape(3, n_bars=60, n_assets=2), CostSettings(), cash=1e5, keep=("equity", "fills"))
run.play(np.arange(59)[:, None] // 9 % 3 * np.array([[4, 7]]))
digest = hashlib.sha256(run._curve.tobytes())
for array in (run.simulator.account, run.simulator.position, run.simulator.record):
    for name in array.dtype.names:
        digest.update(np.ascontiguousarray(array[name]).tobytes())
print(digest.hexdigest(), run.simulator.account["n_fills"][0])
"""


def test_the_loop_over_rows_equals_its_own_python_bit_for_bit():
    said = [
        subprocess.run([sys.executable, "-c", PLAIN], env={**os.environ, **env}, capture_output=True, text=True, check=True).stdout
        for env in ({}, {"NUMBA_DISABLE_JIT": "1"})
    ]
    assert said[0] == said[1]
    assert int(said[0].split()[1]) > 5


@pytest.mark.parametrize("looks", [False, True])
def test_memory_does_not_grow_with_steps(looks):
    import tracemalloc

    sizes = []
    for n_bars in (2_000, 20_000):
        tape = gbm_tape(0, n_bars, bar_ns=60_000_000_000)
        strategy = SimpleNamespace(on_bar=lambda bar: (bar.equity if looks else 0.0) * 0.0 + bar.row // 64 % 2)
        run_strategy(tape, CostSettings(), strategy, keep=())
        tracemalloc.start()
        run_strategy(tape, CostSettings(), strategy, keep=())
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < 1.2 * sizes[0] + 10_000


def test_a_strategy_cancels_what_it_placed_by_its_id(kit):
    ids = []

    def on_bar(bar):
        if bar.row == 0:
            ids.extend(bar.place(Order("S0", 2, "limit", limit=90.0)).tolist())
        if bar.row == 2:
            assert bar.n_working == 1
            bar.cancel(ids[0])
        if bar.row == 3:
            assert bar.n_working == 0

    result = run_strategy(kit.tape(kit.flat(100.0, 6)), CostSettings(**kit.FREE), SimpleNamespace(on_bar=on_bar), keep=("orders",))
    assert ids == [1]
    assert [OrderState(state).name for state in result.log["state"]] == ["PENDING", "OPEN", "CANCELLED"]
    assert (len(result.fills), result.log["row"].tolist()[-1]) == (0, 3)


def test_a_bracket_placed_by_a_strategy_closes_its_trade(kit):
    tape = kit.tape([(100,) * 4] * 3 + [(100, 111, 99, 110)] + [(110,) * 4])

    def on_bar(bar):
        if bar.row == 0:
            bar.place(bracket(Order("S0", 2), stop=95.0, target=108.0))

    result = run_strategy(tape, CostSettings(**kit.FREE), SimpleNamespace(on_bar=on_bar), keep=ALL)
    assert result.fills[["row", "lots", "price"]].tolist() == [(1, 2, 100.0), (3, -2, 108.0)]
    trade = result.trades()[0]
    # 2 x (108 - 100) = 16 against 2 x (100 - 95) = 10 at risk
    assert (trade["net"], trade["risk"], trade["r_multiple"], trade["bars"]) == (16.0, 10.0, 1.6, 2)
