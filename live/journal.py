"""The journal: decisions, intents, outcomes and fills, on the disk before anything is sent."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..market.errors import ConfigError, IntegrityError
from .gateway import FORCED, FillReport, OrderReport
from .journal_reader import FILL_FIELDS, ORDER_COLUMNS, JournalReader, fill_of
from .record import DecisionRecord
from .schema import JournalLock, clear_error, open_database
from .stage import Stage

__all__ = ["Journal"]


class Journal(JournalReader):
    """The one record of a deployment that survives everything; one writer.

    Writes happen inside `with journal.commit():`, which is on the disk when the block ends, or not at all. Every write is
    idempotent: the same record again changes nothing, another record under the same key is an IntegrityError.
    """

    def __init__(
        self, path: Path, database: sqlite3.Connection, lock: JournalLock, deployment: str, clock: Callable[[], int]
    ) -> None:
        super().__init__(path, database, deployment)
        self._lock, self._clock = lock, clock

    @classmethod
    def open(cls, path: Path | str, deployment: str, settings: Mapping[str, Any], *, clock: Callable[[], int]) -> "Journal":
        """Open or create the journal and enter the deployment in it.

        Args:
            path: SQLite file; its folder must exist.
            deployment: Id that persists across restarts; the order ids are made from it.
            settings: What the deployment runs (digests of bundle and tape, rows, costs, limits), JSON values.
            clock: ns UTC, for `recorded_at` alone.

        Raises:
            IntegrityError: Locked, damaged, of a newer version, or the deployment was begun with other settings.
            DataError: The file cannot be written.
            ConfigError: The deployment's id is empty.
        """
        path = Path(path)
        if not deployment:
            raise ConfigError("a deployment needs an id that is not empty")
        lock = JournalLock(path)
        lock.take()
        try:
            journal = cls(path, open_database(path), lock, deployment, clock)
        except BaseException:
            lock.release()
            raise
        try:
            journal._enter(json.dumps(settings, sort_keys=True))
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    def reopen(cls, path: Path | str, *, clock: Callable[[], int]) -> "Journal":
        """Open a journal that exists, whatever deployment it is of; errors as those of `open`, and where there is none."""
        path = Path(path)
        if not path.exists():
            raise IntegrityError(f"{path}: there is no journal here; deploy first, or name the deployment's folder")
        lock = JournalLock(path)
        lock.take()
        try:
            database = open_database(path)
            row = database.execute("SELECT id FROM deployments").fetchone()
        except BaseException:
            lock.release()
            raise
        if row is None:
            database.close()
            lock.release()
            raise IntegrityError(f"{path}: the journal holds no deployment; deploy first")
        return cls(path, database, lock, row[0], clock)

    def close(self) -> None:
        """Close the file and give the lock back."""
        self._database.close()
        self._lock.release()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """All writes of the block reach the disk together, or none does."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise clear_error(self.path, error) from error

    def decide(self, decision: DecisionRecord) -> None:
        """Write a decision with its intents, cancels and refusals; it must be the next one."""
        action = np.ascontiguousarray(decision.action)
        self._run(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.deployment,
            decision.sequence,
            decision.close_at,
            decision.observation_digest,
            action.dtype.str,
            action.tobytes(),
            decision.output,
            decision.equity,
            self._clock(),
        )
        for order in decision.orders:
            request = order.request
            self._run(
                f"INSERT INTO orders ({ORDER_COLUMNS}, deployment) VALUES ({', '.join('?' * 16)})",
                request.client_id,
                order.sequence,
                request.symbol,
                order.leg,
                order.child,
                order.attempt,
                request.lots,
                int(request.kind),
                int(request.tif),
                request.price_ticks,
                request.stop_ticks,
                int(request.reduce_only),
                order.stage,
                order.filled_lots,
                order.reason,
                self.deployment,
            )
            self.note(order.stage, request.client_id, f"{request.symbol} {request.lots:+d}")
        for client_id in decision.cancels:
            self._run("INSERT INTO cancels VALUES (?, ?, ?)", client_id, self.deployment, decision.sequence)
            self.note("cancel", client_id)
        for refusal in decision.refusals:
            self._run(
                "INSERT INTO refusals VALUES (?, ?, ?, ?, ?)",
                self.deployment,
                decision.sequence,
                refusal.symbol,
                refusal.lots,
                refusal.reason,
            )

    def mark_sent(self, client_id: str) -> None:
        """Write that the request may go out now; an order that is further stays where it is."""
        if self._run("UPDATE orders SET stage = ? WHERE client_id = ? AND stage = ?", Stage.SENT, client_id, Stage.INTENT):
            self.note(Stage.SENT, client_id)

    def absorb(self, report: OrderReport) -> bool:
        """Merge what the broker says: stage and filled quantity only rise. Return whether anything was new.

        Raises:
            IntegrityError: The order is not ours, or the report is about another quantity.
        """
        known = self.order(report.client_id)
        if known is None:
            raise IntegrityError(f"{self.path}: the broker reports order {report.client_id}, which was never decided here")
        if report.lots != known.request.lots or report.symbol != known.request.symbol:
            raise IntegrityError(
                f"{self.path}: order {report.client_id} is {known.request.symbol} {known.request.lots:+d} lots here and "
                f"{report.symbol} {report.lots:+d} at the broker"
            )
        forward = report.stage.rank > known.stage.rank
        filled = report.filled_lots if abs(report.filled_lots) > abs(known.filled_lots) else known.filled_lots
        if not forward and filled == known.filled_lots:
            return False
        stage, reason = (report.stage, report.reason) if forward else (known.stage, known.reason)
        self._run(
            "UPDATE orders SET stage = ?, filled_lots = ?, reason = ? WHERE client_id = ?", stage, filled, reason, report.client_id
        )
        self.note(stage, report.client_id, f"{filled:+d} of {report.lots:+d} {reason}".rstrip())
        return True

    def fill(self, report: FillReport) -> bool:
        """Write a fill; return False where it was known already.

        Raises:
            IntegrityError: Its order was never decided here, or the same execution id came with other numbers.
        """
        row = self._one("SELECT * FROM fills WHERE execution_id = ?", report.execution_id)
        if row is not None:
            if fill_of(row) != report:
                raise IntegrityError(
                    f"{self.path}: execution {report.execution_id} was reported twice with different numbers: "
                    f"{fill_of(row)} and {report}"
                )
            return False
        ours = self._one("SELECT 1 FROM orders WHERE client_id = ?", report.client_id) is not None
        if not ours and not (report.kind in FORCED and report.client_id == ""):
            raise IntegrityError(
                f"{self.path}: the broker reports a fill of {report.lots:+d} lots {report.symbol} for order "
                f"{report.client_id or '(none)'}, which was never decided here; somebody else trades this account"
            )
        self._run(
            f"INSERT INTO fills (deployment, {', '.join(FILL_FIELDS)}) VALUES ({', '.join('?' * (len(FILL_FIELDS) + 1))})",
            self.deployment,
            *(getattr(report, name) if getattr(report, name) != "" else None for name in FILL_FIELDS),
        )
        self.note("fill", report.client_id, f"{report.lots:+d} at {report.price!r}, execution {report.execution_id}")
        return True

    def note(self, kind: str, subject: str = "", data: str = "") -> None:
        """Add an event to the log, which is only ever added to."""
        self._run(
            "INSERT INTO events (deployment, recorded_at, kind, subject, data) VALUES (?, ?, ?, ?, ?)",
            self.deployment,
            self._clock(),
            kind,
            subject,
            data,
        )

    def set_state(self, state: str, reason: str = "") -> None:
        """Write `running`, `halted` or `ended` with its reason; it survives restarts."""
        if self.state() != (state, reason):
            self._run("UPDATE deployments SET state = ?, reason = ? WHERE id = ?", state, reason, self.deployment)
            self.note(state, self.deployment, reason)

    def _enter(self, settings: str) -> None:
        row = self._one("SELECT settings FROM deployments WHERE id = ?", self.deployment)
        if row is None:
            other = self._one("SELECT id FROM deployments")
            if other is not None:
                raise IntegrityError(
                    f"{self.path}: the journal is that of deployment {other[0]}, not of {self.deployment}; "
                    "use a new folder for a new deployment"
                )
            with self.commit():
                self._run(
                    "INSERT INTO deployments (id, created_at, settings, state) VALUES (?, ?, ?, 'running')",
                    self.deployment,
                    self._clock(),
                    settings,
                )
        elif row[0] != settings:
            was, now = json.loads(row[0]), json.loads(settings)
            names = sorted(key for key in {*was, *now} if was.get(key) != now.get(key))
            raise IntegrityError(
                f"{self.path}: deployment {self.deployment} was begun with other settings: "
                + ", ".join(f"{name} was {was.get(name)!r}, is {now.get(name)!r}" for name in names)
                + "; use a new folder for a new deployment"
            )

    def _run(self, statement: str, *values: Any) -> int:
        return self._database.execute(statement, values).rowcount
