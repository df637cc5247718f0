"""The sum of several rewards, as a list in YAML has it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...market.desk import Books
from .reward import Reward

__all__ = ["TotalReward"]


class TotalReward(Reward):
    """scale_1 x reward_1 + scale_2 x reward_2 + ..., with the columns of all of them.

    Attributes:
        terms: The rewards.
        scales: A factor for each.
    """

    def __init__(self, terms: Sequence[Reward], scales: Sequence[float]) -> None:
        self.terms, self.scales = tuple(terms), tuple(scales)
        self.columns = tuple(column for term in self.terms for column in term.columns)

    def check_world(self, n_assets: int) -> None:
        """See `Reward.check_world`: each term is asked."""
        for term in self.terms:
            term.check_world(n_assets)

    def start(self, n_envs: int) -> None:
        """See `Reward.start`."""
        for term in self.terms:
            term.start(n_envs)

    def clear(self, envs: np.ndarray) -> None:
        """See `Reward.clear`."""
        for term in self.terms:
            term.clear(envs)

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        paid = np.zeros(len(step))
        for term, scale in zip(self.terms, self.scales, strict=True):
            paid += scale * term.paid(step, books)
        return paid

    def write(self, out: np.ndarray, at: int) -> None:
        """See `Reward.write`."""
        for term in self.terms:
            term.write(out, at)
            at += len(term.columns)

    def state(self) -> dict[str, Any]:
        """See `Reward.state`."""
        return {"terms": [term.state() for term in self.terms]}

    def load(self, state: dict[str, Any]) -> None:
        """See `Reward.load`."""
        for term, own in zip(self.terms, state["terms"], strict=True):
            term.load(own)
