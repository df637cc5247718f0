"""Continuous schemes for portfolios: entries divided by their sum, with cash, and weights as they are."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from ..kernel import kernel
from .scheme import ActionScheme
from .setting import flag_of, multiple_of
from .sizing import aim

__all__ = ["TargetWeights", "Weights", "decode_portfolio"]


@kernel(inline=True)
def decode_portfolio(
    e: int,
    actions: np.ndarray,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Entries to [0, 1], divided by their sum; the last one is cash."""
    total = 0.0
    for a in range(actions.shape[1]):
        total += 0.5 * (actions[e, a] + 1.0)
    for a in range(intents.shape[1]):
        weight = 0.5 * (actions[e, a] + 1.0) / total if total > 0.0 else 0.0
        aim(e, a, row, weight, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_portfolio_batch(
    actions: np.ndarray,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    for e in range(actions.shape[0]):
        decode_portfolio(e, actions, rows[e], bars, instruments, rules, account, position, intents, declined)


@kernel(inline=True)
def bounded(weight: float, largest: float) -> float:
    """A weight cut to [-largest, largest]."""
    if weight > largest:
        return largest
    return -largest if weight < -largest else weight


@kernel
def share_out(actions: np.ndarray, short: bool, leverage: float, max_weight: float, weights: np.ndarray) -> None:
    """Write the weights (E, A) of a portfolio whose entries (E, A + 1) are signed shares, or shares after a move to [0, 1]."""
    n_assets = weights.shape[1]
    for e in range(actions.shape[0]):
        total = 0.5 * (actions[e, n_assets] + 1.0)
        for a in range(n_assets):
            total += abs(actions[e, a]) if short else 0.5 * (actions[e, a] + 1.0)
        for a in range(n_assets):
            share = actions[e, a] if short else 0.5 * (actions[e, a] + 1.0)
            weights[e, a] = bounded(leverage * share / total, max_weight) if total > 0.0 else 0.0


@kernel
def bind_weights(actions: np.ndarray, leverage: float, max_weight: float, weights: np.ndarray) -> None:
    """Write weights (E, A): each cut to `max_weight`, then all scaled down where together they exceed `leverage`."""
    for e in range(actions.shape[0]):
        gross = 0.0
        for a in range(weights.shape[1]):
            weights[e, a] = bounded(actions[e, a], max_weight)
            gross += abs(weights[e, a])
        if gross > leverage:
            for a in range(weights.shape[1]):
                weights[e, a] *= leverage / gross


@dataclass(frozen=True, kw_only=True)
class TargetWeights(ActionScheme):
    """Weights of equity, one an asset, negative for shorts; what rules and allocators emit. The rest is cash.

    Attributes:
        max_weight: Largest absolute weight of an asset, to which others are cut; None: as they are.
        leverage: Largest sum of absolute weights, to which all are scaled; None: that of the account.
    """

    max_weight: float | None = None
    leverage: float | None = None

    name: ClassVar[str] = "target_weights"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_bounds(self.name, self.max_weight, self.leverage)

    @property
    def size(self) -> int:
        """One weight an asset."""
        return self.n_assets

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the actions within the bounds."""
        if self.max_weight is None and self.leverage is None:
            return actions
        weights = np.empty_like(actions)
        bind_weights(actions, _or_none(self.leverage), _or_none(self.max_weight), weights)
        return weights


@dataclass(frozen=True, kw_only=True)
class Weights(ActionScheme):
    """A portfolio: A + 1 entries divided by their sum, the last one cash; all cash where the sum is 0.

    Attributes:
        short: Whether entries of assets are signed shares, divided by the sum of their absolute values and the share of cash; else
            all entries go from [-1, 1] to [0, 1] first, as that of cash always does.
        max_weight: Largest absolute weight of an asset; what is cut off stays in cash. None: no bound.
        leverage: Sum of absolute weights where nothing is left in cash.
    """

    short: bool = False
    max_weight: float | None = None
    leverage: float = 1.0

    name: ClassVar[str] = "weights"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "short", flag_of(self.name, "short", self.short))
        multiple_of(self.name, "leverage", self.leverage)
        _check_bounds(self.name, self.max_weight, self.leverage)

    @property
    def size(self) -> int:
        """One entry an asset and one for cash."""
        return self.n_assets + 1

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the weights of equity, float64 (E, A)."""
        weights = np.empty((len(actions), self.n_assets))
        share_out(actions, self.short, float(self.leverage), _or_none(self.max_weight), weights)
        return weights

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        if self.short or self.max_weight is not None or self.leverage != 1.0:
            super().decode(actions, desk)
        else:
            decode_portfolio_batch(actions, *desk.sheets)


def _or_none(bound: float | None) -> float:
    return math.inf if bound is None else float(bound)


def _check_bounds(scheme: str, max_weight: float | None, leverage: float | None) -> None:
    for name, value in (("max_weight", max_weight), ("leverage", leverage)):
        if value is not None:
            multiple_of(scheme, name, value)
    if max_weight is not None and leverage is not None and max_weight > leverage:
        raise ConfigError(f"action {scheme}: max_weight must be at most the leverage, {leverage}, was {max_weight}; lower it, or "
                          "leave it out")
