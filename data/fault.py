"""`Fault`: one kind of thing that is wrong with recorded bars, in one place."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from .instant import iso

__all__ = ["Fault", "FaultKind"]


class FaultKind(StrEnum):
    """What is wrong. Those that are `breaking` break the tape's contract; the others may be real and are reported.

    A GAP is a row that the calendar expects and no asset has; a HOLE a row of the tape that one asset lacks while it is listed.
    """

    UNSORTED = "rows out of order"
    DUPLICATE = "duplicated times"
    OVERLAP = "bars that close after the next one opens"
    MISSING_PRICE = "bars with a missing price (NaN or infinite)"
    NOT_POSITIVE = "bars with a price that is not positive"
    OHLC = "bars that violate low <= open, close <= high"
    BAD_VOLUME = "bars with a volume that is missing or negative"
    FACTOR = "adjusted closes that contradict the closes"

    NO_VOLUME = "bars without volume"
    JUMP = "overnight jumps as large as a split's"
    GAP = "missing rows"
    HOLE = "missing bars"

    @property
    def breaking(self) -> bool:
        """Whether a tape cannot be built over it."""
        return self not in (FaultKind.NO_VOLUME, FaultKind.JUMP, FaultKind.GAP, FaultKind.HOLE)


@dataclass(frozen=True)
class Fault:
    """One kind of fault of one asset.

    Attributes:
        kind: What is wrong.
        symbol: Asset, or an empty string where it concerns the clock of all.
        rows: Positions of the faulty rows, int64, rising; for UNSORTED and DUPLICATE those of the file, for GAP the opens
            that are missing, ns UTC.
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
