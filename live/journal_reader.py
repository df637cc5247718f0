"""Reading the journal: what was decided, sent, refused and filled."""

import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ..market.order import OrderKind, TimeInForce
from .gateway import FillReport, OrderRequest
from .record import DecisionRecord, OrderRecord, RefusalRecord
from .schema import clear_error
from .stage import Stage

__all__ = ["FILL_FIELDS", "ORDER_COLUMNS", "JournalReader", "fill_of"]

FILL_FIELDS = tuple(field.name for field in fields(FillReport))
ORDER_COLUMNS = (
    "client_id, sequence, symbol, leg, child, attempt, lots, kind, tif, price_ticks, stop_ticks, reduce_only, "
    "stage, filled_lots, reason"
)


class JournalReader:
    """One deployment of a journal, as it stands on the disk."""

    def __init__(self, path: Path, database: sqlite3.Connection, deployment: str) -> None:
        self.path, self.deployment = path, deployment
        self._database = database

    def state(self) -> tuple[str, str]:
        """Return the deployment's state and its reason."""
        row = self._one("SELECT state, reason FROM deployments WHERE id = ?", self.deployment)
        assert row is not None
        return str(row[0]), str(row[1])

    def n_decisions(self) -> int:
        """Return how many decisions are written; the next has this sequence."""
        row = self._one("SELECT count(*) FROM decisions WHERE deployment = ?", self.deployment)
        return int(row[0]) if row else 0

    def decision(self, sequence: int) -> DecisionRecord | None:
        """Return a decision with its orders as they stand, or None."""
        row = self._one(
            "SELECT close_at, observation_digest, action_dtype, action, output, equity FROM decisions "
            "WHERE deployment = ? AND sequence = ?",
            self.deployment,
            sequence,
        )
        if row is None:
            return None
        cancels = self._all(
            "SELECT client_id FROM cancels WHERE deployment = ? AND sequence = ? ORDER BY rowid", self.deployment, sequence
        )
        refusals = self._all(
            "SELECT symbol, lots, reason FROM refusals WHERE deployment = ? AND sequence = ? ORDER BY rowid",
            self.deployment,
            sequence,
        )
        return DecisionRecord(
            sequence=sequence,
            close_at=row[0],
            observation_digest=row[1],
            action=np.frombuffer(row[3], np.dtype(row[2])).copy(),
            output=row[4],
            equity=row[5],
            orders=self._orders("sequence = ?", sequence),
            cancels=tuple(c[0] for c in cancels),
            refusals=tuple(RefusalRecord(symbol=r[0], lots=r[1], reason=r[2]) for r in refusals),
        )

    def refusals(self) -> tuple[RefusalRecord, ...]:
        """Return every order that the guard refused."""
        rows = self._all("SELECT symbol, lots, reason FROM refusals WHERE deployment = ? ORDER BY rowid", self.deployment)
        return tuple(RefusalRecord(symbol=row[0], lots=row[1], reason=row[2]) for row in rows)

    def order(self, client_id: str) -> OrderRecord | None:
        """Return an order as it stands, or None."""
        found = self._orders("client_id = ?", client_id)
        return found[0] if found else None

    def orders(self) -> tuple[OrderRecord, ...]:
        """Return every order in the order of its decision."""
        return self._orders("1 = 1")

    def unsettled(self) -> tuple[OrderRecord, ...]:
        """Return the orders that are at no final stage."""
        return self._orders("stage IN (SELECT stage FROM stages WHERE rank < ?)", Stage.FILLED.rank)

    def taken(self) -> tuple[tuple[int, OrderRequest], ...]:
        """Return every order that the broker is known to have taken, with the close of the row that it was decided at."""
        rows = self._all("SELECT sequence, close_at FROM decisions WHERE deployment = ?", self.deployment)
        closes = dict(rows)
        unsent = (Stage.INTENT, Stage.SENT, Stage.WITHHELD)
        return tuple((closes[order.sequence], order.request) for order in self.orders() if order.stage not in unsent)

    def fills(self) -> tuple[FillReport, ...]:
        """Return every fill in the order in which it was written."""
        return tuple(fill_of(row) for row in self._all("SELECT * FROM fills WHERE deployment = ? ORDER BY rowid", self.deployment))

    def events(self) -> tuple[tuple[str, str, str], ...]:
        """Return (kind, subject, data) of every event."""
        rows = self._all("SELECT kind, subject, data FROM events WHERE deployment = ? ORDER BY id", self.deployment)
        return tuple((row[0], row[1], row[2]) for row in rows)

    def _one(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        rows = self._all(statement, *values)
        return rows[0] if rows else None

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise clear_error(self.path, error) from error

    def _orders(self, where: str, *values: Any) -> tuple[OrderRecord, ...]:
        rows = self._all(
            f"SELECT {ORDER_COLUMNS} FROM orders WHERE deployment = ? AND {where} ORDER BY sequence, rowid",
            self.deployment,
            *values,
        )
        return tuple(_order_of(row) for row in rows)


def _order_of(row: tuple[Any, ...]) -> OrderRecord:
    request = OrderRequest(
        client_id=row[0],
        symbol=row[2],
        lots=row[6],
        kind=OrderKind(row[7]),
        tif=TimeInForce(row[8]),
        price_ticks=row[9],
        stop_ticks=row[10],
        reduce_only=bool(row[11]),
    )
    return OrderRecord(
        request=request,
        sequence=row[1],
        leg=row[3],
        child=row[4],
        attempt=row[5],
        stage=Stage(row[12]),
        filled_lots=row[13],
        reason=row[14],
    )


def fill_of(row: tuple[Any, ...]) -> FillReport:
    """Return the fill that a row of the table `fills` holds."""
    execution_id, client_id, _, *numbers, kind = row
    return FillReport(**dict(zip(FILL_FIELDS, (execution_id, client_id or "", *numbers, OrderKind(kind)), strict=True)))
