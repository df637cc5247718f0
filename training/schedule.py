"""What a setting is worth at each iteration: piecewise linear over the share of the iterations that are done."""

from collections.abc import Sequence

import numpy as np

from ..configs.job import TrainingSettings

__all__ = ["SCHEDULED", "at_share", "scheduled"]

SCHEDULED = ("lr", "entropy_coefficient", "clip")
"""Settings of the training section that may follow a schedule."""


def at_share(knots: Sequence[tuple[float, float]], share: float) -> float:
    """Return the value at `share`, in [0, 1]: linear between knots (share, value), constant before the first and after the last."""
    return float(np.interp(share, [knot[0] for knot in knots], [knot[1] for knot in knots]))


def scheduled(settings: TrainingSettings, iteration: int) -> dict[str, float]:
    """Return what each of `SCHEDULED` is in the iteration that begins after `iteration` others are done.

    A setting without a schedule is what the training section says. The share is `iteration / iterations`: a limit in seconds does
    not shorten a schedule.
    """
    share = iteration / settings.iterations
    values = {name: float(getattr(settings, name)) for name in SCHEDULED}
    return values | {name: at_share(knots, share) for name, knots in settings.schedules.items()}
