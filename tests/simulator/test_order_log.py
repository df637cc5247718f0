"""The log of an order's states, beside its fills."""

import numpy as np
import pytest

from quantgym.market.order import OrderState, Refusal

FLAT = (100,) * 4
DOWN = (100, 101, 89, 100)


def lines(desk):
    """(id, state, reason) of the last step."""
    log = desk.sim.log_of_step(0)
    return [(int(line["order_id"]), OrderState(line["state"]).name, Refusal(line["reason"]).name) for line in log]


def desk_of(kit, *bars, **settings):
    return kit.Desk([FLAT, *bars], **{"cash": 10_000.0, "log": True, "path": "olhc", **settings})


def test_a_limit_is_taken_works_and_fills(kit):
    desk = desk_of(kit, FLAT, DOWN)
    desk.ticket(5, kind="LIMIT", limit=90).step()
    assert lines(desk) == [(1, "PENDING", "NONE"), (1, "OPEN", "NONE")]
    log = desk.sim.log_of_step(0)
    assert log["filled_at"].tolist() == [desk.tape.close_at[0], desk.tape.open_at[1]]
    assert (log["lots"].tolist(), log["equity"].tolist(), log["attribution"].tolist()) == ([0, 0], [10_000.0] * 2, [10_000.0] * 2)
    desk.step()
    assert lines(desk) == [(1, "FILLED", "NONE")]
    assert desk.sim.log_of_step(0)["lots"].tolist() == [5]


@pytest.mark.parametrize("ticket", [False, True])
def test_a_market_order_says_the_same_from_intent_and_ticket(kit, ticket):
    desk = desk_of(kit, FLAT)
    desk.ticket(5).step() if ticket else desk.order(5).step()
    assert lines(desk) == [(1, "PENDING", "NONE"), (1, "OPEN", "NONE"), (1, "FILLED", "NONE")]


@pytest.mark.parametrize("ticket", [False, True])
def test_one_that_cannot_be_filled_is_cancelled_and_says_why(kit, ticket):
    ends = ((5, 10.0, "CANCELLED", "NO_CASH"), (-5, 10.0, "CANCELLED", "NO_SHORT"), (5, 310.0, "CANCELLED", "NONE"))
    for lots, cash, state, reason in ends:
        desk = desk_of(kit, FLAT, cash=cash)
        desk.ticket(lots).step() if ticket else desk.order(lots).step()
        assert lines(desk)[-1] == (1, state, reason)


def test_a_refusal_is_a_line_with_its_reason(kit):
    desk = desk_of(kit, FLAT)
    desk.order(5, limit=-1).ticket(1, asset=8).step()
    assert lines(desk) == [(1, "REJECTED", "BAD_PRICE"), (2, "REJECTED", "UNKNOWN_ASSET")]


def test_what_volume_cuts_is_partially_filled(kit):
    desk = desk_of(kit, FLAT, FLAT, volume=16, participation=0.25)
    desk.ticket(6).step()
    assert lines(desk)[-1] == (1, "PARTIALLY_FILLED", "NONE")
    desk.step()
    assert lines(desk) == [(1, "FILLED", "NONE")]


def test_cancels_dates_sessions_and_looks(kit):
    desk = desk_of(kit, FLAT, FLAT, FLAT)
    date = int(desk.tape.open_at[2])
    desk.ticket(1, kind="LIMIT", limit=90).ticket(1, kind="LIMIT", limit=90, tif="GTD", expires_at=date)
    desk.ticket(1, kind="LIMIT", limit=90, tif="DAY").ticket(1, kind="LIMIT", limit=90, tif="IOC").step()
    assert lines(desk)[-2:] == [(4, "CANCELLED", "NONE"), (3, "EXPIRED", "NONE")]
    desk.cancel(1).step()
    assert lines(desk) == [(1, "CANCELLED", "NONE"), (2, "EXPIRED", "NONE")]


def test_a_bracket_tells_the_whole_story(kit):
    desk = desk_of(kit, FLAT, (100, 111, 99, 110))
    desk.ticket(5).ticket(-5, kind="STOP", stop=90, parent=1, group=1).ticket(-5, kind="LIMIT", limit=110, parent=1, group=1).step()
    assert [line[:2] for line in lines(desk)] == [(1, "PENDING"), (2, "PENDING"), (3, "PENDING"), (1, "OPEN"), (1, "FILLED")]
    desk.step()
    assert [line[:2] for line in lines(desk)] == [(2, "OPEN"), (3, "OPEN"), (3, "FILLED"), (2, "CANCELLED")]


def test_ruin_and_the_end_of_an_asset(kit):
    desk = desk_of(kit, FLAT, (1,) * 4, ruin_equity_fraction=0.5, cash=1_000.0)
    desk.order(10).ticket(1, kind="LIMIT", limit=0.5).step()
    desk.step()
    assert lines(desk) == [(2, "CANCELLED", "RUINED")]
    desk = kit.Desk([[FLAT] * 2] * 4, halted=[(2, 1), (3, 1)], log=True)
    desk.ticket(1, asset=1, kind="LIMIT", limit=90).step()
    desk.step()
    assert lines(desk) == [(1, "EXPIRED", "NOT_LISTED")]
    desk = desk_of(kit, FLAT, FLAT, terms={"roll": [[np.nan], [np.nan], [1.0]]})
    desk.ticket(1, kind="LIMIT", limit=90).step()
    desk.step()
    assert lines(desk) == [(1, "EXPIRED", "ROLLED")]


def test_trials_of_paths_leave_no_lines(kit):
    desk = desk_of(kit, (100, 111, 89, 100), path="adverse")
    desk.ticket(5, kind="LIMIT", limit=90, group=1).ticket(5, kind="STOP", stop=110, group=1).step()
    assert [line[:2] for line in lines(desk)][2:] == [(1, "OPEN"), (2, "OPEN"), (2, "FILLED"), (1, "CANCELLED")]


def test_without_it_fills_alone_are_logged_and_say_their_state(kit):
    desk = desk_of(kit, FLAT, log=False)
    desk.ticket(5).ticket(1, kind="LIMIT", limit=90).step()
    assert lines(desk) == [(1, "FILLED", "NONE")]
    assert desk.sim.record["n_logged"][0] == desk.sim.record["n_fills"][0] == 1


def test_every_state_is_reached_and_every_order_ends_once(scenario):
    states, ends = set(), {}

    def check(simulator, _):
        for e in range(simulator.n_envs):
            log = simulator.log_of_step(e)
            assert len(log) == simulator.record["n_logged"][e]
            states.update(log["state"].tolist())
            for line in log[(log["state"] >= OrderState.FILLED) & (log["order_id"] > 0)]:
                ends[e, int(line["order_id"])] = ends.get((e, int(line["order_id"])), 0) + 1

    simulator, _ = scenario.Scenario(31, n_envs=24, n_rows=40).play(record=check, log=True)
    assert states == set(range(1, 8))
    assert set(ends.values()) == {1}
    # what has begun and not ended works still
    for e in range(24):
        ended = sum(1 for env, _ in ends if env == e)
        assert ended + simulator.account["n_working"][e] == simulator.account["next_order_id"][e] - 1
