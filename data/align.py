"""Several assets on one clock: long columns become (T, A) arrays over the union of their times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..market.bar import BAR
from ..market.errors import DataError
from .instant import iso

__all__ = ["Aligned", "align"]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Bars of A assets over the union of their T times, as recorded.

    Attributes:
        symbols: A names.
        at: Times, int64 ns, (T,), rising and unique.
        bars: BAR records, (T, A); masks not filled in.
        recorded: True where the asset has a bar, bool (T, A).
        extras: Other columns, float64 (T, A), NaN where not recorded.
    """

    symbols: tuple[str, ...]
    at: np.ndarray = field(repr=False)
    bars: np.ndarray = field(repr=False)
    recorded: np.ndarray = field(repr=False)
    extras: dict[str, np.ndarray] = field(default_factory=dict, repr=False)


def align(
    symbol: np.ndarray, at: np.ndarray, columns: Mapping[str, np.ndarray], symbols: Sequence[str] | None = None
) -> Aligned:
    """Return the bars of N long rows on the union of their times.

    Args:
        symbol: Name of each row's asset, (N,).
        at: Time of each row, int64 ns, (N,), in any order.
        columns: float64 (N,) under `open`, `high`, `low`, `close`, `volume`; any others become extras.
        symbols: Order of axis A; None: sorted. Rows of other assets are left out.

    Raises:
        DataError: An asset has two rows at one time.
    """
    names, asset = np.unique(np.asarray(symbol), return_inverse=True)
    if symbols is not None:
        order = {name: index for index, name in enumerate(symbols)}
        asset = np.array([order.get(str(name), -1) for name in names])[asset]
        wanted = asset >= 0
        asset, at = asset[wanted], at[wanted]
        columns = {name: column[wanted] for name, column in columns.items()}
    kept = tuple(str(name) for name in names) if symbols is None else tuple(symbols)
    times, row = np.unique(at, return_inverse=True)
    shape = (len(times), len(kept))
    counts = np.bincount(row * shape[1] + asset, minlength=shape[0] * shape[1]).reshape(shape)
    if (counts > 1).any():
        first = np.argwhere(counts > 1)[0]
        twice = int((counts > 1).sum())
        raise DataError(f"{twice} duplicated times, first {kept[first[1]]} at {iso(times[first[0]])}; keep one row of each")
    bars = np.zeros(shape, BAR)
    extras = {}
    for name, column in columns.items():
        if name in ("open", "high", "low", "close", "volume"):
            bars[name][row, asset] = column
        else:
            extras[name] = np.full(shape, np.nan)
            extras[name][row, asset] = column
    return Aligned(kept, times, bars, counts > 0, extras)
