"""Rewards: formulas on the record of a step, chosen by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..configs.strict import validate
from ..encoders.column import Column
from ..market.cost import CostSettings
from ..market.errors import ConfigError, UnknownNameError
from .moments import MOMENT_COLUMNS, MOMENTS, pay_differential_sharpe, write_moments

__all__ = ["REWARDS", "DifferentialSharpe", "GrossMinusCost", "LogReturn", "Reward", "build_reward"]


class Reward(ABC):
    """What a step pays. One object serves one batch of E sub-environments and may carry state for each.

    A reward of your own: subclass it, write `pay` in NumPy, put the class into `REWARDS` under a name (or pass an instance as
    `reward=`). It is built as `Class(settings, costs)`.
    """

    columns: tuple[Column, ...] = ()
    """Columns that it adds to the private observation, because the next reward depends on them."""

    def start(self, n_envs: int) -> None:  # noqa: B027 (a reward without state needs no memory)
        """Make room for E = `n_envs` sub-environments."""

    def clear(self, envs: np.ndarray) -> None:  # noqa: B027
        """Forget the past of the sub-environments in the mask `envs`, bool (E,): their episodes begin."""

    @abstractmethod
    def pay(self, step: np.ndarray, account: np.ndarray) -> np.ndarray:
        """Return the rewards of one step, float64 (E,), from STEP records (E,) and ACCOUNT records (E,)."""

    def write(self, out: np.ndarray, at: int) -> None:  # noqa: B027
        """Write `columns` into `out` (E, D) from column `at` on."""


@dataclass(frozen=True, kw_only=True)
class LogReturnSettings:
    """`log_return` has no settings."""


class LogReturn(Reward):
    """ln(E'/E) of the equity at two closes, net of all costs; at ruin ln(floor), floor = `ruin_equity_fraction` of the costs."""

    settings_class = LogReturnSettings

    def __init__(self, settings: LogReturnSettings, costs: CostSettings) -> None:
        self.floor = costs.ruin_equity_fraction

    def pay(self, step: np.ndarray, account: np.ndarray) -> np.ndarray:
        """See `Reward.pay`."""
        before, after = np.ascontiguousarray(step["equity_before"]), np.ascontiguousarray(step["equity"])
        ruined = (step["ruined"] != 0) | (after <= 0.0) | (before <= 0.0)
        ratio = np.divide(after, before, out=np.full(step.shape, self.floor), where=~ruined)
        paid: np.ndarray = np.log(ratio)
        return paid


@dataclass(frozen=True, kw_only=True)
class GrossMinusCostSettings:
    """Settings of `gross_minus_cost`.

    Attributes:
        cost_weight: Lambda, how often a unit of cost counts; 1 is net, 0 is gross.
    """

    cost_weight: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cost_weight) and self.cost_weight >= 0.0):
            raise ConfigError(f"gross_minus_cost.cost_weight must be finite and not negative, was {self.cost_weight}")


INCOME = ("gross", "dividends", "funding", "interest")
COSTS = ("commission", "fees", "spread", "slippage", "impact", "borrow", "liquidation")


class GrossMinusCost(Reward):
    """(gross + dividends + funding + interest - lambda x costs) / initial equity of one step; a ruining step pays its loss."""

    settings_class = GrossMinusCostSettings

    def __init__(self, settings: GrossMinusCostSettings, costs: CostSettings) -> None:
        self.cost_weight = settings.cost_weight

    def pay(self, step: np.ndarray, account: np.ndarray) -> np.ndarray:
        """See `Reward.pay`."""
        paid: np.ndarray = step["gross"].copy()
        for line in INCOME[1:]:
            paid += step[line]
        spent = step["commission"].copy()
        for line in COSTS[1:]:
            spent += step[line]
        paid -= self.cost_weight * spent
        initial = account["initial_equity"]
        np.divide(paid, initial, out=paid, where=initial > 0.0)
        return paid


@dataclass(frozen=True, kw_only=True)
class DifferentialSharpeSettings:
    """Settings of `differential_sharpe`.

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
        if not 0.0 < self.adaptation_rate < 1.0:
            raise ConfigError(f"differential_sharpe.adaptation_rate must lie in (0, 1), was {self.adaptation_rate}")
        if self.warmup_bars < 1:
            raise ConfigError(f"differential_sharpe.warmup_bars must be 1 or more, was {self.warmup_bars}")
        if not (np.isfinite(self.clip) and self.clip > 0.0):
            raise ConfigError(f"differential_sharpe.clip must be positive and finite, was {self.clip}")


class DifferentialSharpe(Reward):
    """The differential Sharpe ratio of the net simple return of a bar; see `moments.py` for formula and source."""

    settings_class = DifferentialSharpeSettings
    columns = MOMENT_COLUMNS

    def __init__(self, settings: DifferentialSharpeSettings, costs: CostSettings) -> None:
        self.settings = settings
        self.moments = np.zeros(0, MOMENTS)

    def start(self, n_envs: int) -> None:
        """See `Reward.start`."""
        self.moments = np.zeros(n_envs, MOMENTS)

    def clear(self, envs: np.ndarray) -> None:
        """See `Reward.clear`."""
        self.moments[envs] = np.zeros((), MOMENTS)

    def pay(self, step: np.ndarray, account: np.ndarray) -> np.ndarray:
        """See `Reward.pay`; the moments move on."""
        paid = np.empty(step.shape[0])
        settings = self.settings
        pay_differential_sharpe(step, self.moments, settings.adaptation_rate, settings.warmup_bars, settings.clip, paid)
        return paid

    def write(self, out: np.ndarray, at: int) -> None:
        """See `Reward.write`."""
        write_moments(self.moments, self.settings.warmup_bars, out, at)


REWARDS: dict[str, Callable[..., Reward]] = {
    "log_return": LogReturn,
    "gross_minus_cost": GrossMinusCost,
    "differential_sharpe": DifferentialSharpe,
}
"""Every reward by name. A class with `settings_class` gets its settings checked strictly; any other gets them as a dict."""


def build_reward(reward: "str | Mapping[str, Any] | Reward", costs: CostSettings) -> Reward:
    """Return a reward.

    Args:
        reward: Its name; or a mapping with `kind` and its settings, as YAML has it; or an instance, of which a copy is
            returned: what it remembers belongs to one batch.
        costs: The costs of the environment (ruin).

    Raises:
        UnknownNameError: No such reward; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    if isinstance(reward, Reward):
        return deepcopy(reward)
    settings = {"kind": reward} if isinstance(reward, str) else dict(reward)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f"reward needs a kind, such as {{kind: log_return}}, was {reward!r}")
    if kind not in REWARDS:
        raise UnknownNameError("reward", kind, REWARDS)
    make = REWARDS[kind]
    settings_class = getattr(make, "settings_class", None)
    return make(settings if settings_class is None else validate(settings_class, settings, f"reward.{kind}"), costs)
