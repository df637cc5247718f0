"""A policy of a trial on the validation rows: the figures of a job's validation, and what deflation needs to know."""

import math
from dataclasses import dataclass

import numpy as np

from ...agents.network_policy import NetworkPolicy
from ...agents.policy import sample_observation
from ...agents.recorded_vectors import N_VECTORS
from ...evaluation.annualisation import simple_returns
from ...evaluation.known_answer import known_answer_score, worlds_with_known_answers
from ...evaluation.moment import kurtosis, skewness
from ...evaluation.ratio import sharpe_ratio
from ...market.errors import ConfigError
from ..preparation import Prepared
from ..validation import show

__all__ = ["Judgement", "judge", "metric_of"]


@dataclass(frozen=True)
class Judgement:
    """What a policy did on the validation rows.

    Attributes:
        figures: By TensorBoard tag.
        returns: Of each bar, float64 (n,).
        observations: 64 observations for the bundle's recorded decisions, float32 (64, D).
    """

    figures: dict[str, float]
    returns: np.ndarray
    observations: np.ndarray

    @property
    def sharpe(self) -> float:
        """Sharpe ratio of one bar, not annualised; 0 where all returns are equal."""
        sharpe = sharpe_ratio(self.returns, 1.0)
        return sharpe if math.isfinite(sharpe) else 0.0

    @property
    def shape(self) -> tuple[float | None, float | None]:
        """Skewness and kurtosis of the returns; None where all are equal."""
        return tuple(one if math.isfinite(one) else None for one in (skewness(self.returns), kurtosis(self.returns)))  # type: ignore[return-value]


def judge(prepared: Prepared, policy: NetworkPolicy) -> Judgement:
    """Play the validation rows once, deterministically, with costs; on a world with a known answer add the score.

    `validation/sharpe` is that of one bar: on the same rows it ranks as the annual one does.
    """
    showing = show(prepared.validation, policy, prepared.job.seed)
    returns = simple_returns(showing.equity)
    figures = {"validation/equity": float(showing.equity[-1])}
    for name in ("drawdown", "exposure", "turnover", "reward"):
        figures[f"validation/{name}"] = showing.figures.get(f"train/{name}", 0.0)
    figures["validation/costs_bp"] = sum(value for name, value in showing.figures.items() if name.startswith("costs/"))
    if prepared.tape is None and prepared.job.env.id in worlds_with_known_answers():
        score = known_answer_score(prepared.job.env.id, policy, prepared.validation.settings)
        figures |= {"validation/score": score.value, "validation/score_low": score.low, "validation/score_high": score.high}
    seen = showing.observations
    if len(seen) < N_VECTORS:
        seen = np.concatenate([seen, sample_observation(prepared.layout, N_VECTORS, prepared.job.seed).flat()])[:N_VECTORS]
    kept = np.ascontiguousarray(seen[np.linspace(0, len(seen) - 1, N_VECTORS).astype(np.int64)], np.float32)
    judgement = Judgement(figures, returns, kept)
    figures["validation/sharpe"] = judgement.sharpe
    return judgement


def metric_of(judgement: Judgement, metric: str) -> float:
    """Return the search's metric.

    Raises:
        ConfigError: It is missing or not finite here.
    """
    value = judgement.figures.get(metric, math.nan)
    if not math.isfinite(value):
        raise ConfigError(f"metric {metric} is not finite here; use another one of {', '.join(sorted(judgement.figures))}")
    return value
