from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from quantgym.live.desk import OrderDesk
from quantgym.live.gateway import GatewayError, OrderReport, OrderRequest, UnknownOutcomeError
from quantgym.live.journal import Journal
from quantgym.live.order_id import order_id
from quantgym.live.record import DecisionRecord, OrderRecord
from quantgym.live.stage import Stage
from quantgym.market.errors import IntegrityError

LANDING = 5


class Open:
    """A guard that passes everything."""

    def halted(self):
        return ""

    def clear(self, row, wanted, working=()):
        return tuple(wanted), ()


@dataclass
class Broker:
    """Keeps its orders whatever happens to us; `script` says what each request meets."""

    script: list = field(default_factory=list)
    orders: dict = field(default_factory=dict)
    requests: int = 0
    lookups_down: int = 0
    on_its_way: list = field(default_factory=list)

    name, landing_ns = "fake", LANDING

    def submit(self, request):
        self.requests += 1
        act = self.script.pop(0) if self.script else "take"
        report = OrderReport(client_id=request.client_id, symbol=request.symbol, stage=Stage.OPEN, lots=request.lots)
        if act == "take":
            return self.orders.setdefault(request.client_id, report)
        if act == "lost after":
            self.orders.setdefault(request.client_id, report)
        if act == "late":
            self.on_its_way.append(report)
        raise UnknownOutcomeError(act)

    def wait(self, ns):
        assert ns == LANDING
        for report in self.on_its_way:
            self.orders.setdefault(report.client_id, report)
        self.on_its_way = []

    def order(self, client_id):
        if self.lookups_down:
            self.lookups_down -= 1
            raise GatewayError("no answer")
        return self.orders.get(client_id)

    def cancel(self, client_id):
        known = self.orders.get(client_id)
        if known is not None:
            self.orders[client_id] = known = replace(known, stage=Stage.CANCELLED)
        return known

    def fills(self, cursor=0):
        return (), cursor


def decision(sequence=0, cancels=()):
    request = OrderRequest(client_id=order_id("demo", sequence, "A"), symbol="A", lots=3)
    return DecisionRecord(sequence=sequence, close_at=1, observation_digest="", action=np.zeros(1), equity=1.0, cancels=cancels), (
        OrderRecord(request=request, sequence=sequence),
    )


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite", "demo", {}, clock=lambda: 0)
    yield journal
    journal.close()


def placed(journal, broker, sequence=0, cancels=()):
    record, wanted = decision(sequence, cancels)
    desk = OrderDesk(broker, journal, Open(), broker.wait)
    desk.place(None, record, wanted, ((), (), 0))
    return desk


@pytest.mark.parametrize(
    ("script", "requests"),
    [(["take"], 1), (["lost after"], 1), (["lost before", "take"], 2), (["late"], 1), (["lost before", "lost after"], 2)],
)
def test_whatever_happens_to_the_answer_there_is_one_order(journal, script, requests):
    broker = Broker(script)
    placed(journal, broker)
    assert list(broker.orders) == [decision()[1][0].request.client_id]
    assert broker.requests == requests
    assert journal.orders()[0].stage is Stage.OPEN


def test_a_lookup_without_an_answer_is_not_an_order_that_does_not_exist(journal):
    broker = Broker(["lost after"], lookups_down=3)
    placed(journal, broker)
    assert (broker.requests, len(broker.orders)) == (1, 1)


def test_a_broker_that_stays_silent_leaves_the_order_at_sent(journal):
    broker = Broker(["lost after"], lookups_down=99)
    with pytest.raises(GatewayError, match="could not be looked up in 5 tries: no answer"):
        placed(journal, broker)
    assert journal.orders()[0].stage is Stage.SENT
    broker.lookups_down = 0  # the next start finds it and sends nothing
    OrderDesk(broker, journal, Open(), broker.wait).drive(journal.decision(0))
    assert (broker.requests, journal.orders()[0].stage) == (1, Stage.OPEN)


def test_requests_that_never_arrive_end_in_an_error_and_stay_at_sent(journal):
    broker = Broker(["lost before"] * 9)
    with pytest.raises(GatewayError, match="found no outcome in 5 tries; it stays at sent"):
        placed(journal, broker)
    assert (broker.orders, journal.orders()[0].stage) == ({}, Stage.SENT)


class Listening(Open):
    """Remembers what it was told to be working."""

    def clear(self, row, wanted, working=()):
        self.heard = [(request.client_id, request.lots) for request in working]
        return tuple(wanted), ()


def test_the_guard_hears_of_what_is_left_of_working_orders_and_not_of_what_is_being_cancelled(journal):
    broker, guard = Broker(), Listening()
    desk = OrderDesk(broker, journal, guard, broker.wait)
    for sequence in range(2):
        desk.place(None, *decision(sequence), ((), (), 0))
    first, second = broker.orders
    broker.orders[first] = replace(broker.orders[first], filled_lots=1, stage=Stage.PARTIALLY_FILLED)
    news = desk.news(0)
    desk.place(None, *decision(2, cancels=(second,)), news)
    assert guard.heard == [(first, 2)]  # 3 lots, one filled: it is in the books


def test_nothing_is_sent_that_is_not_on_the_disk(journal, monkeypatch):
    broker = Broker()
    seen = []
    submit = broker.submit
    broker.submit = lambda request: seen.append(journal.order(request.client_id).stage) or submit(request)
    placed(journal, broker)
    assert seen == [Stage.SENT]


def test_a_cancel_reaches_the_order_and_an_unknown_one_stops(journal):
    broker = Broker()
    placed(journal, broker)
    first = decision()[1][0].request.client_id
    placed(journal, broker, 1, cancels=(first,))
    assert journal.order(first).stage is Stage.CANCELLED
    del broker.orders[first]
    with pytest.raises(IntegrityError, match=r"does not know order .*, which was to be cancelled"):
        placed(journal, broker, 2, cancels=(first,))
