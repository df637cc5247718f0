"""Stops, stop-limits and trailing stops at the edges of their prices. O-L-H-C, an hour a leg."""

from .row import HOUR, NIGHT, Row, buy, sell

STILL = (100,) * 4
TOUCH = {"limit_touch": True}

STOPS = [
    Row(
        name="open == stop: touched at equality",
        bars=[STILL, (102, 103, 101, 102)], orders={0: [buy(5, "stop", stop=102)]}, fills=[(1, 0, 5, 102)], makers=[False],
    ),
    Row(
        name="high == stop: touched at equality, two legs on",
        bars=[STILL, (100, 102, 99, 100)], orders={0: [buy(5, "stop", stop=102)]}, fills=[(1, 2, 5, 102)],
    ),
    Row(
        name="a tick short of the stop",
        bars=[STILL, (100, 102, 99, 100)], orders={0: [buy(5, "stop", stop=102.25)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="a gap through the stop: at the open, never at the stop, slippage on top",
        bars=[STILL, (96, 97, 95, 96)], orders={0: [sell(5, "stop", stop=98)]}, settings={"slippage_rate": 0.0078125},
        # 96 x (1 - 1/128)
        fills=[(1, 0, -5, 95.25)],
    ),
    Row(
        name="a stop that arrives inside the bar when the path is beyond it: at the price then",
        bars=[STILL, (100, 112, 88, 100)], orders={0: [sell(5, "stop", stop=96)]}, latency_ns=NIGHT + HOUR // 2,
        fills=[(1, 0.5, -5, 94)],
    ),
    Row(
        name="a stop that volume cuts is a market order at the next open",
        bars=[STILL, (100, 102, 99, 100), (90, 91, 89, 90)], orders={0: [buy(8, "stop", stop=102)]},
        settings={"participation": 0.5}, shape={"volume": 10},
        fills=[(1, 2, 5, 102), (2, 0, 3, 90)], states={1: "FILLED"}, refused={"PARTICIPATION": 1},
    ),
]  # fmt: skip

STOP_LIMITS = [
    Row(
        name="touched inside: from the stop on it is a limit order, which its price is beyond: at the stop",
        bars=[STILL, (100, 105, 99, 104)], orders={0: [buy(5, "stop_limit", stop=102, limit=103)]},
        # 99 to 105: 102 is half of the second leg
        fills=[(1, 1.5, 5, 102)],
    ),
    Row(
        name="stop == limit: touched, and we are last in the queue at that price",
        bars=[STILL, (100, 105, 99, 104)], orders={0: [buy(5, "stop_limit", stop=102, limit=102)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="stop == limit, touch: at that price",
        bars=[STILL, (100, 105, 99, 104)], orders={0: [buy(5, "stop_limit", stop=102, limit=102)]}, settings=TOUCH,
        fills=[(1, 1.5, 5, 102)],
    ),
    Row(
        name="a gap through both: touched at the open, filled where the path comes back through the limit",
        bars=[STILL, (105, 106, 101, 104)], orders={0: [buy(5, "stop_limit", stop=102, limit=103)]},
        # 105 to 101: 103 is half of the first leg
        fills=[(1, 0.5, 5, 103)],
    ),
    Row(
        name="a gap through both that does not come back: a limit order from then on, better at the next open",
        bars=[STILL, (105, 106, 104, 105), (101, 102, 100, 101)],
        orders={0: [buy(5, "stop_limit", stop=102, limit=103)]}, fills=[(2, 0, 5, 101)],
    ),
    Row(
        name="a gap through the stop alone: at the open",
        bars=[STILL, (102.5, 106, 101, 104)], orders={0: [buy(5, "stop_limit", stop=102, limit=103)]}, fills=[(1, 0, 5, 102.5)],
    ),
    Row(
        name="a limit on the near side of the stop waits for the way back",
        bars=[STILL, (100, 104, 99, 100)], orders={0: [buy(5, "stop_limit", stop=102, limit=101)]},
        # touched on the way up at 102, then 104 to 100: 101 is three quarters of the third leg
        fills=[(1, 2.75, 5, 101)],
    ),
    Row(
        name="the way back happened before the touch",
        bars=[STILL, (100, 104, 99, 103)], orders={0: [buy(5, "stop_limit", stop=102, limit=101)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="open == stop and the limit just there, touch",
        bars=[STILL, (98, 99, 97, 98)], orders={0: [sell(5, "stop_limit", stop=98, limit=98)]}, settings=TOUCH,
        fills=[(1, 0, -5, 98)],
    ),
]  # fmt: skip

TRAILING = [
    Row(
        name="exactly touched: 5 below the 100 that it saw first",
        bars=[STILL, (100, 106, 95, 104)], orders={0: [sell(5, "trailing_stop", trail=5)]}, fills=[(1, 1, -5, 95)],
    ),
    Row(
        name="a tick above it is not touched; the high then moves it to 101, which the close of 102 does not reach",
        bars=[STILL, (100, 106, 95.25, 102)], orders={0: [sell(5, "trailing_stop", trail=5)]}, fills=[], states={1: "OPEN"},
    ),
    Row(
        name="the next open is exactly at it",
        bars=[STILL, (100, 106, 95.25, 102), (101, 102, 100, 101)], orders={0: [sell(5, "trailing_stop", trail=5)]},
        fills=[(2, 0, -5, 101)],
    ),
    Row(
        name="a gap through it: at the open",
        bars=[STILL, (100, 106, 95.25, 102), (97, 102, 96, 101)], orders={0: [sell(5, "trailing_stop", trail=5)]},
        fills=[(2, 0, -5, 97)],
    ),
    Row(
        name="it moves on completed points: from the high of 106 down to 98, touched at 101",
        bars=[STILL, (100, 106, 96, 98)], orders={0: [sell(5, "trailing_stop", trail=5)]},
        # 106 to 98: 101 is five eighths of the third leg
        fills=[(1, 2.625, -5, 101)],
    ),
    Row(
        name="high first: the high of 106 is completed before the fall to 96",
        bars=[STILL, (100, 106, 96, 98)], orders={0: [sell(5, "trailing_stop", trail=5)]}, settings={"path": "ohlc"},
        # 106 to 96: half of the second leg
        fills=[(1, 1.5, -5, 101)],
    ),
    Row(
        name="it is not touched at the price that it sees first, however short its trail",
        bars=[STILL, (100, 100, 100, 100), (99.75, 99.75, 99.75, 99.75)],
        orders={0: [sell(5, "trailing_stop", trail=0.25)]}, fills=[(2, 0, -5, 99.75)],
    ),
    Row(
        name="by rate: 1/16 of 101 is 6.3125, 94.6875 rounded down to 94.5",
        bars=[STILL, (101, 101, 94.5, 95)], orders={0: [sell(5, "trailing_stop", trail_rate=0.0625)]}, fills=[(1, 1, -5, 94.5)],
    ),
    Row(
        name="by rate, a tick short of it",
        bars=[STILL, (101, 101, 94.75, 95)], orders={0: [sell(5, "trailing_stop", trail_rate=0.0625)]}, fills=[],
    ),
    Row(
        name="by rate, to buy: 107.3125 rounded up to 107.5",
        bars=[STILL, (101, 107.5, 101, 107)], orders={0: [buy(5, "trailing_stop", trail_rate=0.0625)]}, fills=[(1, 2, 5, 107.5)],
    ),
    Row(
        name="one tick at least: 5 below a price of 3",
        bars=[(3,) * 4, (3, 3, 0.25, 3)], orders={0: [sell(5, "trailing_stop", trail=5)]}, fills=[(1, 1, -5, 0.25)],
    ),
    Row(
        name="arrives half-way down at 94: stands at 89, a twelfth of the leg before the low",
        bars=[STILL, (100, 112, 88, 100)], orders={0: [sell(5, "trailing_stop", trail=5)]}, latency_ns=NIGHT + HOUR // 2,
        fills=[(1, 11 / 12, -5, 89)],
    ),
]  # fmt: skip

ROWS = [*STOPS, *STOP_LIMITS, *TRAILING]
