"""A policy on the validation rows: its figures beside the baselines', and what it saw."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..agents.policy import Policy, sample_observation
from ..agents.recorded_vectors import N_VECTORS
from ..evaluation.known_answer import known_answer_score, worlds_with_known_answers
from ..market.errors import ConfigError
from .preparation import Prepared
from .quiet_log import quiet_logger
from .validation import Showing, show, validation_figures

__all__ = ["Trial", "try_policy"]


@dataclass(frozen=True)
class Trial:
    """One validation.

    Attributes:
        figures: `validation/*`.
        showing: The pass over the rows.
    """

    figures: dict[str, float]
    showing: Showing = field(repr=False)

    def vectors(self, prepared: Prepared) -> np.ndarray:
        """Return 64 observations of it, evenly spread, float32 (64, n_in); random ones fill up where there are fewer."""
        seen = self.showing.observations
        if len(seen) < N_VECTORS:
            seen = np.concatenate([seen, sample_observation(prepared.layout, N_VECTORS, prepared.job.seed).flat()])[:N_VECTORS]
        return np.ascontiguousarray(seen[np.linspace(0, len(seen) - 1, N_VECTORS).astype(np.int64)], np.float32)


def try_policy(prepared: Prepared, policy: Policy, baselines: Mapping[str, Showing]) -> Trial:
    """Return how `policy` does on the validation rows of a job, deterministically and with costs."""
    showing = show(prepared.validation, policy, prepared.validation_seed)
    figures = validation_figures(showing, baselines)
    if prepared.tape is None and prepared.job.env.id in worlds_with_known_answers():
        figures |= _score(prepared, policy)
    return Trial(figures, showing)


def _score(prepared: Prepared, policy: Policy) -> dict[str, float]:
    """Return the score on a world with a known answer; nothing where its options have none, or the episodes cannot bound it."""
    try:
        known = known_answer_score(prepared.job.env.id, policy, prepared.validation.settings)
    except ConfigError as error:
        quiet_logger(__name__).warning("no score", why=str(error))
        return {}
    if not (math.isfinite(known.low) and math.isfinite(known.high)):
        return {}
    return {"validation/score": known.value, "validation/score_low": known.low, "validation/score_high": known.high}
