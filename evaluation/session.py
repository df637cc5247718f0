"""The record of one account through one stretch of a tape: what it saw, decided, traded and was worth."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from ..agents.array_file import read_arrays, write_arrays
from ..market.account import FILL, STEP
from ..market.errors import IntegrityError, ShapeError
from ..market.order import Refusal
from .annualisation import bars_per_year
from .attribution import Attribution
from .track import Track

__all__ = ["ARRAYS", "Session"]

ARRAYS = ("rows", "closes", "observations", "actions", "lots", "fills", "steps", "units", "weights", "refused")
"""Names of the arrays of a session, in the order in which its digest reads them."""


@dataclass(frozen=True, eq=False)
class Session:
    """N decisions of one account over A assets.

    A backtest writes one and so does live trading; the two are equal where every byte of every array is.

    Attributes:
        facts: What it was: tape, symbols, scheme, cash, costs, policy; JSON values. They do not enter the digest.
        rows: Tape rows of the decisions, int64 (N,).
        closes: Closes of the rows from the first decision to the last mark, int64 ns UTC, (N + 1,).
        observations: What was seen at each decision, flat float32 (N, D).
        actions: What was decided, int64 (N,) or float64 (N, n), in the scheme of `facts`.
        lots: What was asked for, signed lots, int64 (N, A).
        fills: FILL records in their order, (M,).
        steps: STEP records, (N,): step i leads from close i to close i + 1.
        units: Units held at the close after each step, float64 (N, A).
        weights: Their value over equity, signed, float64 (N, A); 0 where equity is not positive.
        refused: Refusals of each step by reason, int64 (N, len(Refusal)).
    """

    schema_version: ClassVar[int] = 2

    facts: dict[str, Any]
    rows: np.ndarray = field(repr=False)
    closes: np.ndarray = field(repr=False)
    observations: np.ndarray = field(repr=False)
    actions: np.ndarray = field(repr=False)
    lots: np.ndarray = field(repr=False)
    fills: np.ndarray = field(repr=False)
    steps: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    refused: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        n = self.n_decisions
        if n < 1:
            raise ShapeError("a session needs at least one decision")
        for name in ("observations", "actions", "lots", "steps", "units", "weights", "refused"):
            if len(getattr(self, name)) != n:
                raise ShapeError(f"session.{name} must have {n} rows like its decisions, had {len(getattr(self, name))}")
        if len(self.closes) != n + 1:
            raise ShapeError(f"session.closes must have {n + 1} values, one more than decisions, had {len(self.closes)}")
        if self.refused.shape[1] != len(Refusal):
            raise ShapeError(f"session.refused must have {len(Refusal)} columns, one a reason, had {self.refused.shape[1]}")

    @property
    def n_decisions(self) -> int:
        """N."""
        return len(self.rows)

    @property
    def equity(self) -> np.ndarray:
        """Equity before the first step and after every step, account currency, float64 (N + 1,)."""
        return np.concatenate([self.steps["equity_before"][:1], self.steps["equity"]])

    @property
    def ruined(self) -> bool:
        """Whether equity fell to the ruin floor, which ends a session."""
        return bool(self.steps["ruined"].any())

    @cached_property
    def attribution(self) -> Attribution:
        """The sums of the ATTRIBUTION ledger; IntegrityError where they do not lead to the last equity."""
        return Attribution.of_steps(self.steps)

    @property
    def refusals(self) -> dict[str, int]:
        """How many orders were refused or cut, by reason; only reasons that occurred."""
        totals = self.refused.sum(axis=0)
        return {reason.name: int(totals[reason]) for reason in Refusal if reason is not Refusal.NONE and totals[reason]}

    @property
    def digest(self) -> str:
        """sha256 over names, types, shapes and values of all arrays, hex; the padding of records does not enter."""
        whole = hashlib.sha256(f"session {self.schema_version}".encode())
        for name in ARRAYS:
            whole.update(_digest_of(name, getattr(self, name)))
        return whole.hexdigest()

    def track(self, pace: float | None = None, risk_free: float = 0.0) -> Track:
        """Return what metrics read.

        Args:
            pace: Bars of a year; None reads them from the session's own clock.
            risk_free: Simple rate, a fraction a year.
        """
        return Track(
            equity=self.equity,
            bars_per_year=bars_per_year(self.closes) if pace is None else pace,
            risk_free=risk_free,
            traded=np.ascontiguousarray(self.steps["traded_notional"]),
            exposure=np.abs(self.weights).sum(axis=1),
            costs=self.attribution.costs,
        )

    def differences(self, other: "Session", names: tuple[str, ...] = ARRAYS) -> tuple[str, ...]:
        """Return the arrays of `names` in which the two sessions are not equal byte for byte, each with its first difference."""
        found = []
        for name in names:
            mine, theirs = getattr(self, name), getattr(other, name)
            if _digest_of(name, mine) != _digest_of(name, theirs):
                found.append(f"{name}: {_first_difference(mine, theirs)}")
        return tuple(found)

    def save(self, path: Path | str) -> Path:
        """Write everything into one `.npz` without pickles, whole or not at all; equal sessions give equal files."""
        path = Path(path)
        header = json.dumps({"schema": self.schema_version, "digest": self.digest, "facts": self.facts}, sort_keys=True)
        arrays = {name: _packed(getattr(self, name)) for name in ARRAYS}
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            write_arrays(partial, {**arrays, "header": np.frombuffer(header.encode(), np.uint8)})
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Return the session that `save` wrote.

        Raises:
            IntegrityError: The file is missing, damaged, changed or of another schema version.
        """
        arrays = read_arrays(Path(path))
        try:
            header = json.loads(bytes(arrays.pop("header")))
            version, digest, facts = header["schema"], header["digest"], header["facts"]
        except (KeyError, ValueError) as error:
            raise IntegrityError(f"{path}: is no session ({error})") from None
        if version != cls.schema_version:
            raise IntegrityError(f"{path}: session schema must be {cls.schema_version}, was {version}")
        if set(arrays) != set(ARRAYS):
            raise IntegrityError(f"{path}: a session holds {', '.join(ARRAYS)}, this file {', '.join(sorted(arrays))}")
        for name, dtype in (("fills", FILL), ("steps", STEP)):
            if arrays[name].dtype.names != dtype.names:
                raise IntegrityError(f"{path}: {name} has other fields than this version writes")
            arrays[name] = _padded(arrays[name], dtype)
        session = cls(facts, **arrays)
        if session.digest != digest:
            raise IntegrityError(f"{path}: the session was changed after it was saved (its digest differs)")
        return session


def _columns(array: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("", array)] if array.dtype.names is None else [(name, array[name]) for name in array.dtype.names]


def _digest_of(name: str, array: np.ndarray) -> bytes:
    digest = hashlib.sha256(f"{name} {array.shape}".encode())
    for column, values in _columns(array):
        digest.update(f"\0{column} {values.dtype.str}\0".encode() + np.ascontiguousarray(values).tobytes())
    return digest.digest()


def _first_difference(mine: np.ndarray, theirs: np.ndarray) -> str:
    if mine.shape != theirs.shape:
        return f"shapes {mine.shape} and {theirs.shape}"
    for (column, one), (_, other) in zip(_columns(mine), _columns(theirs), strict=True):
        if one.dtype != other.dtype:
            return f"types {one.dtype} and {other.dtype}"
        if one.tobytes() != other.tobytes():
            same = (one == other) | ((one != one) & (other != other))
            if bool(same.all()):
                return f"{column or 'values'} equal in value, not in bytes (a signed zero or another NaN)"
            at = tuple(int(i) for i in np.argwhere(~same)[0])
            return f"{column or 'values'} at {at if len(at) > 1 else at[0]}: {one[at]} and {other[at]}"
    return "fields differ"


def _packed(array: np.ndarray) -> np.ndarray:
    """Return records without padding, so that a file holds nothing but values."""
    if array.dtype.names is None:
        return array
    packed = np.zeros(array.shape, [(name, array.dtype[name].str) for name in array.dtype.names])
    return _copied(array, packed)


def _padded(array: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    return _copied(array, np.zeros(array.shape, dtype))


def _copied(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    for name in source.dtype.names or ():
        target[name] = source[name]
    return target
