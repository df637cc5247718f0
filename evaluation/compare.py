"""A verdict in words: better, not better, or not enough data to tell."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..market.errors import ConfigError
from .interval import MIN_BARS, Bootstrap, Interval

__all__ = ["Outcome", "Verdict", "judge"]

WORTHWHILE = 0.3


class Outcome(StrEnum):
    """What the data say about a policy beside a baseline."""

    BETTER = "better"
    NOT_BETTER = "not better"
    UNKNOWN = "not enough data to tell"


@dataclass(frozen=True)
class Verdict:
    """One comparison by the annual Sharpe ratio, net of costs.

    Attributes:
        outcome: The answer.
        baseline: Label of what the policy is compared with.
        difference: Policy less baseline, with its paired interval.
        probability_better: Share of resamples in which the policy has the higher Sharpe ratio.
        worthwhile: Smallest advantage that counts as better at all, annual Sharpe ratio.
        reason: One sentence that says why.
    """

    outcome: Outcome
    baseline: str
    difference: Interval
    probability_better: float
    worthwhile: float
    reason: str

    @property
    def text(self) -> str:
        """Return the verdict as one line: `not better than buy and hold`."""
        match self.outcome:
            case Outcome.UNKNOWN:
                return f"not enough data to tell from {self.baseline}"
            case _:
                return f"{self.outcome} than {self.baseline}"


def judge(boot: Bootstrap, index: int, baseline: str, n_bars: int, worthwhile: float = WORTHWHILE) -> Verdict:
    """Judge series 0 of a bootstrap against one of the others.

    Better: the whole interval of the difference lies above zero. Not better: the interval leaves no room for a worthwhile
    advantage (its upper end lies below `worthwhile`). Anything else, fewer than 20 bars, or an interval that cannot be computed:
    not enough data to tell.

    Args:
        boot: Common resamples of the policy (series 0) and its baselines.
        index: Which of the other series, 0 for series 1.
        baseline: Its label.
        n_bars: Bars compared.
        worthwhile: Smallest advantage in annual Sharpe ratio that would count.

    Raises:
        ConfigError: `worthwhile` is not positive, or there is no such series.
    """
    if not (np.isfinite(worthwhile) and worthwhile > 0.0):
        raise ConfigError(f"worthwhile must be positive, was {worthwhile}")
    if not 0 <= index < len(boot.sharpe_difference):
        raise ConfigError(f"baseline {index} is not among the {len(boot.sharpe_difference)} that were resampled")
    gap = boot.sharpe_difference[index]
    span = f"[{gap.low:.2f}, {gap.high:.2f}]"
    percent = f"{boot.level:.0%}".replace("%", " %")
    if n_bars < MIN_BARS:
        outcome, reason = Outcome.UNKNOWN, f"{n_bars} bars are fewer than the {MIN_BARS} that an interval needs"
    elif not boot.sharpe[0].known:
        outcome, reason = Outcome.UNKNOWN, "the policy's returns never vary, so it has no Sharpe ratio"
    elif not gap.known or not boot.sharpe[index + 1].known:
        outcome, reason = Outcome.UNKNOWN, "the difference has no interval"
    elif gap.low > 0.0:
        outcome, reason = Outcome.BETTER, f"the {percent} interval of the difference {span} lies above zero"
    elif gap.high < worthwhile:
        outcome = Outcome.NOT_BETTER
        reason = f"the {percent} interval of the difference {span} leaves no room for an advantage of {worthwhile:g}"
    else:
        outcome = Outcome.UNKNOWN
        reason = f"the {percent} interval of the difference {span} holds both no advantage and one of {worthwhile:g} or more"
    return Verdict(outcome, baseline, gap, boot.probability_better[index], worthwhile, reason)
