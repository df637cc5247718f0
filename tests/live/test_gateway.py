from dataclasses import replace

import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.live.check import check_gateway
from quantgym.live.gateway import Gateway, OrderReport, OrderRequest
from quantgym.live.order_id import order_id
from quantgym.live.paper import PaperGateway
from quantgym.live.stage import Stage
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, IntegrityError
from quantgym.market.order import OrderKind, Refusal

TAPE = gbm_tape(3, 30, 2)
GATEWAYS = {
    "paper": lambda: PaperGateway(TAPE, CostSettings(), 100_000.0, (5, 30)),
    "paper, one asset of two": lambda: PaperGateway(TAPE, CostSettings(), 100_000.0, (0, 30), symbols=["S1"]),
    "paper, late arrivals": lambda: PaperGateway(TAPE, CostSettings(latency_ms=60_000.0), 100_000.0, (5, 30)),
}


@pytest.mark.parametrize("factory", GATEWAYS.values(), ids=GATEWAYS.keys())
def test_every_gateway_keeps_the_contract(factory):
    assert isinstance(factory(), Gateway)
    check_gateway(factory)


class Faulty(PaperGateway):
    """A paper gateway with one planted fault."""

    fault = ""

    def submit(self, request):
        if self.fault == "a known client id is never a second order":
            request = replace(request, client_id=order_id("twin", len(self._orders), request.symbol))
        report = super().submit(request)
        if self.fault == "a rejection has a reason":
            return replace(report, reason="")
        return report

    def order(self, client_id):
        report = super().order(client_id)
        if self.fault == "an unknown id is answered with None" and report is None:
            return OrderReport(client_id=client_id, symbol="S0", stage=Stage.OPEN, lots=1)
        if self.fault == "a stage only moves forward" and report is not None and report.stage is Stage.FILLED:
            return replace(report, stage=Stage.OPEN)
        if self.fault == "the filled quantity is the sum of the fills" and report is not None and report.filled_lots:
            return replace(report, filled_lots=0, stage=Stage.OPEN)
        return report

    def cancel(self, client_id):
        if self.fault == "a cancelled order is at cancelled one row later":
            return self.order(client_id)
        return super().cancel(client_id)

    def fills(self, cursor=0):
        fills, end = super().fills(cursor)
        if self.fault == "execution ids are unique":
            fills = tuple(replace(fill, execution_id="1") for fill in fills) * 2
        if self.fault == "fills since the start hold all fills in their order":
            return fills, 0
        return fills, end

    def next_row(self):
        row = super().next_row()
        if self.fault == "rows close later and later" and row is not None:
            return replace(row, close_at=7)
        return row


FAULTS = (
    "a known client id is never a second order", "a rejection has a reason", "an unknown id is answered with None",
    "a stage only moves forward", "the filled quantity is the sum of the fills", "a cancelled order is at cancelled one row later",
    "execution ids are unique", "fills since the start hold all fills in their order", "rows close later and later",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_planted_fault_is_named(fault):
    class Planted(Faulty):
        pass

    Planted.fault = fault
    with pytest.raises(IntegrityError, match=fault):
        check_gateway(lambda: Planted(TAPE, CostSettings(), 100_000.0, (5, 30)))


def request(number, lots, symbol="S0", **changes):
    return OrderRequest(client_id=order_id("test", number, symbol), symbol=symbol, lots=lots, **changes)


def test_a_buy_is_filled_at_the_next_open_and_the_account_says_so():
    gateway = PaperGateway(TAPE, CostSettings().without_costs(), 100_000.0, (5, 30))
    assert gateway.history().n_rows == 5
    gateway.next_row()
    gateway.submit(request(0, 100))
    gateway.next_row()
    (fill,), cursor = gateway.fills()
    assert (fill.lots, fill.price, cursor) == (100, TAPE.open[6, 0], 1)
    account = gateway.account()
    # 100,000 less 100 at the open, no costs; worth 100 at the close
    assert account.cash == 100_000.0 - 100 * TAPE.open[6, 0]
    assert account.equity == account.cash + 100 * TAPE.close[6, 0]
    assert account.positions[0].units == 100.0
    assert gateway.fills(cursor) == ((), 1)


def test_a_refusal_by_the_exchange_carries_its_reason():
    gateway = PaperGateway(TAPE, CostSettings(), 100_000.0, (5, 30))
    gateway.next_row()
    gateway.submit(request(0, -5))
    gateway.submit(request(0, 5, "S1", kind=OrderKind.STOP))
    gateway.next_row()
    assert gateway.order(request(0, -5).client_id).stage is Stage.REJECTED
    assert "no_short" in gateway.order(request(0, -5).client_id).reason
    assert dict(gateway.account().refused) == {Refusal.NO_SHORT: 1, Refusal.BAD_PRICE: 1}


def test_a_buy_beyond_the_cash_is_filled_in_part_and_says_why():
    gateway = PaperGateway(TAPE, CostSettings(), 1_000.0, (5, 30))
    gateway.next_row()
    gateway.submit(request(0, 50))
    gateway.next_row()
    report = gateway.order(request(0, 50).client_id)
    assert (report.stage, report.reason) == (Stage.CANCELLED, "scaled_cash")
    assert 0 < report.filled_lots < 50


def test_what_the_paper_broker_does_not_take_is_refused_with_a_reason():
    gateway = PaperGateway(TAPE, CostSettings(), 1_000.0, (5, 7))
    assert "not begun" in gateway.submit(request(0, 1)).reason
    gateway.next_row()
    gateway.submit(request(1, 1))
    assert "one for each symbol and row" in gateway.submit(request(2, 1)).reason
    gateway.next_row()
    assert "is over" in gateway.submit(request(3, 1)).reason
    assert gateway.next_row() is None


def test_orders_taken_before_a_restart_are_played_again():
    first = PaperGateway(TAPE, CostSettings(), 100_000.0, (5, 30))
    taken = []
    for number in range(10):
        row = first.next_row()
        taken.append((row.close_at, request(number, 3 + number)))
        first.submit(taken[-1][1])
    second = PaperGateway(TAPE, CostSettings(), 100_000.0, (5, 30), taken=taken)
    for _ in range(10):
        second.next_row()
    assert (second.fills(), second.account()) == (first.fills(), first.account())
    assert second.order(taken[-1][1].client_id).stage is Stage.PENDING


def test_an_order_that_asks_nothing_or_has_no_proper_id_is_refused():
    with pytest.raises(ConfigError, match="lots must not be 0"):
        request(0, 0)
    with pytest.raises(ConfigError, match="32 hex digits, was 'X'"):
        OrderRequest(client_id="X", symbol="S0", lots=1)


def test_rows_outside_of_the_tape_are_refused():
    with pytest.raises(DataError, match=r"two rows of \[0, 30\) or more, was \[29, 30\)"):
        PaperGateway(TAPE, CostSettings(), 1_000.0, (29, 30))
