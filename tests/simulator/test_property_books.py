"""Properties of money and units, for whatever is asked of whatever market."""

import importlib
import math
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

FOLDER = str(Path(__file__).parent)
sys.path.insert(0, FOLDER)
run, asking = importlib.import_module("world.run"), importlib.import_module("world.asking")
sys.path.remove(FOLDER)

LINES = {"gross": 1, "dividends": 1, "funding": 1, "interest": 1, "commission": -1, "fees": -1, "spread": -1, "slippage": -1,
         "impact": -1, "borrow": -1, "liquidation": -1}  # fmt: skip
SOME = settings(derandomize=True, max_examples=80, deadline=None)


def scale_of(step, world):
    return 1e-9 * max(world.cash, float(step.account["traded_notional"][0]))


@SOME
@given(run.worlds(delistings=True))
def test_the_two_ledgers_agree_after_every_step_and_every_fill(world):
    for step in run.play(world):
        near, record = scale_of(step, world), step.record[0]
        assert abs(record["equity"] - record["attribution"]) <= near
        for entry in step.log:
            assert abs(entry["equity"] - entry["attribution"]) <= near
        change = sum(sign * record[name] for name, sign in LINES.items())
        assert abs(record["equity"] - record["equity_before"] - change) <= near
        held = step.position["units"] * step.position["mark"] * step.position["fx"]
        multipliers = [1.0, 2.0][: world.market.n_assets]
        assert abs(record["equity"] - record["cash"] - (held * multipliers).sum()) <= near


@SOME
@given(run.worlds(delistings=True))
def test_units_come_from_fills_splits_and_delistings_alone(world):
    tape, held = world.market.tape, [0] * world.market.n_assets
    lots = [instrument.lot for instrument in tape.instruments]
    for step in run.play(world):
        if tape.has_terms:
            held = [math.trunc(held[a] * tape.terms["split"][step.row, a]) for a in range(len(held))]
        for fill in step.fills:
            held[fill["asset"]] += int(fill["lots"])
        assert step.position["units"].tolist() == [count * lot for count, lot in zip(held, lots, strict=True)]
        assert step.account["n_open"][0] == sum(count != 0 for count in held)
        gone = tape.bars["present"][step.row] == 0
        assert not step.position["units"][gone].any()


@SOME
@given(run.worlds(accounts=run.ACCOUNTS[:1], delistings=True))
def test_no_cash_account_goes_below_zero_through_a_purchase_nor_short(world):
    for step in run.play(world):
        for fill in step.fills[step.fills["lots"] > 0]:
            assert fill["cash"] >= -1e-9
        assert (step.position["units"] >= 0.0).all()


@SOME
@given(run.worlds(accounts=run.ACCOUNTS[1:], delistings=True))
def test_a_fill_that_grows_a_position_leaves_no_more_exposure_than_the_leverage_allows(world):
    tape = world.market.tape
    multipliers = [instrument.multiplier for instrument in tape.instruments]
    leverage = world.settings["max_leverage"]
    for step in run.play(world):
        fills = step.fills
        if len(fills) != 1 or world.market.n_assets > 1 or world.settings.get("impact", "square_root") != "square_root":
            continue
        fill, units = fills[0], float(step.position["units"][0])
        if abs(units) <= abs(units - fill["units"]) or world.settings.get("account") == "isolated":
            continue
        # one fill of one asset: equity at its reference, and the exposure that it leaves
        fx = float(tape.terms["fx"][step.row, 0]) if tape.has_terms else 1.0
        value = units * multipliers[0] * float(fill["reference"]) * fx
        assert abs(value) <= leverage * (float(fill["cash"]) + value) + scale_of(step, world)


@SOME
@given(run.worlds(costs=({},), latencies=(0,), events=(), accounts=run.ACCOUNTS[1:2]))
def test_without_costs_cash_is_what_was_bought_and_sold_to_the_last_bit(world):
    tape, cash = world.market.tape, world.cash
    steps = run.play(world)
    for step in steps:
        for fill in step.fills:
            assert fill["price"] == fill["reference"]
            cash -= float(fill["units"] * fill["price"]) * tape.instruments[fill["asset"]].multiplier
    assert steps[-1].account["cash"][0] == cash
    assert [float(steps[-1].account[name][0]) for name in LINES if name != "gross"] == [0.0] * 10


@pytest.mark.parametrize("lots", [1, -7, 23])
def test_a_round_trip_at_one_price_is_free_where_the_market_is(lots):
    still = run.Market((((0, 0, 0, 0, 40, False),),) * 4)
    world = run.World(still, [[asking.Ask(lots)], [asking.Ask(-lots)], []], run.ACCOUNTS[1])
    assert run.play(world)[-1].account["cash"][0] == 1_024.0
