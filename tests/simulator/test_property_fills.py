"""Properties of single fills: where their prices lie, and how many lots there are of them."""

import importlib
import math
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given, settings

from quantgym.market.order import OrderKind

FOLDER = str(Path(__file__).parent)
sys.path.insert(0, FOLDER)
run, asking = importlib.import_module("world.run"), importlib.import_module("world.asking")
sys.path.remove(FOLDER)

SOME = settings(derandomize=True, max_examples=80, deadline=None)
STEADY = ("dividend", "funding_rate", "fx", "mark", "borrow_rate", "spread")  # events that change no order


def test_the_worlds_are_full_of_life():
    # a property of nothing would hold: the worlds below fill, refuse, cancel, expire and close by force
    kinds, states, refused = Counter(), Counter(), 0

    @settings(derandomize=True, max_examples=250, deadline=None, database=None)
    @given(run.worlds(delistings=True))
    def look(world):
        nonlocal refused
        for step in run.play(world):
            kinds.update(OrderKind(kind).name for kind in step.fills["kind"].tolist())
            states.update(step.log["state"].tolist())
            refused = refused + step.refused

    look()
    assert set(kinds) == {kind.name for kind in OrderKind}
    assert sum(kinds.values()) > 300
    assert set(states) >= set(range(1, 8))
    assert (refused > 0).sum() >= 10


@SOME
@given(run.worlds(delistings=True))
def test_a_reference_lies_inside_its_bar_and_frictions_are_never_gains_but_for_displacement(world):
    tape = world.market.tape
    for step in run.play(world):
        fills = step.fills[step.fills["kind"] != OrderKind.DELISTING]
        bars = tape.bars[step.row, fills["asset"]]
        assert bars["tradable"].all()
        assert ((bars["low"] <= fills["reference"]) & (fills["reference"] <= bars["high"])).all()
        assert (fills["spread"] >= 0.0).all()
        assert (fills["slippage"] >= 0.0).all()
        assert (fills["price"] >= -1e-12 * fills["reference"]).all()
        if world.settings.get("impact", "square_root") == "square_root":
            worse = (fills["price"] - fills["reference"]) * np.sign(fills["lots"])
            assert (worse >= -1e-12 * fills["reference"]).all()


@SOME
@given(run.worlds(delistings=True))
def test_a_fill_happens_inside_its_bar_after_its_arrival_and_in_order_of_time(world):
    tape = world.market.tape
    for step in run.play(world):
        fills = step.fills[step.fills["kind"] < OrderKind.LIQUIDATION]
        opened, closed = tape.open_at[step.row], tape.close_at[step.row]
        assert ((opened <= step.fills["filled_at"]) & (step.fills["filled_at"] <= closed)).all()
        assert (fills["filled_at"] >= fills["decided_at"] + world.latency_ns).all()
        # a decision at a close comes before an open at the same instant, and is of an earlier row
        assert (fills["decided_at"] <= tape.close_at[step.row - 1]).all()
        # the log goes leg by leg; an instant between two legs may belong to either
        leg, passed = 0, 3 * (step.fills["filled_at"] - opened)
        for first, last in zip(-(-passed // (closed - opened)), passed // (closed - opened) + 1, strict=True):
            leg = max(leg, first)
            assert leg <= last


@SOME
@given(run.worlds(events=STEADY))
def test_a_limit_is_never_passed(world):
    steps, closes = run.play(world), world.market.prices[..., 3]
    asked = run.orders_of(steps)
    for step in steps:
        for fill in step.fills:
            ask, row = asked.get(int(fill["order_id"]), (None, 0))
            if ask is None or ask.kind not in (OrderKind.LIMIT, OrderKind.STOP_LIMIT):
                continue
            limit = max(int(closes[row, ask.asset]) + ask.limit, 1) * 0.25
            assert (limit - fill["price"]) * np.sign(fill["lots"]) >= -1e-12 * limit


@SOME
@given(run.worlds(events=STEADY))
def test_a_stop_never_fills_better_than_its_stop_before_it_was_touched(world):
    steps, closes = run.play(world), world.market.prices[..., 3]
    asked = run.orders_of(steps)
    for step in steps:
        for fill in step.fills[step.fills["kind"] == OrderKind.STOP]:
            ask, row = asked[int(fill["order_id"])]
            stop = max(int(closes[row, ask.asset]) + ask.stop, 1) * 0.25
            assert (fill["reference"] - stop) * np.sign(fill["lots"]) >= 0.0


@SOME
@given(run.worlds(events=STEADY, delistings=True))
def test_fills_never_exceed_their_order_and_have_its_side(world):
    steps = run.play(world)
    asked, filled = run.orders_of(steps), Counter()
    for step in steps:
        for fill in step.fills:
            number = int(fill["order_id"])
            if number == 0:
                assert fill["kind"] >= OrderKind.LIQUIDATION
                continue
            lots = asked[number][0].lots
            assert (fill["lots"] > 0) == (lots > 0)
            filled[number] += abs(int(fill["lots"]))
            assert filled[number] <= abs(lots)


@SOME
@given(run.worlds(delistings=True))
def test_an_account_never_takes_more_of_a_bar_than_its_share(world):
    share, tape = world.settings["participation"], world.market.tape
    if share is None:
        return
    for step in run.play(world):
        for a, instrument in enumerate(tape.instruments):
            own = step.fills[(step.fills["asset"] == a) & (step.fills["kind"] < OrderKind.LIQUIDATION)]
            most = math.floor(share * tape.bars["volume"][step.row, a] / instrument.lot)
            assert np.abs(own["lots"]).sum() <= most


@SOME
@given(run.worlds(delistings=True))
def test_one_look_is_one_step(world):
    steps = run.play(world)
    asked, seen = run.orders_of(steps), {}
    for step in steps:
        for number in set(step.fills["order_id"].tolist()) - {0}:
            ask = asked[number][0]
            if run.TimeInForce(ask.tif).name in ("IOC", "FOK", "AT_OPEN", "AT_CLOSE"):
                assert number not in seen
                seen[number] = step.row
                if run.TimeInForce(ask.tif).name == "FOK" and not world.market.events and not ask.group and not ask.parent:
                    lots = step.fills["lots"][step.fills["order_id"] == number].sum()
                    assert lots == ask.lots
