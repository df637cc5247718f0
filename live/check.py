"""The conformance suite of contract 5: every gateway must pass it, the local one and every broker's."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..market.errors import IntegrityError
from ..market.order import OrderKind
from .gateway import FillReport, Gateway, OrderReport, OrderRequest
from .order_id import order_id
from .stage import Stage

__all__ = ["check_gateway"]

REPORTED = frozenset(Stage) - {Stage.INTENT, Stage.SENT, Stage.WITHHELD}


@dataclass
class Trial:
    """One run over a gateway: what is found broken, how each order stood last, and the fills so far."""

    gateway: Gateway
    broken: list[str] = field(default_factory=list)
    stood: dict[str, OrderReport] = field(default_factory=dict)
    filled: dict[str, FillReport] = field(default_factory=dict)
    cursor: int = 0
    closed_at: int = -1

    def must(self, rule: str, holds: bool) -> None:
        """Note a broken rule."""
        if not holds and rule not in self.broken:
            self.broken.append(rule)

    def saw(self, report: OrderReport | None, request: OrderRequest) -> OrderReport:
        """Hold one report against the rules and against the last one about the same order."""
        if report is None:
            self.must("an order that was submitted is known by its client id", False)
            return self.stood.get(request.client_id) or OrderReport(
                client_id=request.client_id, symbol=request.symbol, stage=Stage.PENDING, lots=request.lots
            )
        before = self.stood.get(report.client_id)
        same = (report.client_id, report.symbol, report.lots) == (request.client_id, request.symbol, request.lots)
        self.must("a report names our client id, symbol and quantity", same)
        self.must("a gateway reports no stage of our own journal", report.stage in REPORTED)
        self.must(
            "filled lots have the order's side and do not exceed it",
            0 <= report.filled_lots * np.sign(report.lots) <= abs(report.lots),
        )
        self.must("an order at filled is filled in full", report.stage is not Stage.FILLED or report.filled_lots == report.lots)
        self.must("a rejection has a reason", report.stage is not Stage.REJECTED or bool(report.reason))
        if before is not None:
            self.must("a stage only moves forward", report.stage.rank >= before.stage.rank)
            self.must("a final stage stays", not before.stage.final or report.stage is before.stage)
            self.must("the filled quantity never falls", abs(report.filled_lots) >= abs(before.filled_lots))
        self.stood[report.client_id] = report
        return report

    def row(self) -> bool:
        """Take the next row and the fills that came with it."""
        row = self.gateway.next_row()
        if row is None:
            return False
        self.must("rows hold every asset", row.bars.shape == (len(self.gateway.assets),) == row.terms.shape)
        self.must("rows close later and later", row.close_at > self.closed_at)
        self.closed_at = row.close_at
        news, cursor = self.gateway.fills(self.cursor)
        again, cursor_again = self.gateway.fills(self.cursor)
        self.must("fills since a cursor are the same when asked again", (news, cursor) == (again, cursor_again))
        everything, end = self.gateway.fills(0)
        self.must(
            "fills since the start hold all fills in their order", (*self.filled.values(), *news) == everything and end == cursor
        )
        ids = [fill.execution_id for fill in news]
        self.must("execution ids are unique", len(set(ids)) == len(ids) and not set(ids) & set(self.filled))
        self.filled |= {fill.execution_id: fill for fill in news}
        self.cursor = cursor
        return True

    def settle(self, request: OrderRequest) -> OrderReport:
        """Look the order up and compare its filled quantity with its fills."""
        report = self.saw(self.gateway.order(request.client_id), request)
        total = sum(fill.lots for fill in self.filled.values() if fill.client_id == request.client_id)
        self.must("the filled quantity is the sum of the fills", total == report.filled_lots)
        return report


def check_gateway(factory: Callable[[], Gateway], *, lots: int = 1, away_ticks: int = 1) -> None:
    """Run the suite over a gateway; it trades, so give it a paper or a sandbox account.

    Args:
        factory: Returns a gateway before its first row, with a flat account, no orders and at least eight rows to come.
        lots: Size of the orders in lots of the first symbol; above its minimum, and affordable.
        away_ticks: Price of a buy limit that will not be reached, in ticks of the first symbol.

    Raises:
        IntegrityError: Names every rule that was broken.
    """
    trial = Trial(factory())
    trial.must("what is traded is among the assets of the rows", set(trial.gateway.symbols) <= set(trial.gateway.assets))
    trial.must("a session has a first row", trial.row())
    for exercise in (_unknown_ids, _market_order, _refusals, _cancel, _account):
        exercise(trial, lots, away_ticks)
    if trial.broken:
        raise IntegrityError(f"gateway {trial.gateway.name} breaks the contract: {'; '.join(trial.broken)}")


def _request(trial: Trial, number: int, lots: int) -> OrderRequest:
    symbol = trial.gateway.symbols[0]
    return OrderRequest(client_id=order_id("conformance", number, symbol), symbol=symbol, lots=lots)


def _unknown_ids(trial: Trial, lots: int, away_ticks: int) -> None:
    unknown = order_id("conformance", 999, "nothing")
    trial.must("an unknown id is answered with None", trial.gateway.order(unknown) is None)
    trial.must("cancelling an unknown id is answered with None", trial.gateway.cancel(unknown) is None)
    trial.must("a fresh account has no fills", trial.gateway.fills(0)[0] == ())


def _market_order(trial: Trial, lots: int, away_ticks: int) -> None:
    request = _request(trial, 0, lots)
    trial.saw(trial.gateway.submit(request), request)
    trial.saw(trial.gateway.submit(request), request)
    twin = trial.gateway.submit(replace(request, lots=2 * lots))
    trial.must("a known client id is never a second order", twin.lots == lots)
    for _ in range(2):
        trial.row()
        report = trial.settle(request)
        trial.saw(trial.gateway.submit(request), request)
    trial.must("a market order is filled within two rows, once", report.stage is Stage.FILLED and report.filled_lots == lots)
    stands = trial.saw(trial.gateway.cancel(request.client_id), request)
    trial.must("cancelling a filled order leaves it filled", stands.stage is Stage.FILLED)


def _refusals(trial: Trial, lots: int, away_ticks: int) -> None:
    stranger = replace(_request(trial, 1, lots), symbol="NO SUCH SYMBOL")
    report = trial.saw(trial.gateway.submit(stranger), stranger)
    trial.must("an unknown symbol is rejected with a reason, without an exception", report.stage is Stage.REJECTED)
    trial.saw(trial.gateway.submit(stranger), stranger)
    unpriced = replace(_request(trial, 2, lots), kind=OrderKind.LIMIT)
    report = trial.saw(trial.gateway.submit(unpriced), unpriced)
    trial.row()
    report = trial.settle(unpriced)
    trial.must("a limit order without a price is rejected with a reason", report.stage is Stage.REJECTED)


def _cancel(trial: Trial, lots: int, away_ticks: int) -> None:
    resting = replace(_request(trial, 3, lots), kind=OrderKind.LIMIT, price_ticks=away_ticks)
    trial.saw(trial.gateway.submit(resting), resting)
    trial.row()
    report = trial.settle(resting)
    trial.must("a limit order far from the price keeps working", report.stage in (Stage.PENDING, Stage.OPEN))
    trial.saw(trial.gateway.cancel(resting.client_id), resting)
    trial.row()
    report = trial.settle(resting)
    trial.must("a cancelled order is at cancelled one row later", report.stage is Stage.CANCELLED)
    trial.saw(trial.gateway.cancel(resting.client_id), resting)
    trial.saw(trial.gateway.submit(resting), resting)
    trial.row()
    trial.must("a cancelled order is not filled", trial.settle(resting).filled_lots == 0)


def _account(trial: Trial, lots: int, away_ticks: int) -> None:
    account = trial.gateway.account()
    symbol = trial.gateway.symbols[0]
    units = {position.symbol: position.units for position in account.positions}
    bought = sum(fill.units for fill in trial.filled.values() if fill.symbol == symbol)
    trial.must(
        "the account's positions are the sum of its fills", abs(units.get(symbol, 0.0) - bought) <= 1e-9 * max(1.0, abs(bought))
    )
    trial.must("cash and equity are finite", bool(np.isfinite([account.cash, account.equity]).all()))
