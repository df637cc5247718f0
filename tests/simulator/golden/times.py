"""Times in force, latency, halts: instants that coincide, and those a nanosecond apart. O-L-H-C, an hour a leg."""

from .row import HOUR, NIGHT, Row, at, buy, sell

STILL = (100,) * 4
SWING = (100, 112, 88, 100)  # 94 at half past nine, 88 at ten, 112 at eleven
DEEP = (80,) * 4
TOUCH = {"limit_touch": True}
NS = 1 / HOUR  # a nanosecond in hours


def gtd(limit, expires_at):
    return buy(5, "limit", limit=limit, time_in_force="GTD", expires_at=expires_at)


DATES = [
    Row(
        name="GTD exactly at the open: gone before it",
        bars=[STILL, STILL, DEEP], orders={0: [gtd(90, at(2))]}, fills=[], states={1: "EXPIRED"},
    ),
    Row(
        name="GTD a nanosecond after the open: it takes it",
        bars=[STILL, STILL, DEEP], orders={0: [gtd(90, at(2) + 1)]}, fills=[(2, 0, 5, 80)], states={1: "FILLED"},
    ),
    Row(
        name="GTD inside a bar, at the instant of its limit: not through it yet",
        bars=[STILL, SWING], orders={0: [gtd(94, at(1, 0.5))]}, fills=[], states={1: "EXPIRED"},
    ),
    Row(
        name="GTD inside a bar, at the instant of its limit, touch: the date counts from the instant after",
        bars=[STILL, SWING], orders={0: [gtd(94, at(1, 0.5))]}, settings=TOUCH, fills=[(1, 0.5, 5, 94)],
    ),
    Row(
        name="GTD inside a bar, a tick before it: 5.75 of 12 down the leg",
        bars=[STILL, SWING], orders={0: [gtd(94.25, at(1, 0.5))]}, fills=[(1, 5.75 / 12, 5, 94.25)],
    ),
    Row(
        name="GTD whose date has passed",
        bars=[STILL, SWING], orders={0: [gtd(94, at(0))]}, fills=[], states={1: "REJECTED"}, refused={"BAD_ORDER": 1},
    ),
    Row(
        name="GTD ends while the asset is halted; the reopening gap finds nothing",
        bars=[STILL, STILL, None, DEEP], orders={0: [gtd(90, at(2, 1))]}, fills=[], states={1: "EXPIRED"},
    ),
    Row(
        name="DAY over the end of its session: the next morning finds nothing",
        bars=[STILL, STILL, DEEP], orders={0: [buy(5, "limit", limit=90, time_in_force="DAY")]}, shape={"half_days": True},
        fills=[], states={1: "EXPIRED"},
    ),
    Row(
        name="DAY works through both bars of its session",
        bars=[STILL, STILL, STILL, DEEP], orders={1: [buy(5, "limit", limit=90, time_in_force="DAY")]},
        shape={"half_days": True}, fills=[(3, 0, 5, 80)], states={1: "FILLED"},
    ),
    Row(
        name="DAY, touched at the very close of its session",
        bars=[STILL, (100, 100, 98, 98)], orders={0: [buy(5, "limit", limit=98, time_in_force="DAY")]},
        settings={**TOUCH, "path": "ohlc"}, fills=[(1, 2, 5, 98)],
    ),
    Row(
        name="DAY, market: what volume left of it ends with the session, too",
        bars=[STILL, STILL, STILL], orders={0: [buy(8, time_in_force="DAY")]}, settings={"participation": 0.5},
        shape={"volume": 10}, fills=[(1, 0, 5, 100)], states={1: "EXPIRED"}, refused={"PARTICIPATION": 1},
    ),
    Row(
        name="DAY ends with its session though its asset is halted",
        bars=[STILL, None, DEEP], orders={0: [buy(5, "limit", limit=90, time_in_force="DAY")]}, fills=[], states={1: "EXPIRED"},
    ),
]  # fmt: skip

SESSIONS = [
    Row(
        name="AT_OPEN that arrives exactly at the open",
        bars=[STILL, SWING, DEEP], orders={0: [buy(5, time_in_force="AT_OPEN")]}, latency_ns=NIGHT, fills=[(1, 0, 5, 100)],
    ),
    Row(
        name="AT_OPEN late by a nanosecond: the next session's open",
        bars=[STILL, SWING, DEEP], orders={0: [buy(5, time_in_force="AT_OPEN")]}, latency_ns=NIGHT + 1, fills=[(2, 0, 5, 80)],
    ),
    Row(
        name="AT_OPEN decided inside a session waits for the next one",
        bars=[STILL, STILL, DEEP, STILL], orders={0: [buy(5, time_in_force="AT_OPEN")]}, shape={"half_days": True},
        fills=[(2, 0, 5, 80)],
    ),
    Row(
        name="AT_OPEN with a limit has one look, at the open",
        bars=[STILL, SWING, DEEP], orders={0: [buy(5, "limit", limit=99, time_in_force="AT_OPEN")]}, fills=[],
        states={1: "EXPIRED"},
    ),
    Row(
        name="AT_OPEN with its limit exactly at the open, touch",
        bars=[STILL, SWING], orders={0: [buy(5, "limit", limit=100, time_in_force="AT_OPEN")]}, settings=TOUCH,
        fills=[(1, 0, 5, 100)], makers=[False],
    ),
    Row(
        name="AT_CLOSE is filled at the close of the row that closes the session",
        bars=[STILL, (100, 112, 88, 104), STILL], orders={0: [buy(5, time_in_force="AT_CLOSE")]}, fills=[(1, 3, 5, 104)],
    ),
    Row(
        name="AT_CLOSE inside a session: not the close of its first half",
        bars=[(100,) * 4, (101,) * 4, (102,) * 4, (103,) * 4], orders={1: [buy(5, time_in_force="AT_CLOSE")]},
        shape={"half_days": True}, fills=[(3, 3, 5, 103)],
    ),
    Row(
        name="AT_CLOSE that arrives at the instant of the close: the next session's",
        bars=[STILL, (100, 112, 88, 104), (100, 112, 88, 106)], orders={0: [buy(5, time_in_force="AT_CLOSE")]},
        latency_ns=24 * HOUR, fills=[(2, 3, 5, 106)],
    ),
    Row(
        name="AT_CLOSE that arrives a nanosecond before the close",
        bars=[STILL, (100, 112, 88, 104), (100, 112, 88, 106)], orders={0: [buy(5, time_in_force="AT_CLOSE")]},
        latency_ns=24 * HOUR - 1, fills=[(1, 3, 5, 104)],
    ),
    Row(
        name="AT_CLOSE with its limit at the close: last in the queue",
        bars=[STILL, (100, 112, 88, 104), STILL], orders={0: [buy(5, "limit", limit=104, time_in_force="AT_CLOSE")]},
        fills=[], states={1: "EXPIRED"},
    ),
    Row(
        name="AT_CLOSE with its limit at the close, touch",
        bars=[STILL, (100, 112, 88, 104)], orders={0: [buy(5, "limit", limit=104, time_in_force="AT_CLOSE")]}, settings=TOUCH,
        fills=[(1, 3, 5, 104)],
    ),
    Row(
        name="AT_CLOSE whose limit the close has passed: at the close, though the bar was as low as 88",
        bars=[STILL, (100, 112, 88, 104)], orders={0: [buy(5, "limit", limit=105, time_in_force="AT_CLOSE")]},
        fills=[(1, 3, 5, 104)],
    ),
    Row(
        name="AT_OPEN and AT_CLOSE in their row, which is halted",
        bars=[STILL, None, STILL], orders={0: [buy(5, time_in_force="AT_OPEN"), buy(5, time_in_force="AT_CLOSE")]},
        fills=[], states={1: "REJECTED", 2: "REJECTED"}, refused={"NOT_TRADABLE": 2},
    ),
]  # fmt: skip

ARRIVALS = [
    Row(
        name="a market order that arrives exactly at the open takes it",
        bars=[STILL, SWING], orders={0: [buy(5)]}, latency_ns=NIGHT, fills=[(1, 0, 5, 100)],
    ),
    Row(
        name="a nanosecond later it takes the path: 12 down in 3.6e12 ns",
        bars=[STILL, SWING], orders={0: [buy(5)]}, latency_ns=NIGHT + 1, fills=[(1, NS, 5, 100 - 12 / 3.6e12)],
    ),
    Row(
        name="exactly at the low",
        bars=[STILL, SWING], orders={0: [buy(5)]}, latency_ns=NIGHT + HOUR, fills=[(1, 1, 5, 88)],
    ),
    Row(
        name="a nanosecond before the close: the close but for a rounding",
        bars=[STILL, SWING], orders={0: [buy(5)]}, latency_ns=NIGHT + 3 * HOUR - 1, fills=[(1, 3 - NS, 5, 100 + 12 / 3.6e12)],
    ),
    Row(
        name="at the instant of the close: it comes after it, and takes the next open",
        bars=[STILL, SWING, DEEP], orders={0: [buy(5)]}, latency_ns=NIGHT + 3 * HOUR, fills=[(2, 0, 5, 80)],
    ),
    Row(
        name="IOC inside a bar, a tick worse than the path: at the path price",
        bars=[STILL, SWING], orders={0: [buy(5, "limit", limit=94.25, time_in_force="IOC")]}, latency_ns=NIGHT + HOUR // 2,
        fills=[(1, 0.5, 5, 94)], makers=[False],
    ),
    Row(
        name="IOC inside a bar, exactly at the path price: last in the queue, and it leaves",
        bars=[STILL, SWING], orders={0: [buy(5, "limit", limit=94, time_in_force="IOC")]}, latency_ns=NIGHT + HOUR // 2, fills=[],
        states={1: "CANCELLED"},
    ),
    Row(
        name="IOC inside a bar, exactly at the path price, touch",
        bars=[STILL, SWING], orders={0: [buy(5, "limit", limit=94, time_in_force="IOC")]}, latency_ns=NIGHT + HOUR // 2,
        settings=TOUCH, fills=[(1, 0.5, 5, 94)],
    ),
    Row(
        name="IOC at the open: what comes later in the bar is none of its business",
        bars=[STILL, SWING, DEEP], orders={0: [buy(5, "limit", limit=99, time_in_force="IOC")]}, fills=[],
        states={1: "CANCELLED"},
    ),
    Row(
        name="a cancel exactly at the open comes before it",
        bars=[STILL, STILL, DEEP], orders={0: [buy(5, "limit", limit=90)], 1: [1]}, fills=[], states={1: "CANCELLED"},
    ),
    Row(
        name="a cancel inside a bar counts from the instant after it: its limit is touched just then",
        bars=[STILL, STILL, SWING], orders={0: [buy(5, "limit", limit=94)], 1: [1]}, latency_ns=NIGHT + HOUR // 2,
        settings=TOUCH, fills=[(2, 0.5, 5, 94)], states={1: "FILLED"},
    ),
    Row(
        name="a cancel of an id that does not work",
        bars=[STILL, STILL], orders={0: [7]}, fills=[], refused={"UNKNOWN_ORDER": 1},
    ),
    Row(
        name="a market order for a halted row",
        bars=[STILL, None, STILL], orders={0: [buy(5)]}, fills=[], states={1: "REJECTED"}, refused={"NOT_TRADABLE": 1},
    ),
    Row(
        name="a limit waits through a halt and is filled in the gap, better than its price",
        bars=[STILL, STILL, None, DEEP], orders={0: [buy(5, "limit", limit=90)]}, fills=[(3, 0, 5, 80)],
    ),
    Row(
        name="a stop waits through a halt and is filled in the gap, worse than its price",
        bars=[STILL, STILL, None, DEEP], orders={0: [sell(5, "stop", stop=95)]}, fills=[(3, 0, -5, 80)],
    ),
]  # fmt: skip

ROWS = [*DATES, *SESSIONS, *ARRIVALS]
