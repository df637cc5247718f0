"""The guard: every order passes it before it is written down, and the switch is looked at again before it is sent."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import structlog

from ..data.row import Row
from ..market.limits import (
    LimitSettings,
    limit_intent,
    limit_records,
    new_limit_use,
    new_pending,
    note_order,
    order_price,
    suppose,
    watch_equity,
)
from ..market.order import Refusal
from .books import Books
from .gateway import OrderRequest
from .journal import Journal
from .record import OrderRecord, RefusalRecord

__all__ = ["Guard"]

HALTED, STALE, DUPLICATE = "halted", "stale_row", "duplicate_order"
log = structlog.get_logger("quantgym.live")


class Guard:
    """Says no, with a reason, and remembers that it was stopped.

    Limits are those of `market.limits`, by the kernel that the environments call. Orders of one decision, and orders that work
    already, may be filled or not: each is judged by the worse of the two. What may only reduce is held back by the order rate.

    Args:
        books: Our account, which the limits are held against.
        journal: Keeps the halt across restarts.
        halt_file: Kill switch: while trading goes on, a file here halts it at once. Taking the file away does not resume.
        clock: ns UTC; compared with rows only where `max_row_age_ns` is set.
        limits: What the account may not exceed; None: all limits off.
        max_row_age_ns: No order is sent on a row that closed longer ago; None: rows are history, their age means nothing.
    """

    def __init__(
        self,
        books: Books,
        journal: Journal,
        halt_file: Path | None,
        clock: Callable[[], int],
        *,
        limits: LimitSettings | None = None,
        max_row_age_ns: int | None = None,
    ) -> None:
        settings = limits or LimitSettings()
        self._books, self._limits, self._use = books, limit_records(settings), new_limit_use()
        self._rate_alone = limit_records(LimitSettings(max_orders_per_minute=settings.max_orders_per_minute))
        self._journal, self._halt_file, self._clock, self._max_row_age_ns = journal, halt_file, clock, max_row_age_ns
        self._last_close = -1
        state, reason = journal.state()
        self._halted = reason if state == "halted" else ""

    def admit(self, row: Row) -> str:
        """Return why a row must not be used: it is the last one again, or an older one; empty where it is new."""
        if row.close_at > self._last_close:
            self._last_close = row.close_at
            return ""
        return "duplicate_row" if row.close_at == self._last_close else "late_row"

    def halt(self, reason: str) -> None:
        """Stop sending orders until somebody resumes; written down at once."""
        if not self._halted:
            self._halted = reason
            with self._journal.commit():
                self._journal.set_state("halted", reason)
            log.error("halted", deployment=self._journal.deployment, reason=reason)

    def halted(self) -> str:
        """Look at the switch; return why nothing may be sent, or an empty string."""
        if not self._halted and self._halt_file is not None and self._halt_file.exists():
            self.halt(f"kill switch {self._halt_file.name}")
        return self._halted

    def watch(self, row: Row) -> None:
        """Take note of the equity at a close: the day's first is what the daily loss is measured from."""
        watch_equity(0, row.close_at, self._books.account, self._use)

    def note(self, row: Row, orders: Sequence[OrderRecord]) -> None:
        """Count orders that a row sent, for the order rate."""
        for _ in orders:
            note_order(0, row.close_at, self._use)

    def clear(
        self, row: Row, wanted: Sequence[OrderRecord], working: Sequence[OrderRequest] = ()
    ) -> tuple[tuple[OrderRecord, ...], tuple[RefusalRecord, ...]]:
        """Return the orders that may go out, and the others with their reasons.

        Args:
            row: The row at whose close they were decided.
            wanted: What the decision asks.
            working: Orders that are at the broker already.
        """
        passed: list[OrderRecord] = []
        refused: list[RefusalRecord] = []
        pending = new_pending(1, len(self._books.instruments))
        for request in working:
            self._suppose(pending, request)
        for order in wanted:
            reason = self._objection(row, order, passed, pending)
            if reason:
                refused.append(RefusalRecord(symbol=order.request.symbol, lots=order.request.lots, reason=reason))
                tell = log.info if reason == HALTED else log.warning  # the halt was told, once, as an error
                tell("order_refused", order=order.request.client_id, symbol=order.request.symbol, reason=reason)
            else:
                passed.append(order)
                self._suppose(pending, order.request)
                self.note(row, (order,))
        return tuple(passed), tuple(refused)

    def _suppose(self, pending: np.ndarray, request: OrderRequest) -> None:
        if not request.reduce_only:
            suppose(0, self._books.index_of(request.symbol), request.lots, pending)

    def _objection(self, row: Row, order: OrderRecord, passed: Sequence[OrderRecord], pending: np.ndarray) -> str:
        if self.halted():
            return HALTED
        if self._max_row_age_ns is not None and self._clock() - row.close_at > self._max_row_age_ns:
            return STALE
        request = order.request
        twin = any(other.request.symbol == request.symbol and other.leg == order.leg for other in passed)
        if twin or self._journal.order(request.client_id) is not None:
            return DUPLICATE
        books, asset = self._books, self._books.index_of(request.symbol)
        limits = self._rate_alone if request.reduce_only else self._limits
        mark, tick = float(books.position["mark"][0, asset]), float(books.instruments["tick"][asset])
        price = order_price(mark, request.price_ticks, request.stop_ticks, tick)
        refusal = limit_intent(
            0, asset, request.lots, request.lots, price, row.close_at, books.instruments, limits, books.account, books.position,
            pending, self._use,
        )  # fmt: skip
        return "" if refusal == Refusal.NONE else Refusal(refusal).name.lower()
