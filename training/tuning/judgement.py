"""A policy of a trial on the validation rows: the figures of a job's validation, and what deflation needs to know."""

import math
from dataclasses import dataclass

import numpy as np

from ...agents.network_policy import NetworkPolicy
from ...evaluation.annualisation import simple_returns
from ...evaluation.moment import kurtosis, skewness
from ...evaluation.ratio import sharpe_ratio
from ...market.errors import ConfigError
from ..preparation import Prepared
from ..trial import try_policy
from ..validation import Showing

__all__ = ["Judgement", "judge", "metric_of"]


@dataclass(frozen=True)
class Judgement:
    """What a policy did on the validation rows.

    Attributes:
        figures: By TensorBoard tag.
        returns: Of each bar, float64 (n,).
        showing: The pass over the rows.
        observations: 64 observations for the bundle's recorded decisions, float32 (64, D).
    """

    figures: dict[str, float]
    returns: np.ndarray
    showing: Showing
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
    """Validate a policy as its job does, without baselines.

    Where that says no `validation/sharpe`, it is the one of a bar: on the same rows it ranks as the annual one does.
    """
    trial = try_policy(prepared, policy, {})
    judgement = Judgement(dict(trial.figures), simple_returns(trial.showing.equity), trial.showing, trial.vectors(prepared))
    judgement.figures.setdefault("validation/sharpe", judgement.sharpe)
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
