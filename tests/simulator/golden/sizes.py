"""How much of an order is filled: volume, power, minimum, what is held; at the amount that is just enough, and beside it."""

from .row import CASH_ACCOUNT, HOUR, NIGHT, Row, buy, sell

STILL = (100,) * 4
HALF = {"participation": 0.5}  # of 20 units a bar: 10
OF_20 = {"volume": 20}

VOLUME = [
    Row(
        name="participation exactly used up",
        bars=[STILL, STILL], orders={0: [buy(10)]}, settings=HALF, shape=OF_20, fills=[(1, 0, 10, 100)], states={1: "FILLED"},
    ),
    Row(
        name="one lot more: it works on, and is counted",
        bars=[STILL, STILL, (101,) * 4], orders={0: [buy(11)]}, settings=HALF, shape=OF_20,
        fills=[(1, 0, 10, 100), (2, 0, 1, 101)], states={1: "FILLED"}, refused={"PARTICIPATION": 1},
    ),
    Row(
        name="shared by all orders of the bar, both sides added",
        bars=[STILL, STILL, (101,) * 4, (101,) * 4], orders={0: [buy(10)], 1: [sell(7), buy(5)]}, settings=HALF, shape=OF_20,
        # the sale reduces and goes first; 3 of 10 are left for the purchase, and 2 for the bar after
        fills=[(1, 0, 10, 100), (2, 0, -7, 101), (2, 0, 3, 101), (3, 0, 2, 101)], refused={"PARTICIPATION": 1},
    ),
    Row(
        name="FOK with exactly the volume",
        bars=[STILL, STILL], orders={0: [buy(10, time_in_force="FOK")]}, settings=HALF, shape=OF_20, fills=[(1, 0, 10, 100)],
        states={1: "FILLED"},
    ),
    Row(
        name="FOK for one lot more: nothing, and that reason alone is counted",
        bars=[STILL, STILL, STILL], orders={0: [buy(11, time_in_force="FOK")]}, settings=HALF, shape=OF_20, fills=[],
        states={1: "REJECTED"}, refused={"FILL_OR_KILL": 1},
    ),
    Row(
        name="FOK whose price is not there",
        bars=[STILL, (100, 101, 90, 100)], orders={0: [buy(10, "limit", limit=99, time_in_force="FOK")]}, fills=[],
        states={1: "REJECTED"}, refused={"FILL_OR_KILL": 1},
    ),
    Row(
        name="FOK for which another order has left one lot too few",
        bars=[STILL, STILL], orders={0: [buy(1), buy(10, time_in_force="FOK")]}, settings=HALF, shape=OF_20,
        fills=[(1, 0, 1, 100)], states={1: "FILLED", 2: "REJECTED"}, refused={"FILL_OR_KILL": 1},
    ),
    Row(
        name="IOC for one lot more: the rest leaves",
        bars=[STILL, STILL, STILL], orders={0: [buy(11, time_in_force="IOC")]}, settings=HALF, shape=OF_20,
        fills=[(1, 0, 10, 100)], states={1: "CANCELLED"}, refused={"PARTICIPATION": 1},
    ),
    Row(
        name="IOC inside a bar for one lot more than its volume",
        bars=[STILL, (100, 112, 88, 100), STILL], orders={0: [buy(11, time_in_force="IOC")]}, settings=HALF, shape=OF_20,
        latency_ns=NIGHT + HOUR // 2, fills=[(1, 0.5, 10, 94)], states={1: "CANCELLED"}, refused={"PARTICIPATION": 1},
    ),
]  # fmt: skip

POWER = [
    Row(
        name="cash exactly enough: 10 x 100 and a fee of 10",
        bars=[STILL, STILL], orders={0: [buy(10)]}, cash=1_010.0, settings={**CASH_ACCOUNT, "fee_rate": 0.01},
        fills=[(1, 0, 10, 100)], account={"cash": 0.0, "equity": 1_000.0}, states={1: "FILLED"},
    ),
    Row(
        name="one cent short: nine",
        bars=[STILL, STILL], orders={0: [buy(10)]}, cash=1_009.99, settings={**CASH_ACCOUNT, "fee_rate": 0.01},
        fills=[(1, 0, 9, 100)], account={"cash": 100.99}, refused={"SCALED_CASH": 1},
    ),
    Row(
        name="one cent short of a single lot: nothing",
        bars=[STILL, STILL], orders={0: [buy(1)]}, cash=100.99, settings={**CASH_ACCOUNT, "fee_rate": 0.01}, fills=[],
        refused={"NO_CASH": 1},
    ),
    Row(
        name="FOK one cent short: nothing, and that reason alone is counted",
        bars=[STILL, STILL], orders={0: [buy(10, time_in_force="FOK")]}, cash=999.99, settings=CASH_ACCOUNT, fills=[],
        states={1: "REJECTED"}, refused={"FILL_OR_KILL": 1},
    ),
    Row(
        name="two orders for twice the cash: half of each",
        bars=[[STILL, (50,) * 4]] * 2, orders={0: [buy(10), buy(20, symbol="S1")]}, cash=1_000.0, settings=CASH_ACCOUNT,
        fills=[(1, 0, 5, 100), (1, 0, 10, 50, 1)], account={"cash": 0.0}, refused={"SCALED_CASH": 2},
    ),
    Row(
        name="sales go first: what they bring pays for purchases at the same open",
        bars=[[STILL, (50,) * 4]] * 3, orders={0: [buy(10)], 1: [buy(20, symbol="S1"), sell(10)]}, cash=1_000.0,
        settings=CASH_ACCOUNT, fills=[(1, 0, 10, 100), (2, 0, -10, 100), (2, 0, 20, 50, 1)], account={"cash": 0.0},
    ),
    Row(
        name="leverage exactly used: 20 x 100 on 1000",
        bars=[STILL, STILL], orders={0: [buy(20)]}, cash=1_000.0, settings={"max_leverage": 2.0}, fills=[(1, 0, 20, 100)],
        account={"cash": -1_000.0},
    ),
    Row(
        name="one lot more than the leverage",
        bars=[STILL, STILL], orders={0: [buy(21)]}, cash=1_000.0, settings={"max_leverage": 2.0}, fills=[(1, 0, 20, 100)],
        refused={"SCALED_CASH": 1},
    ),
    Row(
        name="turning round at the same size always fits, one lot more does not",
        bars=[STILL, STILL, STILL], orders={0: [buy(20)], 1: [sell(41)]}, cash=1_000.0, settings={"max_leverage": 2.0},
        fills=[(1, 0, 20, 100), (2, 0, -40, 100)], position={"units": -20.0}, refused={"SCALED_CASH": 1},
    ),
    Row(
        name="a reg_t account: 2 x equity, not a lot more",
        bars=[STILL, STILL], orders={0: [buy(21)]}, cash=1_000.0, settings={"account": "reg_t", "max_leverage": 2.0},
        fills=[(1, 0, 20, 100)], refused={"SCALED_CASH": 1},
    ),
    Row(
        name="isolated: open profit of 200 is not power for another position",
        bars=[[STILL, STILL], [STILL, STILL], [(110,) * 4, STILL]], orders={0: [buy(20)], 1: [buy(5, symbol="S1")]},
        cash=1_000.0, settings={"account": "isolated", "max_leverage": 2.0}, fills=[(1, 0, 20, 100)], refused={"NO_CASH": 1},
        account={"equity": 1_200.0}, position={"margin": 1_000.0},
    ),
]  # fmt: skip

HELD = [
    Row(
        name="min_notional exactly",
        bars=[STILL, STILL], orders={0: [buy(10)]}, shape={"min_notional": 1_000.0}, fills=[(1, 0, 10, 100)],
    ),
    Row(
        name="min_notional, a lot less",
        bars=[STILL, STILL], orders={0: [buy(9)]}, shape={"min_notional": 1_000.0}, fills=[], states={1: "REJECTED"},
        refused={"BELOW_MINIMUM": 1},
    ),
    Row(
        name="min_notional by the limit of an order: 10 x 99.75 is under it, though the mark is not",
        bars=[STILL, STILL], orders={0: [buy(10, "limit", limit=99.75)]}, shape={"min_notional": 1_000.0}, fills=[],
        refused={"BELOW_MINIMUM": 1},
    ),
    Row(
        name="under the minimum, but it leaves the position no larger",
        bars=[STILL, STILL, STILL], orders={0: [buy(10)], 1: [sell(1)]}, shape={"min_notional": 1_000.0},
        fills=[(1, 0, 10, 100), (2, 0, -1, 100)],
    ),
    Row(
        name="reduce-only is cut to what is held",
        bars=[STILL, STILL, STILL], orders={0: [buy(10)], 1: [sell(15, reduce_only=True)]},
        fills=[(1, 0, 10, 100), (2, 0, -10, 100)], position={"units": 0.0},
    ),
    Row(
        name="reduce-only with nothing held",
        bars=[STILL, STILL], orders={0: [sell(15, reduce_only=True)]}, fills=[], refused={"REDUCE_ONLY": 1},
    ),
    Row(
        name="a cash account sells what it has and no more",
        bars=[STILL, STILL, STILL], orders={0: [buy(10)], 1: [sell(15)]}, settings=CASH_ACCOUNT,
        fills=[(1, 0, 10, 100), (2, 0, -10, 100)], refused={"NO_SHORT": 1}, position={"units": 0.0},
    ),
    Row(
        name="a multiplier of 50: two contracts of 100 are 10,000, a point is 100, 0.1 % of it are 10",
        bars=[STILL, (100, 101, 100, 101)], orders={0: [buy(2)]}, settings={"fee_rate": 0.001}, shape={"multiplier": 50.0},
        fills=[(1, 0, 2, 100)], account={"equity": 10_090.0, "cash": -10.0, "traded_notional": 10_000.0},
    ),
]  # fmt: skip

ROWS = [*VOLUME, *POWER, *HELD]
