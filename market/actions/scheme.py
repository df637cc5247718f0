"""`ActionScheme`: the meaning of an action, from checked values to order intents."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError, ShapeError
from .setting import count_of
from .targets import decode_targets_batch

__all__ = ["ActionScheme"]


@dataclass(frozen=True, kw_only=True)
class ActionScheme:
    """Base of every scheme; settings of a scheme are its fields.

    One of your own is a frozen, keyword-only dataclass with `name`, `discrete`, and `n` (discrete) or `size`, that writes `weights`
    or `decode`; a discrete one may write `legal` and `labels`. `SCHEMES[name] = Class` makes it known by name.

    Attributes:
        n_assets: Assets that a decision is about, A.
    """

    n_assets: int = 1

    name: ClassVar[str]
    discrete: ClassVar[bool]
    n_tickets: ClassVar[int] = 0  # orders that a decision writes beside one intent an asset

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_assets", count_of(self.name, "n_assets", self.n_assets))

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
            ShapeError: The shape or the kind of number is another, or rows differ in length.
            ConfigError: A value is NaN, infinite or out of range; names its index.
        """
        wanted = f"integers of shape ({n_envs},)" if self.discrete else f"floats of shape ({n_envs}, {self.size})"
        try:
            values = np.asarray(actions)
        except (TypeError, ValueError):
            raise ShapeError(f"action {self.name}: must be {wanted}, was a {type(actions).__name__} that makes no array; "
                             "give every row the same length") from None
        if self.discrete:
            if values.shape != (n_envs,) or values.dtype.kind not in "iu":
                raise ShapeError(f"action {self.name}: must be {wanted}, was {values.dtype} {values.shape}")
            bad = (values < 0) | (values >= self.n)
            rule = f"must lie in [0, {self.n})"
        else:
            if values.shape != (n_envs, self.size) or values.dtype.kind not in "fiu":
                raise ShapeError(f"action {self.name}: must be {wanted}, was {values.dtype} {values.shape}")
            bad = ~((values >= -1.0) & (values <= 1.0))
            rule = "must be finite and lie in [-1, 1]"
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ConfigError(f"action {self.name}: {rule}, was {values[index]} at index {list(index)}")
        return np.ascontiguousarray(values, np.int64 if self.discrete else np.float64)

    def decide(self, actions: np.ndarray, desk: Desk) -> None:
        """Check actions and write the orders that they stand for; where that fails, nothing stays on the desk.

        Raises:
            ShapeError, ConfigError: See `check_actions` and `decode`.
        """
        checked = self.check_actions(actions, desk.n_envs)
        try:
            self.decode(checked, desk)
        except BaseException:
            desk.clear()
            raise

    def plain(self) -> dict[str, Any]:
        """Return `kind` and the scheme's own settings as JSON data: with `n_assets` beside them they make it again.

        A field that is declared with `compare=False` is no setting: what an environment binds, such as its task.
        """
        own = [field.name for field in fields(self) if field.name != "n_assets" and field.compare]
        settings = {name: _plain(getattr(self, name)) for name in own}
        return {"kind": self.name, **settings}

    def check_market(self, market: str, close_only: bool, max_orders: int) -> None:
        """Raise where a market lacks what the actions need; environments and backtests ask before anything is played.

        Args:
            market: Name of the tape.
            close_only: Whether it holds closes only.
            max_orders: Orders that can work at once in one account.
        """

    def legal(self, desk: Desk) -> np.ndarray | None:
        """Return which actions of a discrete scheme can do anything now, bool (E, n); None: all of them, always.

        What is not legal never becomes an order; what is legal is not declined by `decode` (the exchange may still refuse it).
        """
        return None

    def mask(self, desk: Desk) -> np.ndarray:
        """Return `legal` in full, bool (E, n).

        Raises:
            ConfigError: The scheme is continuous.
            ShapeError: `legal` of a scheme of your own has another shape or type.
        """
        shape, legal = (desk.n_envs, self.n), self.legal(desk)
        if legal is None:
            return np.ones(shape, np.bool_)
        if not isinstance(legal, np.ndarray) or legal.shape != shape or legal.dtype != np.bool_:
            raise ShapeError(f"action {self.name}: legal must be bool of shape {shape}, was {_kind_of(legal)}")
        return legal

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the weights of equity that actions stand for, float64 (E, A), signed; the rest is cash.

        A scheme of your own writes this, or `decode` where it wants other orders than those to target weights.
        """
        raise ConfigError(f"action {self.name}: its class must have weights() or decode(), has neither; write one of them")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of a decision at the closes of `desk.rows`; here those that trade to `weights`.

        Args:
            actions: What `check_actions` returned.
            desk: Books, market and rules to read; `intents` and `tickets`, empty on entry, to write. What cannot become an order
                is added to `desk.declined` with `sizing.decline`.

        Raises:
            ShapeError: `weights` returned another shape, or no numbers.
            ConfigError: `weights` returned one that is NaN or infinite; names its index.
        """
        weights, wanted = self.weights(actions, desk), (desk.n_envs, desk.n_assets)
        if not isinstance(weights, np.ndarray) or weights.shape != wanted or weights.dtype.kind not in "fiu":
            raise ShapeError(f"action {self.name}: weights must be numbers of shape {wanted}, were {_kind_of(weights)}")
        if not np.isfinite(weights).all():
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(weights))[0])
            raise ConfigError(f"action {self.name}: weights must be finite, was {weights[index]} at index {list(index)}")
        decode_targets_batch(np.ascontiguousarray(weights, np.float64), *desk.sheets)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _kind_of(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
