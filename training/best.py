"""Which iteration's policy a run keeps, and when it has stopped getting better."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..evaluation.known_answer import worlds_with_known_answers
from ..market.errors import ConfigError, UnknownNameError
from .preparation import Prepared

__all__ = ["Best", "Judge"]

AGREEMENT = "validation/agreement"
NAMES = ("agreement", "costs_bp", "drawdown", "equity", "exposure", "hit_rate", "holding_bars", "reward", "score", "sharpe",
         "turnover")
FIGURES = tuple(f"validation/{name}" for name in NAMES)


@dataclass(frozen=True)
class Best:
    """The best validation so far.

    Attributes:
        iteration: 1, 2, 3, ...
        value: Of the judge's figure.
        digest: Of the bundle in `best/`; empty where bundles are not kept.
        figures: `validation/*`.
    """

    iteration: int
    value: float
    digest: str
    figures: dict[str, float]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Judge:
    """Compares validations by one figure: more is better, or less where the name begins with a minus.

    Attributes:
        figure: Such as `validation/equity`.
        less: Whether less is better.
    """

    figure: str
    less: bool = False

    @classmethod
    def of(cls, prepared: Prepared) -> "Judge":
        """Return the judge of a job: `training.judge`; else agreement (cloning), score (of a known answer) or equity.

        Raises:
            UnknownNameError: No validation has such a figure.
            ConfigError: The world has no score, or the algorithm no expert to agree with.
        """
        scored = prepared.tape is None and prepared.job.env.id in worlds_with_known_answers()
        wanted, cloned = prepared.job.training.judge, prepared.job.agent.algorithm == "BC"
        if wanted is None and cloned:
            return cls(AGREEMENT)
        if wanted is None:
            return cls("validation/score" if scored else "validation/equity")
        figure = wanted.removeprefix("-")
        if figure not in FIGURES:
            raise UnknownNameError("figure of validation", figure, FIGURES, "training.judge")
        if figure == "validation/score" and not scored:
            raise ConfigError(f"training.judge: {prepared.job.env.id} has no known answer and so no score; use validation/equity")
        if figure == AGREEMENT and not cloned:
            raise ConfigError(f"training.judge: {AGREEMENT} is of agent.algorithm BC, was {prepared.job.agent.algorithm}; use "
                              "validation/equity")
        return cls(figure, wanted.startswith("-"))

    def value(self, figures: Mapping[str, float]) -> float:
        """Return the figure of a validation; NaN where it has none, which is never preferred."""
        return figures.get(self.figure, math.nan)

    def prefers(self, value: float, best: Best | None) -> bool:
        """Return whether `value` beats the best so far; the earlier one wins where both are equal."""
        if best is None or math.isnan(value):
            return not math.isnan(value)
        return value < best.value if self.less else value > best.value

    def words(self) -> str:
        """Return `highest validation/equity`."""
        return f"{'lowest' if self.less else 'highest'} {self.figure}"
