"""Properties of costs, paths and scales."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

FOLDER = str(Path(__file__).parent)
sys.path.insert(0, FOLDER)
run, asking, market = (importlib.import_module(f"world.{name}") for name in ("run", "asking", "market"))
sys.path.remove(FOLDER)

SOME = settings(derandomize=True, max_examples=80, deadline=None)
RICH = 2.0**40
RATES = ("fee_rate", "half_spread_rate", "slippage_rate", "impact_coefficient", "borrow_rate", "margin_interest_rate",
         "fee_per_unit")  # fmt: skip
PAID = ("commission", "fees", "spread", "slippage", "impact", "borrow")
MONEY = ("cash", "initial_equity", "equity", "peak_equity", "gross", "dividends", "funding", "interest", *PAID, "liquidation",
         "traded_notional")  # fmt: skip
AMOUNTS = ("reference", "price", "spread", "slippage", "impact", "commission", "fees", "risk", "cash", "equity", "attribution")


def traded(steps):
    return [(step.row, *fill) for step in steps for fill in step.fills[["order_id", "lots", "reference", "filled_at"]].tolist()]


@SOME
@given(run.worlds(accounts=run.ACCOUNTS[1:2], costs=run.COSTS[:2]), st.sampled_from(RATES), st.sampled_from((0.0078125, 0.0625)))
def test_more_cost_never_helps_where_the_same_lots_are_traded(world, name, more):
    base = {**world.settings, "path": "olhc"}
    world = replace(world, cash=RICH, settings=base)
    dear = replace(world, settings={**base, name: base.get(name, 0.0) + more})
    steps, others = run.play(world), run.play(dear)
    assert traded(steps) == traded(others)
    for step, other in zip(steps, others, strict=True):
        assert other.record["equity"][0] <= step.record["equity"][0] + 1e-3  # of 2^40: a rounding
    costs = [sum(float(end[-1].account[line][0]) for line in PAID) for end in (steps, others)]
    assert costs[1] >= costs[0] - 1e-9


@SOME
@given(run.worlds(n_assets=1))
def test_adverse_is_never_better_than_the_worse_of_both_paths_of_a_bar(world):
    sim = run.simulator(replace(world, settings={**world.settings, "path": "adverse"}))
    while sim.rows[0] < world.market.n_rows - 1:
        before, ends = sim.state(), {}
        for path in ("ohlc", "olhc", "adverse"):
            sim.load(before)
            sim.rules["path"] = run.PATHS[path]
            ends[path] = float(run.step(sim, world).record["equity"][0])
        worse = min(ends["ohlc"], ends["olhc"])
        assert ends["adverse"] <= worse + 1e-12 * max(abs(worse), world.cash)


@SOME
@given(run.worlds(delistings=True), st.sampled_from((2.0**-6, 0.5, 8.0, 2.0**10)))
def test_prices_and_cash_times_a_power_of_two_are_money_times_that(world, factor):
    scaled = replace(world, market=replace(world.market, scale=factor), cash=world.cash * factor)
    for step, other in zip(run.play(world), run.play(scaled), strict=True):
        assert traded([step]) == [(*t[:3], t[3] / factor, t[4]) for t in traded([other])]
        for name in MONEY:
            assert step.account[name][0] * factor == other.account[name][0], name
        for name in AMOUNTS:
            assert (step.fills[name] * factor).tolist() == other.fills[name].tolist(), name
        assert step.refused.tolist() == other.refused.tolist()
        assert step.working["id"].tolist() == other.working["id"].tolist()


@SOME
@given(run.worlds(accounts=run.ACCOUNTS[1:2], latencies=(0,), volume=False, events=()), st.integers(2, 5))
def test_twice_the_lots_and_the_cash_are_twice_the_money_where_nothing_depends_on_size(world, factor):
    base = {**world.settings, "impact_coefficient": 0.0, "impact": "square_root", "path": "olhc"}
    world = replace(world, settings=base, cash=RICH)
    decisions = [[replace(ask, lots=ask.lots * factor) for ask in asks] for asks in world.decisions]
    many = replace(world, decisions=decisions, cash=RICH * factor)
    for step, other in zip(run.play(world), run.play(many), strict=True):
        assert (step.fills["lots"] * factor).tolist() == other.fills["lots"].tolist()
        assert abs(step.account["equity"][0] * factor - other.account["equity"][0]) <= 1e-9 * RICH


@SOME
@given(run.worlds(accounts=run.ACCOUNTS[1:2], costs=run.COSTS[:2], volume=False, events=("dividend", "funding_rate", "fx", "mark")))
def test_another_asset_is_nothing_to_orders_that_cash_does_not_bind(world):
    def only(assets):
        free = [[ask for ask in asks if not (ask.cancels or ask.parent or ask.group)] for asks in world.decisions]
        decisions = [[ask for ask in asks if ask.asset in assets] for asks in free]
        return replace(world, cash=RICH, settings={**world.settings, "path": "olhc"}, decisions=decisions)

    def first_asset(steps):
        fills = [fill for step in steps for fill in step.fills if fill["asset"] == 0]
        return [[fill[name].item() for name in ("row", "lots", "price", "filled_at", "maker")] for fill in fills]

    assert first_asset(run.play(only((0, 1)))) == first_asset(run.play(only((0,))))
