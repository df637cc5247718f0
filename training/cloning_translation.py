"""What a rule decides, target weights or to hold, said in the action scheme of a job."""

from dataclasses import dataclass

import numpy as np

from ..market.actions.exposure import Exposure
from ..market.actions.levels import Levels
from ..market.actions.positions import Positions
from ..market.actions.rebalance import Rebalance
from ..market.actions.scheme import ActionScheme
from ..market.actions.weights import TargetWeights, Weights
from ..market.desk import Desk
from ..market.errors import ConfigError

__all__ = ["AGREEMENT", "Translation", "held_weights"]

AGREEMENT = 0.05
"""Largest difference of a weight, fraction of equity, at which two continuous actions count as the same decision."""

EXACT = 1e-6
SCHEMES = (Weights, TargetWeights, Rebalance, Exposure, Positions, Levels)


def held_weights(desk: Desk) -> np.ndarray:
    """Return the target weights that leave every position as it is, float64 (B, A), with the buffer that sizes orders."""
    equity, held = desk.account["equity"][:, None], desk.position["units"] != 0.0
    weights = np.divide(desk.values, equity, out=np.zeros(held.shape), where=held & (equity > 0.0))
    kept: np.ndarray = weights * (1.0 + desk.rules["sizing_buffer"][:, None])
    return kept


@dataclass(frozen=True)
class Translation:
    """From target weights to the actions of a scheme, and from two actions to whether they mean the same.

    Attributes:
        scheme: Meaning of the actions.
        rule: Name of the rule, for errors.

    Raises:
        ConfigError: The scheme has no word for target weights.
    """

    scheme: ActionScheme
    rule: str

    def __post_init__(self) -> None:
        if not isinstance(self.scheme, SCHEMES):
            known = ", ".join(one.name for one in SCHEMES)
            raise ConfigError(f"agent.expert: {self.rule} decides target weights, for which env.action {self.scheme.name} has no "
                              f"word; use one of {known}")

    def actions(self, weights: np.ndarray, trades: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the actions that stand for a rule's decisions.

        To hold is to aim at the weights that are held; schemes of few words take the nearest one for it.

        Args:
            weights: Target weights, float64 (B, A).
            trades: Where they are traded to, bool (B,); elsewhere positions are left as they are.
            desk: Books and rules of the accounts.

        Returns:
            int64 (B,) or float64 (B, n), as the scheme takes them.

        Raises:
            ConfigError: Weights that are to be traded to lie outside of what the scheme can say.
        """
        wanted = np.where(trades[:, None], weights, held_weights(desk))
        if self.scheme.discrete:
            words = self._words()
            nearest = np.argmin(np.abs(wanted[:, :1] - words), axis=1)
            self._check(trades, weights[:, :1], words[nearest][:, None])
            return np.asarray(nearest, np.int64)
        if isinstance(self.scheme, Rebalance):
            return np.concatenate([np.clip(wanted, -1.0, 1.0), np.where(trades, 1.0, -1.0)[:, None]], axis=1)
        actions = self._numbers(wanted)
        self._check(trades, weights, self.scheme.weights(actions, desk))
        return actions

    def agree(self, mine: np.ndarray, theirs: np.ndarray, desk: Desk) -> np.ndarray:
        """Return where two actions are one decision, bool (B,): equal, or weights nowhere further apart than `AGREEMENT`."""
        if self.scheme.discrete:
            return np.asarray(mine == theirs)
        if isinstance(self.scheme, Rebalance):
            trades, others = mine[:, -1] > 0.0, theirs[:, -1] > 0.0
            near = np.abs(mine[:, :-1] - theirs[:, :-1]).max(axis=1) <= AGREEMENT
            return np.asarray((trades == others) & (near | ~trades))
        difference = np.abs(self.scheme.weights(mine, desk) - self.scheme.weights(theirs, desk))
        return np.asarray(difference.max(axis=1) <= AGREEMENT)

    def _words(self) -> np.ndarray:
        """Return the weight of the one asset that each action stands for."""
        if isinstance(self.scheme, Levels):
            return np.array(self.scheme.levels)
        return np.array([-1.0, 0.0, 1.0] if isinstance(self.scheme, Positions) and self.scheme.short else [0.0, 1.0])

    def _numbers(self, wanted: np.ndarray) -> np.ndarray:
        if isinstance(self.scheme, Exposure):
            return np.asarray(np.clip(wanted / self.scheme.scale, -1.0, 1.0))
        if not isinstance(self.scheme, Weights):
            return np.asarray(np.clip(wanted, -1.0, 1.0))
        share = wanted / self.scheme.leverage
        cash = np.clip(1.0 - np.abs(share).sum(axis=1, keepdims=True), 0.0, 1.0)
        assets = share if self.scheme.short else 2.0 * share - 1.0
        return np.asarray(np.clip(np.concatenate([assets, 2.0 * cash - 1.0], axis=1), -1.0, 1.0))

    def _check(self, trades: np.ndarray, weights: np.ndarray, said: np.ndarray) -> None:
        odd = trades & (np.abs(weights - said).max(axis=1) > EXACT)
        if odd.any():
            first = int(np.flatnonzero(odd)[0])
            wanted, got = (", ".join(f"{one:g}" for one in row[first]) for row in (weights, said))
            raise ConfigError(f"agent.expert: {self.rule} wants the weights {wanted}, env.action {self.scheme.name} can only say "
                              f"{got}; change its settings, such as levels, bounds or leverage")
