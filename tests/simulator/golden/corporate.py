"""What happens between two rows: splits, dividends, delistings, rolls, funding, borrow, interest, currencies."""

from .row import CASH_ACCOUNT, Row, buy, sell

STILL = (100,) * 4
NEXT = (102,) * 4
NAN = float("nan")
WEEKEND = {"days": [0, 1, 4, 5]}  # a Thursday, a Friday, a Monday, a Tuesday

ACTIONS = [
    Row(
        name="a split of 4 with a working limit: 5 at 90.25 are 20 at 22.5625, no more generous than 22.5",
        bars=[STILL, STILL, (25,) * 4, (22.75, 23, 22.25, 23)], orders={0: [buy(5, "limit", limit=90.25)]},
        shape={"terms": {"split": [1, 1, 4, 1]}}, fills=[(3, 0.5, 20, 22.5)],
    ),
    Row(
        name="a split of 4 with a working stop: 95.25 is 23.8125, no earlier than 23.75",
        bars=[STILL, STILL, (25, 25, 23.75, 24)], orders={0: [sell(5, "stop", stop=95.25)]},
        shape={"terms": {"split": [1, 1, 4]}}, fills=[(2, 1, -20, 23.75)],
    ),
    Row(
        name="a split of 4 with a trail: 5.25 is 1.3125, no shorter than 1.5",
        bars=[STILL, (100, 100, 95, 100), (25, 25, 23.75, 25), (25, 26, 24.5, 24.5)],
        orders={0: [sell(5, "trailing_stop", trail=5.25)]}, shape={"terms": {"split": [1, 1, 4, 1]}},
        # stood at 94.75, 23.6875 after the split, down to 23.5 (touched by no 23.75); from 26 on it is 24.5, reached at the close
        fills=[(3, 3, -20, 24.5)],
    ),
    Row(
        name="a reverse split leaves half a lot of an order of one",
        bars=[STILL, STILL, (200,) * 4], orders={0: [buy(1, "limit", limit=90)]}, shape={"terms": {"split": [1, 1, 0.5]}},
        fills=[], refused={"BELOW_MINIMUM": 1},
    ),
    Row(
        name="a reverse split with a position of 5: two and a half, half a unit is paid at 200",
        bars=[STILL, STILL, (200,) * 4], orders={0: [buy(5)]}, shape={"terms": {"split": [1, 1, 0.5]}},
        fills=[(1, 0, 5, 100)], position={"units": 2.0, "average_price": 200.0}, account={"cash": 9_600.0, "equity": 10_000.0},
    ),
    Row(
        name="dividend and split at one open: the dividend is for each new unit",
        bars=[STILL, STILL, (50,) * 4], orders={0: [buy(10)]}, shape={"terms": {"split": [1, 1, 2], "dividend": [0, 0, 1]}},
        fills=[(1, 0, 10, 100)], account={"dividends": 20.0, "equity": 10_020.0}, position={"units": 20.0},
    ),
    Row(
        name="a dividend on a short is owed, though it is bought back at that open",
        bars=[STILL, STILL, (98,) * 4], orders={0: [sell(10)], 1: [buy(10)]}, shape={"terms": {"dividend": [0, 0, 2]}},
        fills=[(1, 0, -10, 100), (2, 0, 10, 98)], account={"dividends": -20.0, "equity": 10_000.0},
    ),
    Row(
        name="a delisting pays the last close less 30 %, without costs; orders leave, and new ones are refused",
        bars=[[STILL, (50,) * 4], [STILL, (50, 50, 40, 40)], [STILL, None], [STILL, None]],
        orders={0: [buy(10, symbol="S1"), sell(10, "limit", "S1", limit=60)], 1: [buy(1, symbol="S1")]},
        settings={"delisting_return": -0.3, "fee_rate": 0.01},
        # bought for 500 and a fee of 5; 10 x 28 back
        fills=[(1, 0, 10, 50, 1), (2, 0, -10, 28, 1)], account={"cash": 9_775.0, "equity": 9_775.0},
        states={1: "FILLED", 2: "EXPIRED", 3: "REJECTED"}, refused={"NOT_LISTED": 1},
    ),
    Row(
        name="a roll of +2: no P&L, half a spread of 1 % on each side; a priced order leaves, a new one is refused",
        bars=[STILL, STILL, NEXT, NEXT],
        orders={0: [buy(10), sell(10, "limit", limit=120)], 1: [sell(5, "limit", limit=110), sell(4)]},
        settings={"half_spread_rate": 0.0078125}, shape={"terms": {"roll": [NAN, NAN, 2, NAN]}},
        # entry: 100 / 128 a unit; roll: (100 + 102) / 128 a unit; 4 sold at 102 less 102 / 128
        fills=[(1, 0, 10, 100.78125), (2, 0, -4, 102 - 0.796875)],
        account={"spread": 10 * 100 / 128 + 10 * 202 / 128 + 4 * 102 / 128, "gross": 0.0},
        position={"units": 6.0, "average_price": 102.78125}, states={2: "EXPIRED", 3: "REJECTED", 4: "FILLED"},
        refused={"ROLLED": 1},
    ),
    Row(
        name="a roll of a short with a multiplier of 10: cash pays the difference, equity does not move",
        bars=[STILL, STILL, NEXT], orders={0: [sell(3)]}, shape={"multiplier": 10.0, "terms": {"roll": [NAN, NAN, 2]}},
        # 10000 + 3000, and 3 x 10 x 2 come in as the mark goes up by as much
        fills=[(1, 0, -3, 100)], account={"cash": 13_060.0, "equity": 10_000.0}, position={"average_price": 102.0},
    ),
    Row(
        name="a roll and a reverse split in one row: the order expires, uncounted, before the split",
        bars=[STILL, STILL, (204,) * 4], orders={0: [buy(1, "limit", limit=90)]},
        shape={"terms": {"roll": [NAN, NAN, 2], "split": [1, 1, 0.5]}}, fills=[], states={1: "EXPIRED"}, refused={},
    ),
]  # fmt: skip

ACCRUALS = [
    Row(
        name="funding at the boundary: whoever buys at that open does not pay it, whoever sells at it does",
        bars=[STILL] * 3, orders={0: [buy(10)], 1: [sell(10)]}, shape={"terms": {"funding_rate": [0, 0.01, 0.001]}},
        fills=[(1, 0, 10, 100), (2, 0, -10, 100)], account={"funding": -1.0, "cash": 9_999.0},
    ),
    Row(
        name="funding on the venue's mark of 110, received by a short",
        bars=[STILL] * 3, orders={0: [sell(10)]}, shape={"terms": {"funding_rate": [0, 0, 0.001], "mark": [NAN, NAN, 110]}},
        fills=[(1, 0, -10, 100)], account={"funding": 1.1},
    ),
    Row(
        name="borrow over a weekend: three days of 3.65 % a year on 1000",
        bars=[STILL] * 4, orders={0: [sell(10)]}, settings={"borrow_rate": 0.0365}, shape=WEEKEND,
        # Friday to Monday 0.3, Monday to Tuesday 0.1
        fills=[(1, 0, -10, 100)], account={"borrow": 0.4, "equity": 9_999.6},
    ),
    Row(
        name="margin interest over a weekend: three days of 3.6 % over 360 on 1000 borrowed",
        bars=[STILL] * 3, orders={0: [buy(20)]}, cash=1_000.0, settings={"margin_interest_rate": 0.036, "max_leverage": 2.0},
        shape={"days": [0, 1, 4]}, fills=[(1, 0, 20, 100)], account={"interest": -0.3},
    ),
    Row(
        name="the proceeds of a short earn nothing: 1.8 % a year on 1000 for three days, not on 2000",
        bars=[STILL] * 3, orders={0: [sell(10)]}, cash=1_000.0, settings={"cash_interest_rate": 0.018},
        shape={"days": [0, 1, 4]},
        # a day on 1000 is 0.05 before the short; three days on 1000.05 after it
        fills=[(1, 0, -10, 100)], account={"interest": 0.05 + 0.00015 * 1_000.05},
    ),
    Row(
        name="cash of exactly nothing neither pays nor receives",
        bars=[STILL] * 3, orders={0: [buy(10)]}, cash=1_000.0,
        settings={**CASH_ACCOUNT, "cash_interest_rate": 0.5, "margin_interest_rate": 0.5},
        # a day of 50 % on 1000 over 360 comes before the purchase at the open, and stays in cash
        fills=[(1, 0, 10, 100)], account={"interest": 1_000 * 0.5 / 360 * (1 + 0.5 / 360)},
    ),
    Row(
        name="a currency that falls while a short is held: 4 x 100 at 1.25, worth 1.0 later",
        bars=[STILL] * 3, orders={0: [sell(4)]}, shape={"terms": {"fx": [1, 1.25, 1]}}, fills=[(1, 0, -4, 100)],
        account={"cash": 10_500.0, "equity": 10_100.0, "gross": 100.0},
    ),
    Row(
        name="a dividend converts at the rate of its row, borrow at that of the mark before",
        bars=[STILL] * 3, orders={0: [sell(10)]}, settings={"borrow_rate": 0.365},
        shape={"terms": {"fx": [1, 1.25, 1.5], "dividend": [0, 0, 2]}},
        # 10 x 2 x 1.5; a day of 36.5 % on 10 x 100 x 1.25
        fills=[(1, 0, -10, 100)], account={"dividends": -30.0, "borrow": 1.25},
    ),
]  # fmt: skip

ROWS = [*ACTIONS, *ACCRUALS]
