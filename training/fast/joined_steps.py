"""What several runners played, side by side."""

from collections.abc import Mapping

import numpy as np

from ..replay.steps import Steps

__all__ = ["joined_steps"]


def joined_steps(played: Mapping[int, Steps], n_runners: int) -> tuple[Steps, int]:
    """Return the steps of all runners in the order of their places, in memory of its own, and how many were played.

    Args:
        played: What each runner played by its place, 1 to `n_runners`; all have as many rows and environments. Of a runner that
            died there is nothing: its columns hold zeros, their rewards NaN, which a replay never draws.
        n_runners: Runners that there should be.
    """
    first = next(iter(played.values()))
    missing = Steps(*(np.zeros_like(part) for part in first))
    missing.rewards[...] = np.nan
    parts = [played.get(place, missing) for place in range(1, n_runners + 1)]
    joined = Steps(*(np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)))
    return joined, len(played) * first.rewards.size
