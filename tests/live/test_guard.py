from dataclasses import replace

import numpy as np
import pytest
from structlog.testing import capture_logs

from quantgym.data.row import Row
from quantgym.live.books import Books
from quantgym.live.gateway import OrderRequest
from quantgym.live.guard import Guard
from quantgym.live.journal import Journal
from quantgym.live.order_id import order_id
from quantgym.live.record import DecisionRecord, OrderRecord
from quantgym.market.bar import BAR, TERMS
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument
from quantgym.market.limits import LimitSettings

SECOND = 1_000_000_000
DAY = 86_400 * SECOND


def row(close_at=100 * DAY):
    bars, terms = np.zeros(2, BAR), np.zeros(2, TERMS)
    bars["close"], bars["present"], bars["tradable"] = 10.0, 1, 1
    terms["split"] = terms["fx"] = 1.0
    return Row(close_at - SECOND, close_at, bars, terms)


def order(symbol, lots, sequence=0, leg=0):
    request = OrderRequest(client_id=order_id("demo", sequence, symbol, leg=leg), symbol=symbol, lots=lots)
    return OrderRecord(request=request, sequence=sequence, leg=leg)


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite", "demo", {}, clock=lambda: 0)
    yield journal
    journal.close()


@pytest.fixture
def guard(journal, tmp_path):
    def made(limits=None, **settings):
        books = Books([Instrument(symbol="A"), Instrument(symbol="B")], CostSettings(), 1_000.0)
        books.open(row(99 * DAY))
        guard = Guard(books, journal, tmp_path / "HALT", clock=lambda: 100 * DAY + 60 * SECOND,
                      limits=LimitSettings(**limits) if limits else None, **settings)  # fmt: skip
        guard.watch(row())
        return guard

    return made


def reasons(guard, *wanted, working=()):
    passed, refused = guard.clear(row(), wanted, working)
    assert len(passed) + len(refused) == len(wanted)
    return [refusal.reason for refusal in refused]


def test_with_every_limit_off_everything_passes(guard):
    assert reasons(guard(), order("A", 10**6), order("B", -(10**6))) == []


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_order": 99.0}, "limit_order_size"),  # 10 lots at 10 are 100
        ({"max_position": 99.0}, "limit_position"),
        ({"max_gross": 99.0}, "limit_gross"),
        ({"max_net": 99.0}, "limit_net"),
        ({"max_leverage": 0.09}, "leverage"),
    ],
)
def test_each_limit_refuses_by_its_name_and_its_twin_passes(guard, limits, reason):
    assert reasons(guard(limits), order("A", 10)) == [reason]
    assert reasons(guard(limits), order("A", 9)) == []


def test_orders_of_one_decision_count_together(guard):
    # 60 + 60 exceed 100 though each alone does not
    assert reasons(guard({"max_gross": 100.0}), order("A", 6), order("B", 6)) == ["limit_gross"]


def test_orders_that_work_already_count_too(guard):
    assert reasons(guard({"max_gross": 100.0}), order("B", 6), working=(order("A", 6, 5).request,)) == ["limit_gross"]


def test_sales_of_one_decision_that_are_more_than_what_is_held_are_no_way_out(guard):
    limited = guard({"max_drawdown": 0.1})
    limited._books.account["peak_equity"] = 1_200.0
    limited._books.position["units"][0, 0] = 5.0
    # the first sells all five; each of the others would open a short, though each alone would only reduce
    assert reasons(limited, order("A", -5), order("A", -5, leg=1)) == ["limit_drawdown"]
    assert reasons(limited, order("A", -5), working=(order("A", -1, 5).request,)) == ["limit_drawdown"]
    assert reasons(limited, order("A", -4), working=(order("A", -1, 5).request,)) == []


def test_a_turn_of_the_position_counts_for_the_order_after_it(guard):
    limited = guard({"max_position": 100.0})
    limited._books.position["units"][0, 0] = 10.0
    # 10 held: -20 is short 10, worth 100; another -20 would be short 30
    assert reasons(limited, order("A", -20), order("A", -20, leg=1)) == ["limit_position"]


def test_what_may_only_reduce_passes_and_counts_for_nothing(guard):
    limited = guard({"max_drawdown": 0.1, "max_order": 40.0})
    limited._books.account["peak_equity"] = 1_200.0
    limited._books.position["units"][0, 0] = 5.0
    stop = order("A", -5, 5).request
    assert reasons(limited, order("A", -5), working=(replace(stop, reduce_only=True),)) == []


def test_the_order_rate_counts_what_was_sent_before_a_restart(guard):
    limited = guard({"max_orders_per_minute": 2})
    limited.note(row(), (order("A", 1, 7),))
    assert reasons(limited, order("A", 1), order("B", 1)) == ["limit_order_rate"]


def test_a_drawdown_stops_buying_and_not_selling(guard):
    limited = guard({"max_drawdown": 0.1})
    limited._books.account["peak_equity"] = 1_200.0
    limited._books.position["units"][0, 0] = 5.0
    assert reasons(limited, order("A", -5), order("B", 1)) == ["limit_drawdown"]


def test_an_order_that_was_decided_before_is_not_decided_again(guard, journal):
    kept = order("A", 1)
    with journal.commit():
        journal.decide(
            DecisionRecord(sequence=0, close_at=1, observation_digest="", action=np.zeros(1), equity=1.0, orders=(kept,))
        )
    assert reasons(guard(), kept) == ["duplicate_order"]
    assert reasons(guard(), order("B", 1, 1), order("B", 2, 2)) == ["duplicate_order"]
    assert reasons(guard(), order("B", 1, 1), order("B", 2, 1, leg=1)) == []


def test_a_row_that_is_too_old_sends_nothing(guard):
    assert reasons(guard(max_row_age_ns=59 * SECOND), order("A", 1)) == ["stale_row"]
    assert reasons(guard(max_row_age_ns=60 * SECOND), order("A", 1)) == []


def test_the_kill_switch_halts_and_taking_it_away_does_not_resume(guard, journal, tmp_path):
    first = guard()
    assert first.halted() == ""
    (tmp_path / "HALT").touch()
    assert reasons(first, order("A", 1)) == ["halted"]
    (tmp_path / "HALT").unlink()
    assert reasons(guard(), order("A", 1)) == ["halted"]  # after a restart
    with journal.commit():
        journal.set_state("running", "resumed")
    assert reasons(guard(), order("A", 1)) == []


def test_a_halt_is_told_once_and_not_with_every_order_that_it_refuses(guard, tmp_path):
    (tmp_path / "HALT").touch()
    with capture_logs() as lines:
        halted = guard()
        for _ in range(3):
            assert reasons(halted, order("A", 1), order("B", 1)) == ["halted", "halted"]
    loud = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert loud == ["halted"]
    assert [line["event"] for line in lines].count("order_refused") == 6


def test_rows_are_admitted_once_and_in_order(guard):
    fresh = guard()
    assert [fresh.admit(row(close_at)) for close_at in (5, 6, 6, 5, 7)] == ["", "", "duplicate_row", "late_row", ""]


def test_a_limit_that_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match=r"limits.max_drawdown is a fraction in \(0, 1\], was 5"):
        LimitSettings(max_drawdown=5.0)
