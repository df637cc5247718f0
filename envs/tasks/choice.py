"""Choosing among strategies: one of them, or a mix, whose targets the account then follows."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from ...encoders.column import Column
from ...market.actions.scheme import ActionScheme
from ...market.actions.setting import flag_of, is_number
from ...market.actions.some_targets import decode_some_targets_batch
from ...market.desk import Books, Desk
from ...market.errors import ConfigError
from ..parts.part import Part
from .strategy import Strategies

__all__ = ["CHOICE_SCHEMES", "Choice", "ChoicePart", "ChoiceScheme", "Followed", "Mix"]


class Followed:
    """What the accounts of a batch follow.

    Attributes:
        strategies: The K strategies.
        mix: Share of each that was asked for last, float64 (E, K); zeros before the first decision.
        wanted: Weights that it stood for, float64 (E, A); NaN before the first decision.
    """

    def __init__(self, strategies: Strategies, n_envs: int) -> None:
        self.strategies = strategies
        self.mix = np.zeros((n_envs, len(strategies.names)))
        self.wanted = np.full((n_envs, strategies.targets.shape[2]), np.nan)

    def begin(self, envs: np.ndarray) -> None:
        """Forget what was asked for in the sub-environments of `envs` (indices or a mask)."""
        self.mix[envs], self.wanted[envs] = 0.0, np.nan

    def follow(self, mix: np.ndarray, rebalance: bool, desk: Desk) -> None:
        """Write the orders of a mix, float64 (E, K).

        They trade to its weights where these differ from the last ones; else only in assets that are held and should not be, or the
        reverse. Everywhere else positions drift, which costs nothing.
        """
        targets = self.strategies.targets[desk.rows]
        wanted = np.zeros_like(self.wanted)
        for place in range(mix.shape[1]):
            wanted += mix[:, place, None] * targets[:, place]
        held = desk.position["units"] != 0.0
        moved = (wanted != self.wanted).any(axis=1) | rebalance
        decode_some_targets_batch(wanted, moved[:, None] | (held != (wanted != 0.0)), *desk.sheets)
        self.mix, self.wanted = mix.copy(), wanted

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of what changes; `load` takes them back."""
        return {"mix": self.mix.copy(), "wanted": self.wanted.copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self.mix, self.wanted = state["mix"].copy(), state["wanted"].copy()


@dataclass(frozen=True, kw_only=True)
class ChoiceScheme(ActionScheme):
    """Base of both.

    Attributes:
        rebalance: Whether drifting positions are brought back to the weights at every close; else when these change.
        task: What is followed; the environment sets it.
    """

    rebalance: bool = False
    task: Followed | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rebalance", flag_of(self.name, "rebalance", self.rebalance))

    @property
    def followed(self) -> Followed:
        """The task; ConfigError where there is none."""
        if self.task is None:
            raise ConfigError(f"action {self.name} follows strategies, which quantgym/StrategySelection-v0 has alone")
        return self.task

    @property
    def labels(self) -> tuple[str, ...]:
        """The strategies."""
        return self.followed.strategies.names

    @abstractmethod
    def mix(self, actions: np.ndarray) -> np.ndarray:
        """Return the share of each strategy, float64 (E, K), not negative, with a sum of at most 1."""

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders; see `ActionScheme.decode`."""
        self.followed.follow(self.mix(actions), self.rebalance, desk)


@dataclass(frozen=True, kw_only=True)
class Choice(ChoiceScheme):
    """The number of the strategy that is followed."""

    name: ClassVar[str] = "choice"
    discrete: ClassVar[bool] = True

    @property
    def n(self) -> int:
        """K."""
        return len(self.labels)

    def mix(self, actions: np.ndarray) -> np.ndarray:
        """See `ChoiceScheme.mix`."""
        shares: np.ndarray = np.eye(self.n)[actions]
        return shares


@dataclass(frozen=True, kw_only=True)
class Mix(ChoiceScheme):
    """K numbers in [-1, 1] that become shares of the strategies.

    Attributes:
        form: `softmax` of `sharpness` x the numbers; or `simplex`: the numbers to [0, 1], divided by their sum (all equal where it
            is 0).
        sharpness: Of `softmax`: with 5, the default, the largest share is at most exp(10) times the smallest.
    """

    form: Literal["softmax", "simplex"] = "softmax"
    sharpness: float = 5.0

    name: ClassVar[str] = "mix"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.form not in ("softmax", "simplex"):
            raise ConfigError(f"mix.form must be softmax or simplex, was {self.form!r}")
        if not (is_number(self.sharpness) and 0.0 < self.sharpness <= 100.0):
            raise ConfigError(f"mix.sharpness must lie in (0, 100], was {self.sharpness!r}")

    @property
    def size(self) -> int:
        """K."""
        return len(self.labels)

    def mix(self, actions: np.ndarray) -> np.ndarray:
        """See `ChoiceScheme.mix`."""
        if self.form == "softmax":
            raw = np.exp(self.sharpness * (actions - actions.max(axis=1, keepdims=True)))
        else:
            raw = 0.5 * (actions + 1.0)
            raw[~(raw > 0.0).any(axis=1)] = 1.0
        total = np.zeros(len(raw))
        for place in range(raw.shape[1]):  # in one order, whatever the size of the batch
            total += raw[:, place]
        return np.asarray(raw / total[:, None])


class ChoicePart(Part):
    """`mix_<strategy>`: what is followed now."""

    def __init__(self, task: Followed) -> None:
        self.task = task
        self.columns = tuple(Column(f"mix_{name}", "weight", 0.0, 1.0) for name in task.strategies.names)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        out[active, at : at + len(self.columns)] = np.clip(self.task.mix[active], 0.0, 1.0)


CHOICE_SCHEMES: dict[str, type[Any]] = {scheme.name: scheme for scheme in (Choice, Mix)}
"""Every scheme of a selection by name."""
