"""Every reason that an order can meet, and which comes first where several hold."""

import numpy as np
import pytest

from quantgym.market.order import Refusal

FLAT = (100,) * 4
LIMITS = {Refusal.LIMIT_POSITION, Refusal.LIMIT_GROSS, Refusal.LIMIT_ORDER_SIZE, Refusal.LIMIT_DAILY_LOSS, Refusal.LIMIT_DRAWDOWN,
          Refusal.LIMIT_NET, Refusal.LIMIT_ORDER_RATE}  # fmt: skip
RESTING = {"kind": "LIMIT", "limit": 90}


def of(kit, *, bars=None, **settings):
    return kit.Desk([FLAT] * 4 if bars is None else bars, **settings)


def ruined(kit):
    desk = of(kit, bars=[FLAT, FLAT, (1,) * 4, (1,) * 4, (1,) * 4], ruin_equity_fraction=0.5)
    desk.order(10).step()
    desk.step()
    return desk.ticket(1)


def no_parent(kit):
    return of(kit).ticket(1, kind="LIMIT").ticket(1, parent=1)


def not_listed(kit):
    return of(kit, bars=[[FLAT] * 2] * 4, halted=[(2, 1), (3, 1)])


def rolled(kit):
    return of(kit, terms={"roll": [[np.nan], [1.0], [np.nan], [np.nan]]}).ticket(1, **RESTING)


def pool_full(kit):
    return of(kit, max_orders=1).ticket(1, **RESTING).ticket(1, **RESTING)


def reduce_only(kit):
    return of(kit).ticket(-1, reduce_only=1)


def liquidated(kit):
    desk = of(kit, bars=[FLAT, FLAT, (70, 70, 60, 60), FLAT], account="cross", max_leverage=3.0, maintenance_rate=0.1)
    desk.order(30).step()
    return desk.ticket(1, kind="LIMIT", limit=50)


def gone_lot(kit):
    return of(kit, terms={"split": [[1.0], [0.1], [1.0], [1.0]]}).ticket(5)


def delisted(kit):
    desk = not_listed(kit)
    desk.step()
    return desk.ticket(1, asset=1)


REASONS = {
    "RUINED": ruined,
    "UNKNOWN_ASSET": lambda kit: of(kit).ticket(1, asset=7),
    "NOT_LISTED": delisted,
    "BELOW_MINIMUM": gone_lot,
    "BAD_ORDER": lambda kit: of(kit).ticket(1, tif="GTD", expires_at=5),
    "NO_PARENT": no_parent,
    "NO_PATH": lambda kit: of(kit, close_only=True).ticket(1, **RESTING),
    "BAD_PRICE": lambda kit: of(kit).ticket(1, kind="STOP"),
    "ROLLED": rolled,
    "NOT_TRADABLE": lambda kit: of(kit, halted=[(1, 0)]).ticket(1),
    "POOL_FULL": pool_full,
    "NO_CASH": lambda kit: of(kit, cash=10.0).ticket(1),
    "SCALED_CASH": lambda kit: of(kit, cash=150.0).ticket(2),
    "NO_SHORT": lambda kit: of(kit).ticket(-1),
    "REDUCE_ONLY": reduce_only,
    "PARTICIPATION": lambda kit: of(kit, volume=0, participation=0.5).ticket(1),
    "POST_ONLY": lambda kit: of(kit).ticket(1, kind="LIMIT", limit=101, post_only=1),
    "FILL_OR_KILL": lambda kit: of(kit, cash=150.0).ticket(2, tif="FOK"),
    "UNKNOWN_ORDER": lambda kit: of(kit).cancel(3),
    "LIQUIDATED": liquidated,
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_reached_by_an_order_and_counted(kit, reason):
    desk = REASONS[reason](kit)
    desk.step()
    assert reason in desk.refused
    assert desk.sim.record["n_refused"][0] == sum(desk.refused.values())


def test_no_reason_is_forgotten():
    # those of limits are the guard's; LEVERAGE is the decoders' and that of brackets (test_brackets)
    others = LIMITS | {Refusal.NONE, Refusal.LEVERAGE}
    assert set(REASONS) == {reason.name for reason in Refusal if reason not in others}


# each ticket breaks every rule from its reason on: the first one is told
ORDER = [
    ("UNKNOWN_ASSET", {"asset": 9, "kind": "LIMIT", "tif": "GTD"}),
    ("NOT_LISTED", {"asset": 1, "kind": "LIMIT", "tif": "GTD"}),
    ("BAD_ORDER", {"kind": "LIMIT", "tif": "GTD", "parent": 1}),
    ("NO_PARENT", {"kind": "LIMIT", "parent": 1}),
    ("BAD_PRICE", {"kind": "LIMIT"}),
    ("ROLLED", {"kind": "LIMIT", "limit": 0.01}),
    ("NOT_TRADABLE", {"kind": "MARKET", "lots": 10**18, "asset": 2}),
    ("BAD_ORDER", {"kind": "TRAILING_STOP", "trail": 1, "lots": 10**18}),
    ("BELOW_MINIMUM", {"kind": "TRAILING_STOP", "trail": 1}),
    ("POOL_FULL", {"kind": "TRAILING_STOP", "trail": 1, "lots": 10**9}),
]


@pytest.mark.parametrize(("reason", "fields"), ORDER)
def test_the_first_reason_that_holds_is_told(kit, reason, fields):
    # in row 2 the contract of asset 0 rolls, asset 1 has left and asset 2 is halted; one slot; no order is worth its while
    rolls = np.full((5, 3), np.nan)
    rolls[2, 0] = 1.0
    halted = [(2, 2), (2, 1), (3, 1), (4, 1)]
    desk = kit.Desk([[FLAT] * 3] * 5, halted=halted, min_notional=1e6, max_orders=1, terms={"roll": rolls})
    desk.step()
    desk.ticket(1, kind="LIMIT")  # slot 1 is refused
    if reason == "POOL_FULL":
        desk.ticket(10**9, kind="TRAILING_STOP", trail=1)
    fields = dict(fields)
    desk.ticket(fields.pop("lots", 1), **fields)
    desk.step()
    first = {"BAD_PRICE": 1}
    assert desk.refused == {**first, reason: first.get(reason, 0) + 1}


def test_a_closing_order_below_the_minimum_is_taken(kit):
    desk = kit.Desk([FLAT] * 5, min_notional=500.0, cash=10_000.0)
    desk.order(5).step()
    assert desk.ticket(-1).step() == [(0, -1, 100.0)]
    # and one that waits for another is
    desk.ticket(6).ticket(1, kind="LIMIT", limit=90, parent=1).step()
    assert desk.refused == {}


def test_the_minimum_is_looked_at_the_price_that_an_order_names(kit):
    desk = kit.Desk([FLAT] * 5, min_notional=500.0, cash=10_000.0)
    for fields in ({"kind": "LIMIT", "limit": 99}, {"kind": "STOP_LIMIT", "stop": 120, "limit": 99}):
        desk.ticket(5, **fields).step()
        assert desk.refused == {"BELOW_MINIMUM": 1}
    desk.ticket(5, kind="STOP", stop=101).ticket(5, kind="TRAILING_STOP", trail=50).step()
    assert desk.refused == {}


def test_a_date_in_an_intent_is_refused(kit):
    desk = kit.Desk([FLAT] * 3)
    desk.order(1, tif="GTD").step()
    assert desk.refused == {"BAD_ORDER": 1}


def test_orders_of_a_rolled_contract_leave_and_trails_may_come(kit):
    desk = kit.Desk([FLAT] * 5, terms={"roll": [[np.nan], [np.nan], [2.0], [np.nan], [np.nan]]}, cash=10_000.0)
    desk.ticket(1, **RESTING).step()
    desk.ticket(1).ticket(1, kind="TRAILING_STOP", trail=50).step()
    assert (desk.working, desk.refused) == ([3], {})


def test_orders_of_an_asset_that_has_left_leave_before_the_open(kit):
    desk = not_listed(kit)
    desk.ticket(1, asset=1, **RESTING).ticket(1, **RESTING).step()
    assert desk.working == [1, 2]
    desk.step()
    assert (desk.working, desk.refused) == ([2], {})


def test_ids_count_every_order_with_lots(kit):
    desk = kit.Desk([[FLAT] * 2] * 3, cash=10_000.0)
    desk.order(1, asset=1).ticket(1, kind="LIMIT").ticket(0).step()
    assert desk.account["next_order_id"] == 3
