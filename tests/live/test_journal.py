import sqlite3
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from quantgym.live.gateway import FillReport, OrderReport, OrderRequest
from quantgym.live.journal import Journal
from quantgym.live.order_id import order_id
from quantgym.live.record import DecisionRecord, OrderRecord, RefusalRecord, observation_digest
from quantgym.live.schema import JOURNAL_VERSION
from quantgym.live.stage import Stage
from quantgym.market.errors import DataError, IntegrityError

SETTINGS = {"tape": "abc", "cash": 1000.0}


def opened(folder, settings=SETTINGS, deployment="demo"):
    return Journal.open(folder / "journal.sqlite", deployment, settings, clock=lambda: 42)


def request(sequence=0, lots=5):
    return OrderRequest(client_id=order_id("demo", sequence, "AAPL"), symbol="AAPL", lots=lots)


def decision(sequence=0, lots=5, **changes):
    order = OrderRecord(request=request(sequence, lots), sequence=sequence)
    base = DecisionRecord(
        sequence=sequence,
        close_at=100 + sequence,
        observation_digest="d" * 32,
        action=np.array([0.25, -1.0]),
        equity=1000.0,
        orders=(order,),
    )
    return replace(base, **changes)


def report(stage, filled=0, lots=5, **changes):
    return OrderReport(client_id=request().client_id, symbol="AAPL", stage=stage, lots=lots, filled_lots=filled, **changes)


def fill(execution="x1", lots=5, price=10.1):
    return FillReport(
        execution_id=execution,
        client_id=request().client_id,
        symbol="AAPL",
        lots=lots,
        units=float(lots),
        price=price,
        reference=10.0,
        commission=0.1 + 0.2,
    )


@pytest.fixture
def journal(tmp_path):
    journal = opened(tmp_path)
    yield journal
    journal.close()


def written(journal, *decisions):
    with journal.commit():
        for item in decisions:
            journal.decide(item)


def test_a_decision_comes_back_with_every_bit(tmp_path, journal):
    taken = decision(refusals=(RefusalRecord(symbol="IBM", lots=3, reason="limit_gross"),), output='{"value": [1.5]}')
    written(journal, taken)
    journal.close()
    again = opened(tmp_path)
    kept = again.decision(0)
    assert kept is not None
    assert kept.action.tobytes() == taken.action.tobytes()
    assert (kept.orders, kept.refusals, kept.output) == (taken.orders, taken.refusals, taken.output)
    assert (again.n_decisions(), again.decision(1)) == (1, None)
    again.close()


def test_fills_keep_their_bits_and_count_once(journal):
    written(journal, decision())
    with journal.commit():
        assert journal.fill(fill())
        assert not journal.fill(fill())
    assert journal.fills() == (fill(),)
    assert journal.fills()[0].commission == 0.1 + 0.2


def test_a_fill_that_changes_its_numbers_is_refused(journal):
    written(journal, decision())
    with journal.commit():
        journal.fill(fill())
    with pytest.raises(IntegrityError, match="reported twice with different numbers"), journal.commit():
        journal.fill(fill(price=10.2))


def test_a_fill_of_an_order_that_was_never_decided_is_refused(journal):
    with pytest.raises(IntegrityError, match="somebody else trades this account"), journal.commit():
        journal.fill(fill())


def test_orders_only_move_forward_whatever_the_order_of_reports(journal):
    written(journal, decision())
    with journal.commit():
        journal.mark_sent(request().client_id)
        journal.absorb(report(Stage.PARTIALLY_FILLED, 2))
        assert not journal.absorb(report(Stage.OPEN))  # late: older than what we know
        assert not journal.absorb(report(Stage.PARTIALLY_FILLED, 1))
        journal.absorb(report(Stage.CANCELLED, 2))
        journal.absorb(report(Stage.FILLED, 5))  # a fill after the cancel: quantity rises, the stage stays
        journal.mark_sent(request().client_id)
    kept = journal.order(request().client_id)
    assert (kept.stage, kept.filled_lots) == (Stage.CANCELLED, 5)
    assert journal.unsettled() == ()


def test_the_file_itself_refuses_a_step_back(journal):
    written(journal, decision())
    with journal.commit():
        journal.absorb(report(Stage.FILLED, 5))
    with pytest.raises(IntegrityError, match="only moves forward"), journal.commit():
        journal._run("UPDATE orders SET stage = 'open'")
    with pytest.raises(IntegrityError, match="only added"), journal.commit():
        journal._run("DELETE FROM events")


def test_a_report_about_another_quantity_is_refused(journal):
    written(journal, decision())
    with pytest.raises(IntegrityError, match=r"AAPL \+5 lots here and AAPL \+6 at the broker"), journal.commit():
        journal.absorb(report(Stage.OPEN, lots=6))


def test_a_block_that_fails_leaves_nothing_behind(journal):
    with suppress(ZeroDivisionError), journal.commit():
        journal.decide(decision())
        assert 1 // 0
    assert journal.n_decisions() == 0
    with pytest.raises(IntegrityError, match="UNIQUE"):
        written(journal, decision(), decision())
    assert (journal.n_decisions(), journal.events()) == (0, ())


def test_the_log_tells_the_order_of_writes(journal):
    written(journal, decision())
    with journal.commit():
        journal.mark_sent(request().client_id)
    with journal.commit():
        journal.absorb(report(Stage.PENDING))
        journal.fill(fill())
        journal.absorb(report(Stage.FILLED, 5))
    assert [kind for kind, _, _ in journal.events()] == ["intent", "sent", "pending", "fill", "filled"]


def test_halted_survives_a_restart(tmp_path, journal):
    with journal.commit():
        journal.set_state("halted", "kill switch")
    journal.close()
    again = opened(tmp_path)
    assert again.state() == ("halted", "kill switch")
    again.close()


def test_a_second_writer_is_refused(tmp_path, journal):
    with pytest.raises(IntegrityError, match="locked by process"):
        opened(tmp_path)


def test_other_settings_under_the_same_id_are_refused(tmp_path, journal):
    journal.close()
    with pytest.raises(IntegrityError, match=r"cash was 1000\.0, is 5\.0"):
        opened(tmp_path, {"tape": "abc", "cash": 5.0})


def test_a_newer_a_foreign_and_a_torn_journal_are_each_named(tmp_path, journal):
    journal.close()
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {JOURNAL_VERSION + 1}")
    database.close()
    with pytest.raises(IntegrityError, match=f"has version {JOURNAL_VERSION + 1}, this quantgym reads up to {JOURNAL_VERSION}"):
        opened(tmp_path)
    path.write_bytes(b"SQLite format 3\0" + b"torn" * 1000)
    with pytest.raises(IntegrityError, match="damaged"):
        opened(tmp_path)
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    with pytest.raises(IntegrityError, match="no journal of quantgym"):
        opened(tmp_path)


def test_a_database_that_another_program_holds_is_named(tmp_path, journal, monkeypatch):
    journal._database.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IntegrityError, match="locked by another program"):
        written(journal, decision())
    other.close()
    written(journal, decision())
    assert journal.n_decisions() == 1


def test_a_full_disk_writes_nothing_and_is_named(journal):
    journal._database.execute("PRAGMA max_page_count = 1")
    with pytest.raises(DataError, match=r"cannot be written .*full.*nothing is sent without it"):
        written(journal, *(decision(sequence) for sequence in range(300)))
    assert journal.n_decisions() == 0


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="No such file or directory"):
        opened(tmp_path / "nowhere")


def test_an_observation_digest_depends_on_every_bit():
    flat = np.arange(6, dtype=np.float32).reshape(1, 6)
    other = flat.copy()
    other[0, 5] = np.nextafter(other[0, 5], np.float32(9))
    assert observation_digest(flat) == observation_digest(flat.copy())
    assert len({observation_digest(flat), observation_digest(other), observation_digest(flat.astype(np.float64))}) == 3
