"""Properties of time: nobody sees what comes later, nothing earlier than its arrival matters, a saved state goes on alike."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from quantgym.market.order import OrderKind

FOLDER = str(Path(__file__).parent)
sys.path.insert(0, FOLDER)
run, asking, market = (importlib.import_module(f"world.{name}") for name in ("run", "asking", "market"))
sys.path.remove(FOLDER)

SOME = settings(derandomize=True, max_examples=80, deadline=None)
ROWS = 6
SAID = ["order_id", "row", "filled_at", "lots", "reference", "price", "spread", "impact", "commission", "maker", "state", "reason"]


@st.composite
def futures(draw):
    """A world and another one that differs from it after row n alone."""
    world = draw(run.worlds(ROWS))
    n = draw(st.integers(1, ROWS - 2))
    other = draw(market.markets(ROWS, world.market.n_assets, two_a_day=False))
    changed = world.market.with_rows(n + 1, ROWS, other)
    rates = tuple((*event[:3], 1.0) for event in world.market.events if event[2] == "fx" and event[0] > n)
    decisions = world.decisions[:n] + draw(asking.decisions(ROWS, world.market.n_assets))[n:]
    return n, world, replace(world, market=replace(changed, events=changed.events + rates), decisions=decisions)


@SOME
@given(futures())
def test_what_happens_after_a_row_changes_nothing_up_to_it(pair):
    n, world, other = pair
    for step, twin in zip(run.play(world)[:n], run.play(other)[:n], strict=True):
        assert step.said() == twin.said()


@st.composite
def pasts(draw):
    """One decision that arrives after row n, and two worlds that differ between it and its arrival."""
    decision = draw(asking.shapes(1).filter(lambda asks: not asks[0].cancels))
    n = draw(st.integers(1, ROWS - 3))
    world = draw(run.worlds(ROWS, n_assets=1, events=(), shape=lambda _: st.just([]), two_a_day=False))
    latency_ns = n * market.DAY + draw(st.sampled_from((0, 1, market.NIGHT)))
    world = replace(world, decisions=[decision] + [[]] * (ROWS - 2), latency_ns=latency_ns)
    other = draw(market.markets(ROWS, 1, events=(), two_a_day=False))
    return n, world, replace(world, market=world.market.with_rows(1, n + 1, other))


@SOME
@given(pasts())
def test_what_happens_before_an_order_arrives_is_nothing_to_it(pair):
    n, world, other = pair
    late, early = world.market.prices, other.market.prices
    # bars go on from the close before them: bring the later ones to the same prices by the gap of the row that follows
    rows = [list(row) for row in other.market.bars]
    gap, *rest = rows[n + 1][0]
    rows[n + 1][0] = (int(gap + late[n, 0, 3] - early[n, 0, 3]), *rest)
    other = replace(other, market=replace(other.market, bars=tuple(tuple(row) for row in rows)))
    if rest[-1] or (other.market.prices[n + 1 :] != late[n + 1 :]).any():
        return  # a halt, or the floor of prices
    for step, twin in zip(run.play(world), run.play(other), strict=True):
        assert step.fills[SAID].tolist() == twin.fills[SAID].tolist()
        if step.row > n:
            assert step.log[SAID].tolist() == twin.log[SAID].tolist()


def market_orders(n_assets):
    return asking.alone(n_assets, (OrderKind.MARKET,), (0,))


WAITS = st.lists(st.integers(0, 72), min_size=2, max_size=4)


@SOME
@given(run.worlds(n_assets=1, latencies=(0,), volume=False, events=(), two_a_day=False, shape=market_orders), WAITS)
def test_a_longer_latency_fills_no_market_order_earlier(world, hours):
    world = replace(world, decisions=[world.decisions[0], *[[]] * (ROWS - 2)], cash=2.0**40)
    times = []
    for wait in sorted(hours):
        steps = run.play(replace(world, latency_ns=wait * market.HOUR))
        found = [int(fill["filled_at"]) for step in steps for fill in step.fills]
        decided = world.market.tape.close_at[0]
        assert all(at >= decided + wait * market.HOUR for at in found)
        times += found[:1]
    assert times == sorted(times)


@SOME
@given(run.worlds(ROWS, delistings=True), st.integers(0, ROWS - 1))
def test_a_state_that_is_saved_and_loaded_goes_on_to_the_same_bytes(world, at):
    whole, first, second = run.simulator(world), run.simulator(world), run.simulator(world)
    for _ in range(ROWS - 1):
        run.step(whole, world)
    for _ in range(at):
        run.step(first, world)
    second.load(first.state())
    for _ in range(ROWS - 1 - at):
        run.step(second, world)
    ends, found = whole.state(), second.state()
    assert {name: array.tobytes() for name, array in ends.items()} == {name: array.tobytes() for name, array in found.items()}


@SOME
@given(run.worlds(ROWS, delistings=True))
def test_the_same_world_twice_is_the_same(world):
    assert [step.said() for step in run.play(world)] == [step.said() for step in run.play(world)]
