"""`ActionScheme`: the meaning of an action, from checked values to order intents."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError, ShapeError
from .targets import decode_targets_batch

__all__ = ["ActionScheme"]


@dataclass(frozen=True, kw_only=True)
class ActionScheme:
    """Base of every scheme; settings of a scheme are its fields.

    Attributes:
        n_assets: Assets that a decision is about, A.
    """

    n_assets: int = 1

    name: ClassVar[str]
    discrete: ClassVar[bool]
    n_tickets: ClassVar[int] = 0  # orders that a decision writes beside one intent an asset

    def __post_init__(self) -> None:
        if self.n_assets < 1:
            raise ConfigError(f"action {self.name}: n_assets must be at least 1, was {self.n_assets}")

    @property
    def n(self) -> int:
        """Number of actions of a discrete scheme."""
        raise ConfigError(f"action {self.name} is continuous: it has a size, not a number of actions")

    @property
    def size(self) -> int:
        """Length of an action of a continuous scheme; every entry lies in [-1, 1]."""
        raise ConfigError(f"action {self.name} is discrete: it has a number of actions, not a size")

    @property
    def labels(self) -> tuple[str, ...]:
        """What each action or each entry of it is called, for tables."""
        return tuple(str(i) for i in range(self.n if self.discrete else self.size))

    def check_actions(self, actions: np.ndarray, n_envs: int) -> np.ndarray:
        """Return `actions` as the kernels read them; nothing that is wrong is ever decoded.

        Args:
            actions: Integers (n_envs,) in [0, n) for a discrete scheme; floats (n_envs, size) in [-1, 1] for a continuous one.
            n_envs: Environments, E.

        Returns:
            int64 (n_envs,) or float64 (n_envs, size), C-contiguous.

        Raises:
            ShapeError: The shape or the kind of number is another.
            ConfigError: A value is NaN, infinite or out of range; names its index.
        """
        values = np.asarray(actions)
        if self.discrete:
            if values.shape != (n_envs,) or values.dtype.kind not in "iu":
                raise ShapeError(f"action {self.name}: must be integers of shape ({n_envs},), was {values.dtype} {values.shape}")
            bad = (values < 0) | (values >= self.n)
            rule = f"must lie in [0, {self.n})"
        else:
            if values.shape != (n_envs, self.size) or values.dtype.kind not in "fiu":
                wanted = f"({n_envs}, {self.size})"
                raise ShapeError(f"action {self.name}: must be floats of shape {wanted}, was {values.dtype} {values.shape}")
            bad = ~((values >= -1.0) & (values <= 1.0))
            rule = "must be finite and lie in [-1, 1]"
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ConfigError(f"action {self.name}: {rule}, was {values[index]} at index {list(index)}")
        return np.ascontiguousarray(values, np.int64 if self.discrete else np.float64)

    def legal(self, desk: Desk) -> np.ndarray | None:
        """Return which actions of a discrete scheme can do anything now, bool (E, n); None: all of them, always."""
        return None

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the weights of equity that actions stand for, float64 (E, A), signed; the rest is cash.

        A scheme of your own writes this, or `decode` where it wants other orders than those to target weights.
        """
        raise NotImplementedError(f"action {self.name}: write weights() or decode()")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of a decision at the closes of `desk.rows`; here those that trade to `weights`.

        Args:
            actions: What `check_actions` returned.
            desk: Books, market and rules to read; `intents` and `tickets`, empty on entry, to write. What cannot become an order
                is added to `desk.declined` with `sizing.decline`.
        """
        weights = np.ascontiguousarray(self.weights(actions, desk), np.float64)
        if weights.shape != (desk.n_envs, desk.n_assets) or not np.isfinite(weights).all():
            wanted = f"({desk.n_envs}, {desk.n_assets})"
            raise ShapeError(f"action {self.name}: weights must be finite and of shape {wanted}, were {weights.shape}")
        decode_targets_batch(weights, *desk.sheets)
