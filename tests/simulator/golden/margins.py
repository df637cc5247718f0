"""Liquidation and ruin: at the instant where nothing is left over, and just beyond it. O-L-H-C, an hour a leg."""

from .row import Row, buy, sell

STILL = (100,) * 4
CROSS = {"account": "cross", "max_leverage": 2.0, "maintenance_rate": 0.5}
# 1200 and 20 bought at 100: cash -800; excess = -800 + 20 p - 10 p, which is 0 at p = 80
ISOLATED = {"account": "isolated", "max_leverage": 2.0, "maintenance_rate": 0.375}
# margin 1000; excess = 1000 + 20 (p - 100) - 7.5 p = 12.5 p - 1000, which is 0 at p = 80
LONG = {0: [buy(20)]}

ROWS = [
    Row(
        name="cross, excess exactly 0 at the low: it stands",
        bars=[STILL, STILL, (100, 100, 80, 90)], orders=LONG, cash=1_200.0, settings=CROSS, fills=[(1, 0, 20, 100)],
        account={"n_liquidations": 0, "equity": 1_000.0},
    ),
    Row(
        name="cross, a quarter below: closed on the way, where the excess was 0",
        bars=[STILL, STILL, (100, 100, 79.75, 90)], orders=LONG, cash=1_200.0, settings=CROSS,
        # excess 200 at 100 and -2.5 at 79.75: 200 / 202.5 of 20.25 points is 20
        fills=[(1, 0, 20, 100), (2, 200 / 202.5, -20, 80)], account={"n_liquidations": 1, "cash": 800.0, "equity": 800.0},
    ),
    Row(
        name="cross, 2 % of what is closed is the fee",
        bars=[STILL, STILL, (100, 100, 79.75, 90)], orders=LONG, cash=1_200.0, settings={**CROSS, "liquidation_fee_rate": 0.02},
        fills=[(1, 0, 20, 100), (2, 200 / 202.5, -20, 80)], account={"liquidation": 32.0, "cash": 768.0},
    ),
    Row(
        name="cross, through a gap: at the open, and the account owes 200",
        bars=[STILL, STILL, (30, 120, 30, 120), STILL], orders={0: [buy(20)], 2: [buy(1)]}, cash=1_200.0, settings=CROSS,
        fills=[(1, 0, 20, 100), (2, 0, -20, 30)], account={"cash": -200.0, "equity": -200.0, "ruined": 1},
        refused={"RUINED": 1}, states={2: "REJECTED"},
    ),
    Row(
        name="cross, excess exactly 0 at the open of a gap: it stands",
        bars=[STILL, STILL, (80, 90, 80, 90)], orders=LONG, cash=1_200.0, settings=CROSS, fills=[(1, 0, 20, 100)],
        account={"n_liquidations": 0},
    ),
    Row(
        name="cross, a sale at the open comes before the margin is looked at",
        bars=[STILL, STILL, (79, 90, 79, 90)], orders={0: [buy(20)], 1: [sell(10)]}, cash=1_200.0, settings=CROSS,
        # 10 left: -800 + 790 + 790 - 395 is above 0
        fills=[(1, 0, 20, 100), (2, 0, -10, 79)], account={"n_liquidations": 0},
    ),
    Row(
        name="cross, a working stop below goes before the liquidation that would have come later on the way",
        bars=[STILL, STILL, (100, 100, 70, 90)], orders={0: [buy(20)], 1: [sell(20, "stop", stop=85)]}, cash=1_200.0,
        settings=CROSS, fills=[(1, 0, 20, 100), (2, 0.5, -20, 85)], account={"n_liquidations": 0, "cash": 900.0},
    ),
    Row(
        name="cross, a short: cash 3200, excess = 3200 - 20 p - 10 p is 0 at 106.67; a gap to 110",
        bars=[STILL, STILL, (110, 110, 100, 100)], orders={0: [sell(20)]}, cash=1_200.0, settings=CROSS,
        fills=[(1, 0, -20, 100), (2, 0, 20, 110)], account={"cash": 1_000.0},
    ),
    Row(
        name="reg_t, 25 % of longs: excess = -1000 + 0.75 x 20 p is 0 at 66.67; 66.75 stands",
        bars=[STILL, STILL, (100, 100, 66.75, 90)], orders=LONG, cash=1_000.0, settings={"account": "reg_t", "max_leverage": 2.0},
        fills=[(1, 0, 20, 100)], account={"n_liquidations": 0},
    ),
    Row(
        name="reg_t, a gap to 66.5",
        bars=[STILL, STILL, (66.5, 90, 66.5, 90)], orders=LONG, cash=1_000.0, settings={"account": "reg_t", "max_leverage": 2.0},
        fills=[(1, 0, 20, 100), (2, 0, -20, 66.5)], account={"n_liquidations": 1, "cash": 330.0},
    ),
    Row(
        name="reg_t, 30 % of shorts: excess = 3000 - 1.3 x 20 p is 0 at 115.38; 115.25 stands, 115.5 does not",
        bars=[STILL, STILL, (115.25,) * 4, (115.5,) * 4], orders={0: [sell(20)]}, cash=1_000.0,
        settings={"account": "reg_t", "max_leverage": 2.0}, fills=[(1, 0, -20, 100), (3, 0, 20, 115.5)],
        account={"cash": 690.0},
    ),
    Row(
        name="isolated, excess exactly 0 at the low: it stands",
        bars=[STILL, STILL, (100, 100, 80, 90)], orders=LONG, cash=1_200.0, settings=ISOLATED, fills=[(1, 0, 20, 100)],
        account={"n_liquidations": 0}, position={"margin": 1_000.0},
    ),
    Row(
        name="isolated, a gap to 60: 800 of the margin of 1000 are lost",
        bars=[STILL, STILL, (60, 60, 60, 60)], orders=LONG, cash=1_200.0, settings=ISOLATED,
        fills=[(1, 0, 20, 100), (2, 0, -20, 60)], account={"cash": 400.0, "liquidation": 0.0},
    ),
    Row(
        name="isolated, a gap to 30: 1400 are lost, 400 of them by the venue",
        bars=[STILL, STILL, (30, 30, 30, 30)], orders=LONG, cash=1_200.0, settings=ISOLATED,
        fills=[(1, 0, 20, 100), (2, 0, -20, 30)], account={"cash": 200.0, "equity": 200.0, "liquidation": -400.0},
    ),
    Row(
        name="isolated, one position is closed; the other, and its order, stay",
        bars=[[STILL, STILL], [STILL, STILL], [(60,) * 4, STILL]],
        orders={0: [buy(10), buy(10, symbol="S1")], 1: [sell(10, "limit", "S1", limit=150)]},
        cash=1_200.0, settings=ISOLATED, fills=[(1, 0, 10, 100), (1, 0, 10, 100, 1), (2, 0, -10, 60)],
        states={3: "OPEN"}, account={"n_open": 1},
    ),
    Row(
        name="isolated, one position is closed: its orders leave and are counted, those of the other stay",
        bars=[[STILL, STILL], [STILL, STILL], [(60,) * 4, STILL]],
        orders={0: [buy(10), buy(10, symbol="S1")], 1: [sell(10, "limit", limit=150), sell(10, "limit", "S1", limit=150)]},
        cash=1_200.0, settings=ISOLATED, fills=[(1, 0, 10, 100), (1, 0, 10, 100, 1), (2, 0, -10, 60)],
        states={3: "CANCELLED", 4: "OPEN"}, refused={"LIQUIDATED": 1},
    ),
    Row(
        name="ruin at equality: half of 1000",
        bars=[STILL, STILL, (50,) * 4, (100,) * 4], orders={0: [buy(10)], 2: [sell(1)]}, cash=1_000.0,
        settings={"ruin_equity_fraction": 0.5}, fills=[(1, 0, 10, 100)], account={"ruined": 1}, states={2: "REJECTED"},
        refused={"RUINED": 1},
    ),
    Row(
        name="a quarter above it, at a close; the low does not count",
        bars=[STILL, STILL, (100, 100, 20, 50.25), (100,) * 4], orders={0: [buy(10)], 2: [sell(1)]}, cash=1_000.0,
        settings={"ruin_equity_fraction": 0.5}, fills=[(1, 0, 10, 100), (3, 0, -1, 100)], account={"ruined": 0},
    ),
]  # fmt: skip
