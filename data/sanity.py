"""Faults of recorded bars: finding them, naming them, and refusing, masking or dropping what is faulty."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from .instant import iso

__all__ = ["Fault", "FaultKind", "clock_faults", "price_faults"]


class FaultKind(StrEnum):
    """What is wrong. The first group breaks the tape's contract; the second may be real and is only reported."""

    UNSORTED = "rows out of order"
    DUPLICATE = "duplicated times"
    OVERLAP = "bars that close after the next one opens"
    MISSING_PRICE = "bars with a missing price (NaN or infinite)"
    NOT_POSITIVE = "bars with a price that is not positive"
    OHLC = "bars that violate low <= open, close <= high"
    BAD_VOLUME = "bars with a volume that is missing or negative"

    NO_VOLUME = "bars without volume"
    JUMP = "jumps that look like unadjusted splits"
    GAP = "missing bars"


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one place.

    Attributes:
        kind: What is wrong.
        symbol: Asset, or an empty string where the clock itself is wrong.
        rows: Positions of the faulty rows, int64, rising.
        first_at: Time of the first, ns UTC.
        detail: The first one's values, or what else there is to say.
    """

    kind: FaultKind
    symbol: str
    rows: np.ndarray = field(repr=False, compare=False)
    first_at: int
    detail: str = ""

    @property
    def count(self) -> int:
        """Number of faulty rows."""
        return len(self.rows)

    def __str__(self) -> str:
        place = f"{self.symbol}: " if self.symbol else ""
        return f"{place}{self.count} {self.kind.value}, first at {iso(self.first_at)}{f' ({self.detail})' if self.detail else ''}"


def clock_faults(clock: np.ndarray) -> list[Fault]:
    """Return what is wrong with clock records (T,): order, duplicates, bars that reach into the next."""
    open_at, close_at = clock["open_at"], clock["close_at"]
    step = np.diff(open_at)
    overlap = close_at <= open_at
    overlap[:-1] |= (close_at[:-1] > open_at[1:]) & (step > 0)
    found = [
        (FaultKind.UNSORTED, np.flatnonzero(step < 0) + 1),
        (FaultKind.DUPLICATE, np.flatnonzero(step == 0) + 1),
        (FaultKind.OVERLAP, np.flatnonzero(overlap)),
    ]
    return [Fault(kind, "", rows, int(open_at[rows[0]])) for kind, rows in found if len(rows)]


def price_faults(open_at: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray) -> list[Fault]:
    """Return the contract's price and volume faults in the `recorded` cells (bool, (T, A)) of bar records (T, A)."""
    return list(_price_faults(open_at, bars, symbols, recorded))


def _price_faults(open_at: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray) -> Iterator[Fault]:
    o, h, l, c, v = (bars[name] for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    finite = np.isfinite(o) & np.isfinite(h) & np.isfinite(l) & np.isfinite(c)
    positive = finite & (o > 0.0) & (h > 0.0) & (l > 0.0) & (c > 0.0)
    ordered = (l <= o) & (l <= c) & (o <= h) & (c <= h)
    masks = {
        FaultKind.MISSING_PRICE: recorded & ~finite,
        FaultKind.NOT_POSITIVE: recorded & finite & ~positive,
        FaultKind.OHLC: recorded & positive & ~ordered,
        FaultKind.BAD_VOLUME: recorded & ~(np.isfinite(v) & (v >= 0.0)),
    }
    for kind, mask in masks.items():
        if not mask.any():
            continue
        for asset in np.flatnonzero(mask.any(axis=0)).tolist():
            rows = np.flatnonzero(mask[:, asset])
            bar = bars[rows[0], asset]
            values = f"volume {bar['volume']:g}" if kind is FaultKind.BAD_VOLUME else " ".join(
                f"{name} {bar[name]:g}" for name in ("open", "high", "low", "close")
            )
            yield Fault(kind, symbols[asset], rows, int(open_at[rows[0]]), values)
