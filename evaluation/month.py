"""Returns of calendar months."""

import numpy as np

from .evaluation import Evaluation
from .track import Track

__all__ = ["month_returns", "months_of"]


def month_returns(equity: np.ndarray, closes: np.ndarray) -> dict[int, dict[int, float]]:
    """Return the return of each calendar month (UTC) by year and month; first and last month may be cut.

    Args:
        equity: (n + 1,) values.
        closes: Their instants, int64 ns UTC, rising, (n + 1,).
    """
    month = np.asarray(closes, "datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.concatenate([month[1:] != month[:-1], [True]]))
    found: dict[int, dict[int, float]] = {}
    before = float(equity[0])
    for index in last.tolist():
        if index == 0:
            continue
        year, number = divmod(int(month[index]), 12)
        after = float(equity[index])
        found.setdefault(1970 + year, {})[number + 1] = after / before - 1.0 if before > 0.0 else 0.0
        before = after
    return found


def months_of(evaluation: Evaluation, track: Track | None = None) -> dict[int, dict[int, float]]:
    """Return the months of the policy, or of another track over the same bars."""
    return month_returns((track or evaluation.policy.track).equity, evaluation.scene.closes)
