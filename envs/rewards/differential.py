"""Differential Sharpe and Sortino ratios of the net simple return of a bar; see `moments.py` for formulas and source."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from .moments import MOMENTS, SHARPE_COLUMNS, SORTINO_COLUMNS, pay_differential, write_moments
from .reward import Reward

__all__ = ["DifferentialSettings", "DifferentialSharpe", "DifferentialSortino"]


@dataclass(frozen=True, kw_only=True)
class DifferentialSettings:
    """Settings of both ratios.

    Attributes:
        adaptation_rate: Eta, weight of the newest return in the running moments, in (0, 1).
        warmup_bars: Steps at an episode's start that pay nothing while the moments form (0/0 at the start); plain averages until
            they would adapt more slowly than eta.
        clip: Largest reward and smallest; a ruining step pays -clip.
    """

    adaptation_rate: float = 0.01
    warmup_bars: int = 20
    clip: float = 10.0

    def __post_init__(self) -> None:
        if not (is_number(self.adaptation_rate) and 0.0 < self.adaptation_rate < 1.0):
            raise ConfigError(f"the differential ratio's adaptation_rate must lie in (0, 1), was {self.adaptation_rate!r}")
        if isinstance(self.warmup_bars, bool) or not isinstance(self.warmup_bars, (int, np.integer)) or self.warmup_bars < 1:
            raise ConfigError(f"the differential ratio's warmup_bars must be a whole number of 1 or more, was {self.warmup_bars!r}")
        if not (is_number(self.clip) and self.clip > 0.0):
            raise ConfigError(f"the differential ratio's clip must be positive and finite, was {self.clip!r}")


class DifferentialSharpe(Reward):
    """By how much the running Sharpe ratio grows with this step's return."""

    settings_class = DifferentialSettings
    columns = SHARPE_COLUMNS
    losses: ClassVar[bool] = False

    def __init__(self, settings: DifferentialSettings, costs: CostSettings) -> None:
        self.settings = settings
        self.moments = np.zeros(0, MOMENTS)

    def start(self, n_envs: int) -> None:
        """See `Reward.start`."""
        self.moments = np.zeros(n_envs, MOMENTS)

    def clear(self, envs: np.ndarray) -> None:
        """See `Reward.clear`."""
        self.moments[envs] = np.zeros((), MOMENTS)

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`; the moments move on."""
        paid = np.empty(step.shape[0])
        own = self.settings
        pay_differential(step, self.moments, self.losses, own.adaptation_rate, own.warmup_bars, own.clip, paid)
        return paid

    def write(self, out: np.ndarray, at: int) -> None:
        """See `Reward.write`."""
        write_moments(self.moments, self.losses, self.settings.warmup_bars, out, at)

    def state(self) -> dict[str, Any]:
        """See `Reward.state`."""
        return {"moments": self.moments.copy()}

    def load(self, state: dict[str, Any]) -> None:
        """See `Reward.load`."""
        self.moments[...] = state["moments"]


class DifferentialSortino(DifferentialSharpe):
    """By how much the running Sortino ratio (mean over the deviation of losses) grows with this step's return."""

    columns = SORTINO_COLUMNS
    losses: ClassVar[bool] = True
