"""What rules have in common, and their registry."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from ...configs.strict import validate
from ...encoders.layout import Layout
from ...encoders.observation import Observation
from ...market.decision import Decision
from ...market.errors import UnknownNameError
from ..policy import State

__all__ = ["RULES", "Rule", "build_rule"]

RULES: dict[str, str] = {
    "buy_and_hold": "buy_and_hold:BuyAndHold",
    "equal_weight": "equal_weight:EqualWeight",
    "random": "random_weights:RandomWeights",
    "ma_cross": "ma_cross:MovingAverageCross",
}
"""Every rule and where it lives; it is imported when it is built."""


class Rule(ABC):
    """A policy that follows a written rule.

    Its decisions are in the scheme `rebalance`: A target weights and a switch; without the switch positions stay as they are, so
    that holding costs nothing.

    Args:
        settings: A frozen dataclass, `settings_class`.
        layout: Layout of the observations, for the assets and the columns.
    """

    kind: ClassVar[str]
    settings_class: ClassVar[type]
    scheme = "rebalance"

    def __init__(self, settings: Any, layout: Layout) -> None:
        self.settings, self.layout = settings, layout

    @property
    def name(self) -> str:
        """The rule's own name."""
        return self.kind

    @property
    def requires(self) -> tuple[str, ...]:
        """Columns that it reads besides the mask."""
        return ()

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON data."""
        return asdict(self.settings)

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """See `Policy.initial_state`."""

    @abstractmethod
    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`. A rule draws only where it is made of chance, whatever `deterministic` says."""

    def decision(self, weights: np.ndarray, trades: np.ndarray) -> Decision:
        """Return the decision to hold `weights` (B, A) where `trades` (B,) is True, and to leave positions alone elsewhere."""
        values = np.zeros((weights.shape[0], weights.shape[1] + 1))
        values[:, :-1] = np.where(trades[:, None], weights, 0.0)
        values[:, -1] = trades
        return Decision(self.scheme, values)


def equal_weights(mask: np.ndarray) -> np.ndarray:
    """Return 1/n for each of the n assets in `mask` (B, A), 0 elsewhere, float64 (B, A)."""
    count = mask.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(mask, count, out=np.zeros(mask.shape), where=count > 0))


def build_rule(kind: str, settings: Mapping[str, Any], layout: Layout, where: str = "agent") -> Rule:
    """Return a rule.

    Args:
        kind: Name in `RULES`.
        settings: Its settings by name.
        layout: Layout of the observations that it will see.
        where: Named in errors.

    Raises:
        UnknownNameError: No such rule, or the layout lacks a column; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    if kind not in RULES:
        raise UnknownNameError("rule", kind, RULES, where)
    module, name = RULES[kind].split(":")
    made = getattr(import_module(f".{module}", __package__), name)
    rule: Rule = made(validate(made.settings_class, settings, f"{where}.{kind}"), layout)
    return rule
