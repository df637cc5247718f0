"""Brackets, what waits for a parent, and one-cancels-the-other. O-L-H-C unless a row says otherwise."""

from quantgym.simulator.order import bracket, oco, oto

from .row import NIGHT, Row, buy, sell

STILL = (100,) * 4
WIDE = (100, 112, 93, 100)  # holds the stop at 95 and the target at 110


def ten(arm_delay=1, **entry):
    kind = "stop_limit" if "stop" in entry else "limit" if entry else "market"
    return bracket(buy(10, kind, **entry), stop=95, target=110, arm_delay=arm_delay)


def in_one_bar(path, bar, price, hours):
    return Row(
        name=f"stop and target in one bar, {path}: {price}",
        bars=[STILL, STILL, bar], orders={0: [ten()]}, settings={"path": path},
        fills=[(1, 0, 10, 100), (2, hours, -10, price)], position={"units": 0.0, "risk": 0.0},
        states={1: "FILLED", 2: "FILLED" if price == 95 else "CANCELLED", 3: "FILLED" if price == 110 else "CANCELLED"},
    )  # fmt: skip


BRACKETS = [
    in_one_bar("olhc", WIDE, 95, 5 / 7),
    in_one_bar("ohlc", WIDE, 110, 5 / 6),  # 100 to 112: ten twelfths
    in_one_bar("adaptive", (103, 111, 95, 100), 95, 1.0),  # the open is as far from both: low first
    in_one_bar("adaptive", (103.25, 111.25, 95, 100), 110, 6.75 / 8),  # nearer to the high by half a point
    in_one_bar("adverse", WIDE, 95, 5 / 7),
    Row(
        name="the bar of the entry meets no child: armed a bar later",
        bars=[STILL, WIDE, STILL, (111, 111, 111, 111)], orders={0: [ten()]}, fills=[(1, 0, 10, 100), (3, 0, -10, 111)],
        states={1: "FILLED", 2: "CANCELLED", 3: "FILLED"},
    ),
    Row(
        name="arm_delay 0, entry at the open: the children act from the first leg on",
        bars=[STILL, WIDE], orders={0: [ten(0)]}, fills=[(1, 0, 10, 100), (1, 5 / 7, -10, 95)],
        states={1: "FILLED", 2: "FILLED", 3: "CANCELLED"},
    ),
    Row(
        name="arm_delay 0, entry inside the first leg: the children act from the second leg on, from 96 to 112",
        bars=[STILL, (100, 112, 96, 100)], orders={0: [ten(0, limit=98)]},
        fills=[(1, 0.5, 10, 98), (1, 1 + 14 / 16, -10, 110)], states={1: "FILLED", 2: "CANCELLED", 3: "FILLED"},
    ),
    Row(
        name="arm_delay 0, entry inside the last leg: nothing is left of this bar",
        bars=[STILL, (100, 112, 93, 93), (94, 94, 94, 94)], orders={0: [ten(0, stop=110, limit=97)]},
        # touched on the way up; 112 to 93: 97 is 15 of 19; the stop of 95 is passed after it, and met at the next open
        fills=[(1, 2 + 15 / 19, 10, 97), (2, 0, -10, 94)], states={2: "FILLED", 3: "CANCELLED"},
    ),
    Row(
        name="arm_delay 2: a bar goes by that holds both levels",
        bars=[STILL, STILL, WIDE, (94, 95, 93, 94)], orders={0: [ten(2)]}, fills=[(1, 0, 10, 100), (3, 0, -10, 94)],
        states={1: "FILLED", 2: "FILLED", 3: "CANCELLED"},
    ),
    Row(
        name="a gap through the stop of a bracket: at the open, more than the initial risk of 50 is lost",
        bars=[STILL, STILL, (90, 91, 89, 90)], orders={0: [ten()]}, fills=[(1, 0, 10, 100), (2, 0, -10, 90)],
        position={"realised": -100.0},
    ),
    Row(
        name="the initial risk of a bracket that stands: 10 units to a stop 5 below",
        bars=[STILL, STILL], orders={0: [ten()]}, fills=[(1, 0, 10, 100)], position={"risk": 50.0},
        states={1: "FILLED", 2: "PENDING", 3: "PENDING"},
    ),
    Row(
        name="an entry that volume cuts arms its children for what it has: 5 of 10",
        bars=[STILL, STILL, (111, 112, 110, 111)], orders={0: [ten(limit=101)]},
        settings={"participation": 0.5}, shape={"volume": 10},
        fills=[(1, 0, 5, 100), (2, 0, -5, 111)], states={1: "PARTIALLY_FILLED", 2: "OPEN", 3: "PARTIALLY_FILLED"},
        refused={"PARTICIPATION": 1}, position={"units": 0.0},
    ),
    Row(
        name="a parent that is cancelled takes with it what waits for it",
        bars=[STILL, STILL, STILL], orders={0: [ten(limit=90)], 1: [1]}, fills=[],
        states={1: "CANCELLED", 2: "CANCELLED", 3: "CANCELLED"},
    ),
    Row(
        name="a parent under the minimum is refused, and its children for want of it",
        bars=[STILL, STILL], orders={0: [ten()]}, shape={"min_notional": 1_000.25}, fills=[],
        states={1: "REJECTED", 2: "REJECTED", 3: "REJECTED"}, refused={"BELOW_MINIMUM": 1, "NO_PARENT": 2},
    ),
    Row(
        name="what waits on another asset needs the parent filled whole",
        bars=[[STILL, (50,) * 4]] * 4, orders={0: [oto(buy(10, "limit", limit=101), buy(4, "limit", "S1", limit=51))]},
        settings={"participation": 0.5}, shape={"volume": 10},
        # 5 in row 1 and 5 in row 2, a bar after the first fill: the other acts from the point after that open on
        fills=[(1, 0, 5, 100), (2, 0, 5, 100), (2, 0, 4, 50, 1)], refused={"PARTICIPATION": 1},
    ),
]  # fmt: skip

OCO = [
    Row(
        name="partly filled: 6 of 10 leave 4 of the other, which end the first",
        bars=[STILL, STILL, STILL, (100, 111, 96, 100), (94, 95, 93, 94)],
        orders={0: [buy(10)], 2: [oco(sell(10, "limit", limit=110), sell(10, "stop", stop=95))]},
        settings={"participation": 0.5}, shape={"volume": [1, 40, 40, 12, 40]},
        # 96 to 111: 110 is fourteen fifteenths of the second leg
        fills=[(1, 0, 10, 100), (3, 1 + 14 / 15, -6, 110), (4, 0, -4, 94)],
        states={2: "CANCELLED", 3: "FILLED"}, refused={"PARTICIPATION": 1}, position={"units": 0.0},
    ),
    Row(
        name="of unequal size: 4 filled leave 6 of the larger",
        bars=[STILL, STILL, (100, 101, 94, 100), (100, 111, 99, 100)],
        orders={0: [buy(10)], 1: [oco(sell(10, "limit", limit=110), sell(4, "stop", stop=95))]},
        # 99 to 111: 110 is eleven twelfths of the second leg
        fills=[(1, 0, 10, 100), (2, 5 / 6, -4, 95), (3, 1 + 11 / 12, -6, 110)], states={2: "FILLED", 3: "FILLED"},
    ),
    Row(
        name="both met at the open: the first by id takes it all",
        bars=[STILL, STILL, STILL],
        orders={0: [buy(10)], 1: [oco(sell(10, "limit", limit=99), sell(10, "stop", stop=101))]},
        fills=[(1, 0, 10, 100), (2, 0, -10, 100)], states={2: "FILLED", 3: "CANCELLED"}, position={"units": 0.0},
    ),
    Row(
        name="a cancel of one cancels both, before an open that either would have taken",
        bars=[STILL, STILL, STILL, (90, 112, 90, 90)],
        orders={0: [buy(10)], 1: [oco(sell(10, "limit", limit=110), sell(10, "stop", stop=95))], 2: [3]},
        fills=[(1, 0, 10, 100)], states={2: "CANCELLED", 3: "CANCELLED"},
    ),
    Row(
        name="a cancel a nanosecond after the open comes too late for it",
        bars=[STILL, STILL, STILL, (90, 112, 90, 90)], latency_ns=NIGHT + 1,
        orders={0: [buy(10, "limit", limit=101)], 1: [oco(sell(10, "limit", limit=110), sell(10, "stop", stop=95))], 2: [3]},
        fills=[(1, 1 / 3.6e12, 10, 100), (3, 0, -10, 90)], states={2: "CANCELLED", 3: "FILLED"},
    ),
]  # fmt: skip

ROWS = [*BRACKETS, *OCO]
