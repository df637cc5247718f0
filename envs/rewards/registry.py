"""Rewards by name."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, is_dataclass
from numbers import Real
from typing import Any

import numpy as np

from ...configs.strict import validate
from ...market.cost import CostSettings
from ...market.errors import ConfigError, UnknownNameError
from .crra import Crra
from .differential import DifferentialSharpe, DifferentialSortino
from .execution_cost import ExecutionCost
from .exponential_utility import ExponentialUtility
from .gross_minus_cost import GrossMinusCost
from .implementation_shortfall import ImplementationShortfall
from .log_return import LogReturn
from .mean_variance import MeanVariance
from .penalty import DrawdownPenalty, InventoryPenalty, TurnoverPenalty
from .quoting_profit import QuotingProfit
from .reward import Reward
from .total import TotalReward

__all__ = ["REWARDS", "Reward", "RewardGiven", "build_reward", "plain_reward"]

REWARDS: dict[str, Callable[..., Reward]] = {
    "log_return": LogReturn,
    "gross_minus_cost": GrossMinusCost,
    "differential_sharpe": DifferentialSharpe,
    "differential_sortino": DifferentialSortino,
    "drawdown_penalty": DrawdownPenalty,
    "turnover_penalty": TurnoverPenalty,
    "inventory_penalty": InventoryPenalty,
    "crra": Crra,
    "mean_variance": MeanVariance,
    "execution_cost": ExecutionCost,
    "implementation_shortfall": ImplementationShortfall,
    "quoting_profit": QuotingProfit,
    "exponential_utility": ExponentialUtility,
}
"""Every reward by name. A class with `settings_class` gets its settings checked strictly; any other gets them as a dict."""

RewardGiven = str | Mapping[str, Any] | Reward | Sequence[str | Mapping[str, Any] | Reward]


def build_reward(reward: RewardGiven, costs: CostSettings) -> Reward:
    """Return a reward.

    Args:
        reward: Its name; or a mapping with `kind` and its settings, as YAML has it (`scale` multiplies any of them); or an
            instance, of which a copy is returned: what it remembers belongs to one batch; or a list of these, which are added up.
        costs: The costs of the environment (ruin).

    Raises:
        UnknownNameError: No such reward; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    if isinstance(reward, Sequence) and not isinstance(reward, str):
        if not reward:
            raise ConfigError("reward must name at least one reward, was an empty list")
        made = [_scaled(one, costs) for one in reward]
        return TotalReward([term for term, _ in made], [scale for _, scale in made])
    term, scale = _scaled(reward, costs)
    return term if scale == 1.0 else TotalReward([term], [scale])


def plain_reward(reward: RewardGiven) -> Any:
    """Return a reward as JSON data that `build_reward` makes again; None for an object of a class without a name in `REWARDS`."""
    if isinstance(reward, str):
        return reward
    if isinstance(reward, Mapping):
        return dict(reward)
    if not isinstance(reward, Reward):
        return [plain_reward(one) for one in reward]
    settings = getattr(reward, "settings", None)
    for kind, make in REWARDS.items():
        if type(reward) is make and (is_dataclass(settings) and not isinstance(settings, type)):
            return {"kind": kind, **asdict(settings)}
    return None


def _scaled(reward: Any, costs: CostSettings) -> tuple[Reward, float]:
    if isinstance(reward, Reward):
        return deepcopy(reward), 1.0
    if not isinstance(reward, (str, Mapping)):
        raise ConfigError(f"reward must be a name, a mapping with a kind, a Reward or a list of these, was {reward!r}")
    settings = {"kind": reward} if isinstance(reward, str) else dict(reward)
    kind, scale = settings.pop("kind", None), settings.pop("scale", 1.0)
    if not isinstance(kind, str):
        raise ConfigError(f"reward needs a kind, such as {{kind: log_return}}, was {reward!r}")
    if isinstance(scale, bool) or not isinstance(scale, Real) or not np.isfinite(float(scale)):
        raise ConfigError(f"reward.{kind}.scale must be a finite number, was {scale!r}")
    if kind not in REWARDS:
        raise UnknownNameError("reward", kind, REWARDS)
    make = REWARDS[kind]
    settings_class = getattr(make, "settings_class", None)
    return make(settings if settings_class is None else validate(settings_class, settings, f"reward.{kind}"), costs), float(scale)
