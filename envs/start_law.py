"""By which law the rows are drawn at which episodes start: the settings, and the table of an inverse distribution function."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..encoders.table import FeatureTable
from ..market.errors import ConfigError, DataError, UnknownNameError, did_you_mean
from ..market.kernel import kernel
from .stretch import Stretches

__all__ = ["STARTS", "StartLaw", "StartSettings"]

STARTS: tuple[str, ...] = ("random", "first", "sequential", "regime", "rows")
MOST_ROWS = 2**62
KNOWS: dict[str, tuple[str, ...]] = {"regime": ("columns", "weights"), "rows": ("rows",)}


@dataclass(frozen=True, kw_only=True)
class StartSettings:
    """Where episodes start.

    Attributes:
        kind: One of `STARTS`.
        columns: `regime`: market columns of the feature table; a row belongs to the one that is largest in it, the first of equals.
        weights: `regime`: how often each column's regime is drawn, 0 or more by name; a column without one has 1.
        rows: `rows`: the rows, each drawn as often as it stands there.
    """

    kind: str = "random"
    columns: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    rows: tuple[int, ...] = ()

    @classmethod
    def of(cls, start: "str | Mapping[str, Any] | StartSettings") -> "StartSettings":
        """Return the settings of a name, or of a mapping with `kind`.

        Raises:
            ConfigError: The kind or a key is unknown (with a suggestion), or a value is wrong.
        """
        if isinstance(start, StartSettings):
            return start
        given = {"kind": start} if isinstance(start, str) else start
        if not isinstance(given, Mapping) or not isinstance(given.get("kind"), str):
            raise ConfigError(f"start needs a kind, such as {{kind: random}}, was {start!r}")
        kind = given["kind"]
        if kind not in STARTS:
            raise ConfigError(f"start must be one of {', '.join(STARTS)}, was {kind!r}{did_you_mean(kind, STARTS)}")
        known = KNOWS.get(kind, ())
        for key in given:
            if key != "kind" and key not in known:
                allowed = f"; known: {', '.join(known)}" if known else f"; {kind} has no settings"
                raise ConfigError(f"unknown setting start.{key} of kind {kind}{did_you_mean(key, known) or allowed}")
        if kind == "regime":
            columns = _columns(given.get("columns"))
            return cls(kind=kind, columns=columns, weights=_weights(given.get("weights"), columns))
        return cls(kind=kind, rows=_rows(given.get("rows")) if kind == "rows" else ())


def _columns(columns: object) -> tuple[str, ...]:
    names = tuple(columns) if isinstance(columns, Sequence) and not isinstance(columns, str) else ()
    if len(names) < 2 or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ConfigError(f"start.columns of kind regime must name two or more different market columns, was {columns!r}")
    return names


def _weights(weights: object, columns: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    if weights is None:
        return ()
    if not isinstance(weights, Mapping):
        raise ConfigError(f"start.weights must map names of columns to numbers, was {weights!r}")
    for name, weight in weights.items():
        if name not in columns:
            raise UnknownNameError("regime in start.weights", str(name), columns)
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0.0 <= float(weight) < math.inf:
            raise ConfigError(f"start.weights.{name} must be finite and not negative, was {weight!r}")
    if not sum(map(float, weights.values())) < math.inf:
        raise ConfigError(f"start.weights must add up to a finite number, was {weights!r}")
    return tuple((name, float(weight)) for name, weight in weights.items())


def _rows(rows: object) -> tuple[int, ...]:
    given = tuple(rows) if isinstance(rows, (Sequence, np.ndarray)) and not isinstance(rows, str) else ()
    whole = all(isinstance(row, (int, np.integer)) and not isinstance(row, bool) and abs(int(row)) < MOST_ROWS for row in given)
    if not given or not whole:
        raise ConfigError(f"start.rows of kind rows must be one or more rows, whole numbers, was {rows!r}")
    return tuple(int(row) for row in given)


@kernel
def rows_of_one_cell(
    uniform: np.ndarray, low: np.ndarray, high: np.ndarray, count: np.ndarray, offset: np.ndarray, first: np.ndarray,
    rows: np.ndarray,
) -> None:
    """What `StartLaw.rows` does where there is one cell in one stretch."""
    for k in range(uniform.shape[0]):
        inside = (uniform[k] - low[0]) / (high[0] - low[0])
        rows[k] = first[0] + offset[0] + min(int(inside * count[0]), count[0] - 1)


class StartLaw:
    """One uniform number becomes a row: cells are chosen by weight, the rows inside one are equally likely.

    A cell is what has one weight: everything, a tape of a pool, a regime on a tape.
    """

    def __init__(
        self, settings: StartSettings, stretches: Stretches, *, weights: np.ndarray | None, table: FeatureTable | None
    ) -> None:
        """Count the rows of every cell.

        Args:
            settings: `random`, `regime` or `rows`.
            stretches: Where episodes may lie.
            weights: How often each tape is drawn, float64 (S,), 0 or more; None: in proportion to its possible starts.
            table: Features of every row, for `regime`.

        Raises:
            ConfigError: Weights leave nothing to draw, or do not go with the kind.
            DataError: A regime that has a weight has no row; a row of `rows` leaves no room for an episode.
            UnknownNameError: The table has no such column.
        """
        self._stretches = stretches
        self._order: np.ndarray | None = None  # rows by cell; None: the possible starts as they lie
        if settings.kind == "rows":
            self._order = _listed(settings, stretches, weights)
            counts, shares = np.array([len(self._order)]), np.ones(1)
        elif settings.kind == "regime":
            counts, shares = self._regimes(settings, weights, table)
        elif weights is None:
            counts, shares = np.array([stretches.size]), np.ones(1)
        else:
            counts, shares = stretches.per_segment, weights
        self._offset = np.cumsum(counts) - counts
        kept = shares > 0.0
        self._count, self._offset, shares = counts[kept], self._offset[kept], shares[kept]
        if not len(shares):
            raise ConfigError("start: all weights are 0; give at least one tape or regime a positive weight")
        upper = np.cumsum(shares) / shares.sum()
        upper[-1] = 1.0
        self._low, self._high = np.concatenate([[0.0], upper[:-1]]), upper

    def _regimes(
        self, settings: StartSettings, weights: np.ndarray | None, table: FeatureTable | None
    ) -> tuple[np.ndarray, np.ndarray]:
        if table is None:
            raise ConfigError("start of kind regime needs features; this environment has none before an episode starts")
        stretches, columns, n_tapes = self._stretches, settings.columns, self._stretches.n_segments
        rows = stretches.row(np.arange(stretches.size))
        posterior = np.stack([table.column(name)[rows] for name in columns])
        regime = posterior.argmax(axis=0)
        cell = regime * n_tapes + stretches.segment[stretches.at(rows)]
        counts = np.bincount(cell, minlength=len(columns) * n_tapes).reshape(len(columns), n_tapes)
        asked = dict(settings.weights)
        for name, found in zip(columns, counts.sum(axis=1), strict=True):
            if asked.get(name, 0.0) > 0.0 and found == 0:
                raise DataError(f"start.weights.{name}: no row at which an episode can start has its largest value in {name}; "
                                "leave the weight out or use more rows")
        inside = counts.astype(np.float64) if weights is None else np.where(counts > 0, weights, 0.0)
        total = inside.sum(axis=1, keepdims=True)
        for name, reached in zip(columns, total[:, 0] > 0.0, strict=True):
            if asked.get(name, 0.0) > 0.0 and not reached:
                raise ConfigError(f"start.weights.{name}: its rows lie only on tapes whose weight is 0; leave the weight out or "
                                  "give such a tape one in tape_weights")
        share = np.divide(inside, total, out=np.zeros_like(inside), where=total > 0.0)
        shares = share * np.array([asked.get(name, 1.0) for name in columns])[:, None]
        self._order = rows[np.argsort(cell, kind="stable")]
        return counts.ravel(), shares.ravel()

    def rows(self, uniform: np.ndarray) -> np.ndarray:
        """Return a start for each number in [0, 1), int64 (n,)."""
        if len(self._count) == 1 and self._order is None and len(self._stretches.first) == 1:
            rows = np.empty(len(uniform), np.int64)
            rows_of_one_cell(uniform, self._low, self._high, self._count, self._offset, self._stretches.first, rows)
            return rows
        cell = 0 if len(self._count) == 1 else self._high.searchsorted(uniform, side="right")
        inside = (uniform - self._low[cell]) / (self._high[cell] - self._low[cell])
        count = self._count[cell]
        position = self._offset[cell] + np.minimum((inside * count).astype(np.int64), count - 1)
        return self._stretches.row(position) if self._order is None else self._order[position]


def _listed(settings: StartSettings, stretches: Stretches, weights: np.ndarray | None) -> np.ndarray:
    if weights is not None:
        raise ConfigError("start of kind rows names the rows themselves; leave tape_weights out")
    rows = np.array(settings.rows, np.int64)
    bad = rows[~stretches.can_start(rows)]
    if len(bad):
        raise DataError(f"start.rows: no whole episode fits at row {bad[0]}; rows that leave room for window and episode lie in "
                        f"[{stretches.first[0]}, {stretches.first[-1] + stretches.count[-1]})")
    return rows
