"""What the entrants of a batch see: the tradable mask, or all that an environment's agents see."""

from typing import Protocol

import numpy as np

from ..data.tape import Tape
from ..encoders.column import Column
from ..encoders.layout import Layout
from ..encoders.observation import Observation
from ..encoders.table import FeatureTable
from ..envs.observer import private_parts
from ..envs.parts.part import PartContext
from ..envs.parts.registry import PartsGiven, build_parts, columns_of
from ..envs.rewards.reward import Reward
from ..envs.view import View
from ..market.actions.scheme import ActionScheme
from ..market.desk import Books
from ..market.errors import ConfigError, ShapeError

__all__ = ["Sight", "TradableSight", "ViewSight"]

MISFIT = "the features and the reward do not make the policy's layout"


class Sight(Protocol):
    """What the entrants of a batch see."""

    @property
    def layout(self) -> Layout:
        """What the numbers of an observation are."""

    def look(self, books: Books) -> Observation:
        """Return the observations of all accounts (E) at the closes of `books.rows`."""

    def pay(self, steps: np.ndarray, books: Books) -> None:
        """Take note of what a step paid; some observations depend on it."""


class TradableSight:
    """Sees which assets can be traded and what the account holds (A weights first): enough for rules without a signal."""

    def __init__(self, tape: Tape) -> None:
        (self._private,) = parts = build_parts("weights", PartContext(tape.symbols))
        self._layout = Layout(tape.symbols, market_asset=(Column("tradable", "flag", 0.0, 1.0),), private=columns_of(parts))
        self._mask = ((tape.tradable != 0) & (tape.present != 0)).astype(np.float32)

    @property
    def layout(self) -> Layout:
        """See `Sight.layout`."""
        return self._layout

    def look(self, books: Books) -> Observation:
        """See `Sight.look`."""
        n_envs = len(books.rows)
        private = np.zeros((n_envs, self._layout.n_private), np.float32)
        self._private.write(np.ones(n_envs, np.bool_), books, private, 0)
        return Observation.from_parts(self._mask[books.rows][:, None, :], private, self._layout)

    def pay(self, steps: np.ndarray, books: Books) -> None:
        """See `Sight.pay`; nothing depends on it here."""


class ViewSight:
    """Sees what an environment's agents see: the encoded tape in whole, the account by the kernels of training.

    Args:
        table: Features of every row of the tape, of the layout's assets or of more where the layout has one.
        layout: That of the policy.
        reward: The reward of training; its running moments may be part of the observation.
        n_envs: Accounts of the batch.
        private: The parts of training; None: those that the layout's columns belong to.
        scheme: The action scheme of training; needed where a part reads it.

    Raises:
        ShapeError: Features and reward do not make this layout.
    """

    def __init__(
        self,
        table: FeatureTable,
        layout: Layout,
        reward: Reward,
        n_envs: int,
        private: PartsGiven | None = None,
        scheme: ActionScheme | None = None,
    ) -> None:
        self._layout = layout
        self._reward = reward
        self._reward.start(n_envs)
        own = table.for_asset(layout.assets[0]) if layout.n_assets == 1 and table.layout.n_assets > 1 else table
        try:
            self._parts = private_parts(layout, len(reward.columns), private, scheme)
        except ConfigError as error:
            raise ShapeError(f"{MISFIT}: {error}") from error
        self._view = View(own, layout.window, self._parts, reward)
        if (self._view.layout.private, self._view.layout.names) != (layout.private, layout.names):
            raise ShapeError(f"{MISFIT}; take those of the job that trained it")
        for part in self._parts:
            part.start(n_envs)
        self._out = np.zeros((n_envs, layout.size), np.float32)
        self._everyone = np.ones(n_envs, np.bool_)

    @property
    def layout(self) -> Layout:
        """See `Sight.layout`."""
        return self._layout

    def look(self, books: Books) -> Observation:
        """See `Sight.look`."""
        self._view.write(self._everyone, books, self._out)
        return Observation.from_flat(self._out.copy(), self._layout)

    def pay(self, steps: np.ndarray, books: Books) -> None:
        """See `Sight.pay`."""
        for part in self._parts:
            part.after(steps, books)
        self._reward.pay(steps, books)
