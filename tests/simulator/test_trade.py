"""Round trips: each worked by hand, and all of them together the account."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.account import FILL
from quantgym.market.cost import CostSettings
from quantgym.market.errors import IntegrityError
from quantgym.simulator.backtest import run_bars
from quantgym.simulator.exposure import path_exposure
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.targets import run_targets
from quantgym.simulator.trade import TRADE, trades

ALL = ("equity", "steps", "fills")


def fill_log(*rows):
    """Fills as (row, lots, reference, commission); the price paid is the reference."""
    fills = np.zeros(len(rows), FILL)
    for fill, (row, lots, reference, commission) in zip(fills, rows, strict=True):
        fill["row"], fill["lots"], fill["units"], fill["commission"] = row, lots, lots, commission
        fill["reference"] = fill["price"] = reference
        fill["filled_at"] = row
    return fills


def test_a_round_trip_earns_the_difference_less_its_costs(kit):
    tape = kit.tape(kit.flat(10.0, 5))
    # bought 4 at 10 and 2 at 13: 66, 11 on average; sold 6 at 12: 72
    (trade,) = trades(fill_log((1, 4, 10.0, 1.0), (2, 2, 13.0, 0.5), (4, -6, 12.0, 2.0)), tape)
    assert (trade["side"], trade["units"], trade["entry_price"], trade["exit_price"]) == (1, 6.0, 11.0, 12.0)
    assert (trade["gross"], trade["commission"], trade["net"]) == (6.0, 3.5, 2.5)
    assert (trade["opened_row"], trade["closed_row"], trade["bars"], trade["n_fills"]) == (1, 4, 3, 3)
    assert (trade["opened_at"], trade["closed_at"], trade["still_open"]) == (1, 4, 0)
    assert np.isnan(trade["r_multiple"])


def test_a_fill_that_turns_a_position_ends_one_trade_and_begins_another(kit):
    tape = kit.tape(kit.flat(10.0, 5))
    long, short = trades(fill_log((1, 2, 10.0, 0.0), (2, -5, 12.0, 1.0), (3, 3, 11.0, 0.0)), tape)
    # 2 x 2 less two fifths of the fee; 3 x 1 less three fifths
    assert (long["side"], long["gross"], long["net"]) == (1, 4.0, pytest.approx(3.6))
    assert (short["side"], short["gross"], short["net"]) == (-1, 3.0, pytest.approx(2.4))
    assert long["closed_row"] == short["opened_row"] == 2


def test_results_are_read_in_multiples_of_the_initial_risk(kit):
    fills = fill_log((1, 2, 10.0, 0.0), (2, -2, 13.0, 0.0))
    fills["risk"] = [4.0, 0.0]
    (trade,) = trades(fills, kit.tape(kit.flat(10.0, 5)))
    assert (trade["risk"], trade["r_multiple"]) == (4.0, 1.5)


def test_what_is_held_at_the_end_is_a_trade_only_on_request(kit):
    tape = kit.tape([(10,) * 4, (10,) * 4, (10, 12, 10, 12)])
    result = run_targets(tape, CostSettings(**kit.FREE), np.array([3.0, 3.0]), cash=1_000.0, keep=ALL)
    assert result.trades().shape == (0,)
    assert result.trades().dtype == TRADE
    (trade,) = result.trades(open_too=True)
    assert (trade["still_open"], trade["gross"], trade["exit_price"], trade["bars"]) == (1, 6.0, 12.0, 1)


def test_a_split_between_two_fills_pays_out_the_part_of_a_lot(kit):
    rows = [(30,) * 4, (30,) * 4, (20,) * 4, (20,) * 4]
    tape = kit.tape(rows, terms={"split": np.array([1.0, 1.0, 1.5, 1.0])[:, None]})
    result = run_targets(tape, CostSettings(**kit.FREE), np.array([5.0, np.nan, 0.0]), cash=1_000.0, keep=ALL)
    # five at 30; 7.5 after the split, of which half a unit is paid out at 20; seven sold at 20: all is as before
    (trade,) = result.trades()
    assert (trade["entry_price"], trade["exit_price"], trade["gross"]) == (20.0, 20.0, 0.0)
    assert result.equity[-1] == 1_000.0


def test_a_trade_that_a_split_leaves_without_a_lot_ends_there(kit):
    rows = [(30,) * 4, (30,) * 4, (300,) * 4, (300,) * 4]
    tape = kit.tape(rows, terms={"split": np.array([1.0, 1.0, 0.1, 1.0])[:, None]})
    result = run_targets(tape, CostSettings(**kit.FREE), np.array([5.0, np.nan, 1.0]), cash=1_000.0, keep=ALL)
    first, second = result.trades(open_too=True)
    assert (first["closed_row"], first["gross"], first["still_open"]) == (2, 0.0, 0)
    assert (second["opened_row"], second["units"], second["still_open"]) == (3, 1.0, 1)


def test_a_roll_moves_the_entry_and_earns_nothing(kit):
    # the next contract stands 3 above: from 10 to 13 is no profit
    tape = kit.tape([(10,) * 4, (10,) * 4, (13,) * 4, (14,) * 4], terms={"roll": np.array([np.nan, np.nan, 3.0, np.nan])[:, None]})
    fills = fill_log((1, 2, 10.0, 0.0), (3, -2, 14.0, 0.0))
    (trade,) = trades(fills, tape)
    assert (trade["entry_price"], trade["gross"]) == (13.0, 2.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_trades_together_are_the_account(scenario, seed):
    generator = np.random.Generator(np.random.PCG64(seed))
    tape = scenario.random_tape(generator, 150)
    costs = CostSettings(allow_short=True, max_leverage=3.0, fee_rate=0.001, slippage_rate=0.0005)
    wanted, decides = generator.integers(-9, 10, (150, 3)), generator.random((150, 3)) < 0.4

    def on_bar(simulator, row):
        held = np.round(simulator.position["units"][0] / simulator.instruments["lot"]).astype(int)
        simulator.intents["lots"][0] = np.where(decides[row], wanted[row] - held, 0)

    result = run_bars(tape, costs, on_bar, cash=1e5)
    all_trades, account = result.trades(open_too=True), result.account
    assert len(all_trades) > 20
    carried = account["dividends"] + account["funding"] + account["interest"] - account["borrow"] - account["liquidation"]
    scale = max(account["initial_equity"], account["traded_notional"])
    for name in ("spread", "slippage", "impact", "commission", "fees"):
        assert abs(all_trades[name].sum() - account[name]) < 1e-9 * scale
    assert abs(all_trades["net"].sum() - (account["equity"] - account["initial_equity"] - carried)) < 1e-9 * scale
    assert (all_trades["closed_row"] >= all_trades["opened_row"]).all()


def test_a_log_that_does_not_lead_to_the_position_is_refused(kit):
    result = run_targets(kit.tape(kit.flat(10.0, 4)), CostSettings(**kit.FREE), np.array([3.0, 5.0, 5.0]), keep=ALL)
    with pytest.raises(IntegrityError, match="the fills of S0 lead to 3 units, the position holds 5"):
        trades(result.fills[:1], result.tape, result.position)


def test_path_exposure_counts_the_bars_whose_paths_differ(kit):
    tape = kit.tape(kit.flat(10.0, 5))
    result = run_targets(tape, CostSettings(**kit.FREE), np.array([1.0, 0.0, 1.0, 0.0]), keep=ALL)
    records = result.records.copy()
    assert result.path_exposure().bars == 0
    records["path_gap"][1:3] = [0.25, 0.5]  # rows 2 and 3
    seen = path_exposure(records, result.fills, result.trades())
    # four fills, two in those rows; the first trade closed in row 2, the second opened in row 3
    assert (seen.bars, seen.n_bars, seen.fills, seen.n_fills, seen.trades, seen.n_trades, seen.money) == (2, 4, 2, 4, 2, 2, 0.75)


def test_what_is_held_at_the_end_was_not_closed_in_the_last_bar(kit):
    result = run_targets(kit.tape(kit.flat(10.0, 5)), CostSettings(**kit.FREE), np.ones(4), keep=ALL)
    records = result.records.copy()
    records["path_gap"][3] = 0.5  # row 4, where the only trade is valued
    seen = path_exposure(records, result.fills, result.trades(open_too=True))
    assert (seen.bars, seen.trades, seen.n_trades) == (1, 0, 1)


def test_a_bar_that_reaches_stop_and_target_is_exposed(kit):
    tape = kit.tape([(100,) * 4] * 3 + [(100, 112, 94, 100)] + [(100,) * 4])

    def on_bar(simulator, row):
        if row == 0:
            simulator.place(bracket(Order("S0", 2), stop=95.0, target=110.0))

    result = run_bars(tape, CostSettings(**kit.FREE), on_bar, max_tickets=3)
    (trade,) = result.trades()
    # low first: 2 x (95 - 100); high first: 2 x (110 - 100)
    assert (trade["net"], trade["r_multiple"]) == (-10.0, -1.0)
    seen = result.path_exposure()
    assert (seen.bars, seen.fills, seen.trades, seen.money) == (1, 1, 1, 30.0)
    told = run_bars(tape, CostSettings(**kit.FREE, path="ohlc"), on_bar, max_tickets=3)
    assert (told.trades()["net"][0], told.path_exposure().money) == (20.0, 0.0)


def test_trades_of_a_long_log_are_read_quickly():
    tape = gbm_tape(0, 40_000, bar_ns=60_000_000_000)
    result = run_targets(tape, CostSettings(fee_rate=0.0, half_spread_rate=0.0), np.arange(39_999) % 3 * 1.0, keep=("fills",))
    assert len(result.trades()) > 13_000
