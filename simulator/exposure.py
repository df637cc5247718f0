"""Path exposure: how much of a run hangs on the unknown order of the points inside bars."""

from dataclasses import dataclass

import numpy as np

__all__ = ["PathExposure", "path_exposure"]


@dataclass(frozen=True)
class PathExposure:
    """Bars in which the two paths, low first and high first, led to different equities.

    Attributes:
        bars: How many there were.
        n_bars: Bars of the run.
        fills: Fills inside those bars.
        n_fills: Fills of the run.
        trades: Trades that were opened or closed in one of those bars.
        n_trades: Trades of the run.
        money: Sum of the differences, account currency; 0 where no bar had two outcomes. Each is the worse path's distance
            from the better one, so that the run's profit could have been larger by about as much, never smaller, under `adverse`.
    """

    bars: int
    n_bars: int
    fills: int
    n_fills: int
    trades: int
    n_trades: int
    money: float


def path_exposure(records: np.ndarray, fills: np.ndarray, trades: np.ndarray) -> PathExposure:
    """Return the path exposure of a run under the policy `adverse`; the other policies play one path, and it is 0.

    Args:
        records: STEP records, (N,).
        fills: FILL records, (F,).
        trades: TRADE records, (R,).
    """
    differs = np.abs(records["path_gap"]) > 0.0
    rows = records["row"][differs]
    closed = np.isin(trades["closed_row"], rows) & (trades["still_open"] == 0)
    touched = np.isin(trades["opened_row"], rows) | closed
    return PathExposure(
        bars=int(differs.sum()),
        n_bars=len(records),
        fills=int(np.isin(fills["row"], rows).sum()),
        n_fills=len(fills),
        trades=int(touched.sum()),
        n_trades=len(trades),
        money=float(np.abs(records["path_gap"]).sum()),
    )
