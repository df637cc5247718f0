"""Limit and post-only orders at the edges of their prices. O-L-H-C, an hour a leg; a decision at row 0 meets row 1."""

from .row import HOUR, NIGHT, Row, buy, sell

STILL = (100,) * 4
TOUCH = {"limit_touch": True}

ROWS = [
    Row(
        name="open == limit, never below, we are last in the queue: nothing",
        bars=[STILL, (98, 101, 98, 100)], orders={0: [buy(5, "limit", limit=98)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="open == limit, touch: at the open, as a taker",
        bars=[STILL, (98, 101, 98, 100)], orders={0: [buy(5, "limit", limit=98)]}, settings=TOUCH,
        fills=[(1, 0, 5, 98)], makers=[False], states={1: "FILLED"},
    ),
    Row(
        name="open == limit, then below: at the limit, not at its first look, so it makes",
        bars=[STILL, (98, 101, 97, 100)], orders={0: [buy(5, "limit", limit=98)]}, fills=[(1, 0, 5, 98)], makers=[True],
    ),
    Row(
        name="low == limit: last in the queue",
        bars=[STILL, (100, 101, 98, 100)], orders={0: [buy(5, "limit", limit=98)]}, fills=[],
    ),
    Row(
        name="low == limit, touch: at the low, after the whole first leg",
        bars=[STILL, (100, 101, 98, 100)], orders={0: [buy(5, "limit", limit=98)]}, settings=TOUCH,
        fills=[(1, 1, 5, 98)], makers=[True],
    ),
    Row(
        name="a tick above the low: half a point of two, half of the leg",
        bars=[STILL, (100, 101, 99.5, 100)], orders={0: [buy(5, "limit", limit=99.75)]}, fills=[(1, 0.5, 5, 99.75)],
    ),
    Row(
        name="high == limit",
        bars=[STILL, (100, 102, 99, 100)], orders={0: [sell(5, "limit", limit=102)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="high == limit, touch: at the high, two legs on",
        bars=[STILL, (100, 102, 99, 100)], orders={0: [sell(5, "limit", limit=102)]}, settings=TOUCH, fills=[(1, 2, -5, 102)],
    ),
    Row(
        name="the open is beyond the limit: at the open",
        bars=[STILL, (103, 104, 99, 100)], orders={0: [sell(5, "limit", limit=101)]}, fills=[(1, 0, -5, 103)], makers=[False],
    ),
    Row(
        name="high == close == limit, touch: at the high, an hour before the close",
        bars=[STILL, (98, 101, 98, 101)], orders={0: [sell(5, "limit", limit=101)]}, settings=TOUCH, fills=[(1, 2, -5, 101)],
    ),
    Row(
        name="a gap through the limit, costs and all: spread fits, slippage is cut, impact has no room",
        bars=[STILL, (96, 101, 95, 100)], orders={0: [buy(5, "limit", limit=98)]},
        # half spread 0.0125 x 96 = 1.2, slippage 1.2: 2.4 do not fit in 2, so slippage is 0.8
        settings={"half_spread_rate": 0.0125, "slippage_rate": 0.0125}, fills=[(1, 0, 5, 98)],
        account={"spread": 6.0, "slippage": 4.0, "impact": 0.0},
    ),
    Row(
        name="inside the bar a limit pays none of them",
        bars=[STILL, (100, 101, 95, 100)], orders={0: [buy(5, "limit", limit=98)]},
        settings={"half_spread_rate": 0.0125, "slippage_rate": 0.0125}, fills=[(1, 0.4, 5, 98)],
        account={"spread": 0.0, "slippage": 0.0},
    ),
    Row(
        name="post-only exactly at the open: nobody would have filled it there, so it rests and makes",
        bars=[STILL, (100, 101, 98, 100)], orders={0: [buy(5, "limit", limit=100, post_only=True)]},
        fills=[(1, 0, 5, 100)], makers=[True], states={1: "FILLED"},
    ),
    Row(
        name="post-only exactly at the open, touch: it would fill",
        bars=[STILL, (100, 101, 98, 100)], orders={0: [buy(5, "limit", limit=100, post_only=True)]}, settings=TOUCH,
        fills=[], states={1: "REJECTED"}, refused={"POST_ONLY": 1},
    ),
    Row(
        name="post-only a tick beyond the open",
        bars=[STILL, (100, 101, 98, 100)], orders={0: [buy(5, "limit", limit=100.25, post_only=True)]},
        fills=[], states={1: "REJECTED"}, refused={"POST_ONLY": 1},
    ),
    Row(
        name="post-only that arrives half-way down at 94 and would fill there",
        bars=[STILL, (100, 112, 88, 100)], orders={0: [buy(5, "limit", limit=94.25, post_only=True)]},
        latency_ns=NIGHT + HOUR // 2, fills=[], states={1: "REJECTED"}, refused={"POST_ONLY": 1},
    ),
    Row(
        name="post-only that arrives half-way down at exactly its limit rests, and the path goes on through it",
        bars=[STILL, (100, 112, 88, 100)], orders={0: [buy(5, "limit", limit=94, post_only=True)]},
        latency_ns=NIGHT + HOUR // 2, fills=[(1, 0.5, 5, 94)], makers=[True],
    ),
    Row(
        name="a maker's and a taker's commission: 1 % of 500 at the first look, a rebate of 0.5 % of 500 later",
        bars=[STILL, (100, 101, 99, 100), (101, 102, 98, 101)],
        orders={0: [buy(5, "limit", limit=101)], 1: [buy(5, "limit", limit=100)]},
        settings={"fee_rate": 0.01, "maker_fee_rate": -0.005}, makers=[False, True],
        # open 101 falls to 98: 100 is a third of the leg
        fills=[(1, 0, 5, 100), (2, 1 / 3, 5, 100)], account={"commission": 2.5, "cash": 8_997.5},
    ),
]  # fmt: skip
