"""The guard: every order passes it before it is written down, and the switch is looked at again before it is sent."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import structlog

from ..data.row import Row
from ..market.limits import LimitSettings, limit_intent, limit_records, new_limit_use, note_order, watch_equity
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
    already, count as if they were filled, those that reduce a position as if they were not.

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
        self._books, self._limits, self._use = books, limit_records(limits or LimitSettings()), new_limit_use()
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
        supposed = self._books.position.copy()
        for request in working:
            self._suppose(supposed, request)
        for order in wanted:
            reason = self._objection(row, order, passed, supposed)
            if reason:
                refused.append(RefusalRecord(symbol=order.request.symbol, lots=order.request.lots, reason=reason))
                tell = log.info if reason == HALTED else log.warning  # the halt was told, once, as an error
                tell("order_refused", order=order.request.client_id, symbol=order.request.symbol, reason=reason)
            else:
                passed.append(order)
                self._suppose(supposed, order.request)
                self.note(row, (order,))
        return tuple(passed), tuple(refused)

    def _suppose(self, supposed: np.ndarray, request: OrderRequest) -> None:
        asset = self._books.index_of(request.symbol)
        held = float(supposed["units"][0, asset])
        after = held + request.lots * float(self._books.instruments["lot"][asset])
        if abs(after) > abs(held):
            supposed["units"][0, asset] = after

    def _objection(self, row: Row, order: OrderRecord, passed: Sequence[OrderRecord], supposed: np.ndarray) -> str:
        if self.halted():
            return HALTED
        if self._max_row_age_ns is not None and self._clock() - row.close_at > self._max_row_age_ns:
            return STALE
        request = order.request
        twin = any(other.request.symbol == request.symbol and other.leg == order.leg for other in passed)
        if twin or self._journal.order(request.client_id) is not None:
            return DUPLICATE
        asset = self._books.index_of(request.symbol)
        tick = float(self._books.instruments["tick"][asset])
        price = max(float(supposed["mark"][0, asset]), request.price_ticks * tick, request.stop_ticks * tick)
        refusal = limit_intent(
            0, asset, request.lots, price, row.close_at, self._books.instruments, self._limits, self._books.account, supposed,
            self._use,
        )  # fmt: skip
        return "" if refusal == Refusal.NONE else Refusal(refusal).name.lower()
