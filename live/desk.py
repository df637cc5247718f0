"""The order desk: the only place from which anything is sent, and only what the guard passed and the journal holds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from ..data.row import Row
from ..market.errors import IntegrityError
from .gateway import FillReport, Gateway, GatewayError, OrderReport, OrderRequest, UnknownOutcomeError
from .guard import Guard
from .journal import Journal
from .record import DecisionRecord, OrderRecord
from .stage import Stage

__all__ = ["News", "OrderDesk"]

TRIES = 5
News = tuple[tuple[OrderReport, ...], tuple[FillReport, ...], int]
"""How orders stand that were not at an end, new fills, and the cursor after them."""
log = structlog.get_logger("quantgym.live")


class OrderDesk:
    """Brings decided orders to a known outcome.

    An order goes out when the guard has passed it and its stage `sent` is on the disk, never before. After an answer that did not
    come the order is looked up; if the broker does not know it, the desk waits longer than a request can still land, looks again
    and sends the SAME id.

    Attributes:
        told: Every fill that the broker told, by execution id.

    Args:
        gateway: The broker.
        journal: Where the orders are written.
        guard: What every order passes.
        wait: Sleeps for so many ns; injected, so that tests need not wait.
    """

    def __init__(self, gateway: Gateway, journal: Journal, guard: Guard, wait: Callable[[int], None]) -> None:
        self._gateway, self._journal, self._guard, self._wait = gateway, journal, guard, wait
        self.told: dict[str, FillReport] = {}
        self._watched: dict[str, OrderRequest] = {}  # what a broker took and has not brought to an end, as far as it is not filled

    def place(self, row: Row, decision: DecisionRecord, wanted: Sequence[OrderRecord], news: News) -> DecisionRecord:
        """Write what the row brought, the decision and the orders that pass the guard, all in one commit; then send them.

        Args:
            row: The row of the decision.
            decision: Without orders and refusals.
            wanted: The orders that it asks.
            news: What the broker told at this row.

        Returns:
            The decision with its orders and refusals.

        Raises:
            GatewayError, IntegrityError: See `drive`.
        """
        cancelled = set(decision.cancels)
        working = tuple(request for request in self.working() if request.client_id not in cancelled)
        passed, refused = self._guard.clear(row, wanted, working)
        whole = replace(decision, orders=passed, refusals=refused)
        with self._journal.commit():
            self._write(news)
            self._journal.decide(whole)
        self.drive(whole)
        return whole

    def drive(self, decision: DecisionRecord) -> None:
        """Cancel and send what a journaled decision asks; on return every order has an outcome on the disk.

        Orders that were written down but not sent when trading was halted are withheld for good.

        Raises:
            GatewayError: The broker could not be reached; the orders stay at `sent`, and the next start looks them up.
            IntegrityError: The broker does not know an order that it had confirmed.
        """
        reports = [self._cancelled(client_id) for client_id in decision.cancels]
        fresh = [order.request.client_id for order in decision.orders if order.stage is Stage.INTENT]
        if fresh and not self._guard.halted():
            with self._journal.commit():
                for client_id in fresh:
                    self._journal.mark_sent(client_id)
        for order in decision.orders:
            if order.stage is Stage.INTENT:
                reports.append(self._sent(order.request))
            elif order.stage is Stage.SENT:
                reports.append(self._found(order.request) or self._sent(order.request))
        withheld = {report.client_id for report in reports if report.stage is Stage.WITHHELD}
        for order in decision.orders:
            if order.stage is not Stage.WITHHELD and order.request.client_id not in withheld:
                self._watched[order.request.client_id] = order.request
        if reports:
            with self._journal.commit():
                for report in reports:
                    self._journal.absorb(report)

    def news(self, cursor: int) -> News:
        """Ask the broker about every order that was not at an end, and for the fills since `cursor`; nothing is written.

        Fills that were told before are left out, whatever the cursor says.

        Raises:
            IntegrityError: The broker does not know an order that it had confirmed, or tells a fill again with other numbers.
        """
        reports = tuple(self._confirmed(request) for request in self._watched.values())
        for report in reports:
            if report.stage.final:
                del self._watched[report.client_id]
            elif report.filled_lots not in (0, report.lots):
                request = self._watched[report.client_id]
                self._watched[report.client_id] = replace(request, lots=report.lots - report.filled_lots)
        told, cursor = self._gateway.fills(cursor)
        fills = []
        for fill in told:
            known = self.told.get(fill.execution_id)
            if known is None:
                self.told[fill.execution_id] = fill
                fills.append(fill)
            elif known != fill:
                raise IntegrityError(f"{self._gateway.name} told execution {fill.execution_id} again with other numbers: {fill}")
        return reports, tuple(fills), cursor

    def working(self) -> tuple[OrderRequest, ...]:
        """Return the orders that were not at an end when the broker was asked last, with the lots that were left of them."""
        return tuple(self._watched.values())

    def keep(self, news: News) -> None:
        """Write what the broker told, where anything of it is new."""
        if news[0] or news[1]:
            with self._journal.commit():
                self._write(news)

    def _write(self, news: News) -> None:
        reports, fills, _ = news
        for fill in fills:
            self._journal.fill(fill)
        for report in reports:
            self._journal.absorb(report)

    def _confirmed(self, request: OrderRequest) -> OrderReport:
        report = self._looked_up(request.client_id)
        if report is None:
            raise IntegrityError(
                f"{self._gateway.name} does not know order {request.client_id} ({request.symbol} {request.lots:+d} lots), "
                "which it had confirmed; compare journal and account before going on"
            )
        return report

    def _cancelled(self, client_id: str) -> OrderReport:
        try:
            report = self._gateway.cancel(client_id)
        except UnknownOutcomeError:
            report = self._looked_up(client_id)  # asking twice to cancel does no harm: the next row asks again
        if report is None:
            raise IntegrityError(f"{self._gateway.name} does not know order {client_id}, which was to be cancelled")
        return report

    def _sent(self, request: OrderRequest) -> OrderReport:
        for _ in range(TRIES):
            reason = self._guard.halted()
            if reason:
                return OrderReport(
                    client_id=request.client_id, symbol=request.symbol, stage=Stage.WITHHELD, lots=request.lots, reason=reason
                )
            try:
                report = self._gateway.submit(request)
            except GatewayError as error:
                log.warning("order_outcome_unknown", order=request.client_id, error=str(error))
            else:
                log.info("order_sent", order=request.client_id, symbol=request.symbol, lots=request.lots, stage=report.stage)
                return report
            found = self._found(request)
            if found is not None:
                return found
        raise GatewayError(
            f"{self._gateway.name}: order {request.client_id} ({request.symbol} {request.lots:+d} lots) found no outcome in "
            f"{TRIES} tries; it stays at sent in the journal and is looked up at the next start"
        )

    def _found(self, request: OrderRequest) -> OrderReport | None:
        # absent once is not absent: the request may still be on its way
        report = self._looked_up(request.client_id)
        if report is None and self._gateway.landing_ns > 0:
            self._wait(self._gateway.landing_ns)
            report = self._looked_up(request.client_id)
        return report

    def _looked_up(self, client_id: str) -> OrderReport | None:
        failure: GatewayError | None = None
        for _ in range(TRIES):
            try:
                return self._gateway.order(client_id)
            except GatewayError as error:  # no answer is not "no such order"
                failure = error
                self._wait(self._gateway.landing_ns)
        raise GatewayError(f"{self._gateway.name}: order {client_id} could not be looked up in {TRIES} tries: {failure}")
