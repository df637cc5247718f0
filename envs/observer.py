"""The streaming twin of an environment's observation, for backtest and live: one row in, one observation out."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..data.row import Row
from ..data.tape import Tape
from ..encoders.layout import Layout
from ..encoders.observation import Observation
from ..market.account import COSTS, INCOME, STEP
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings, rules_records
from ..market.desk import Books, Desk, new_desk, open_episodes
from ..market.errors import ConfigError, ShapeError
from ..market.instrument import Instrument, instrument_records
from .parts.part import Part, PartContext
from .parts.registry import PartsGiven, build_parts, columns_of, parts_of_columns
from .rewards.registry import RewardGiven, build_reward
from .rewards.total import TotalReward

__all__ = ["Observer", "Stream", "private_parts"]

LINES = (*INCOME, *COSTS, "traded_notional", "n_fills")


class Stream(Protocol):
    """What encodes rows: `encoders.pipeline.Pipeline`, fitted."""

    @property
    def layout(self) -> Layout: ...  # noqa: D102

    def update(self, row: Row) -> np.ndarray: ...  # noqa: D102

    def prime(self, tape: Tape) -> None: ...  # noqa: D102

    def reset(self) -> None: ...  # noqa: D102


class Observer:
    """Builds the observation that the environment would give, from rows as they close and books that somebody else keeps.

    The account goes through the same kernels as in training; market rows come from the pipeline's stream. Where its encoders are
    exact, `observe(...).flat()` has the bits of the environment's observation.

    Use: `prime` with the tape before the first decision, `begin` with the fresh account, then `observe` once a row.
    """

    def __init__(
        self,
        pipeline: Stream,
        layout: Layout,
        instruments: Sequence[Instrument],
        *,
        reward: RewardGiven = "log_return",
        private: PartsGiven | None = None,
        scheme: ActionScheme | None = None,
        costs: CostSettings | None = None,
    ) -> None:
        """Build it.

        Args:
            pipeline: Fitted encoders, of the layout's assets or of more (an environment that trades one asset of many).
            layout: That of the policy: `env.layout`.
            instruments: Those of `layout.assets`, in that order.
            reward: The reward of training; its running moments may be part of the observation.
            private: The parts of training; None: those that the layout's columns belong to (parts without settings).
            scheme: The action scheme of training; needed where a part reads it, as `action_mask` does.
            costs: The costs of training; None: `CostSettings()`.

        Raises:
            ConfigError: The layout's private columns are not those of any private part with this reward.
            ShapeError: The instruments are not those of the layout.
        """
        symbols = tuple(instrument.symbol for instrument in instruments)
        if symbols != layout.assets:
            raise ShapeError(f"instruments must be those of the layout, {', '.join(layout.assets)}, were {', '.join(symbols)}")
        self.layout = layout
        self._pipeline = pipeline
        self.private, self.scheme = private, scheme
        charged = CostSettings() if costs is None else costs
        self._reward = build_reward(reward, charged)
        self._reward.start(1)
        terms = self._reward.terms if isinstance(self._reward, TotalReward) else (self._reward,)
        self._seen_terms = tuple(term for term in terms if term.columns)  # nobody is paid here: what shows nothing is left alone
        self._parts = private_parts(layout, len(self._reward.columns), private, scheme)
        self._rules = rules_records(charged)
        self._traded = [pipeline.layout.assets.index(symbol) for symbol in symbols if symbol in pipeline.layout.assets]
        for part in self._parts:
            part.start(1)
        self._everyone = np.ones(1, np.bool_)
        self._chosen = _columns_of(pipeline.layout, layout)
        self._instruments = instrument_records(tuple(instruments))
        self._rows: deque[np.ndarray] = deque(maxlen=layout.window)
        self._before: np.ndarray | None = None

    def prime(self, tape: Tape) -> None:
        """Take in the rows before the first decision, all assets of the pipeline; again, with the rows that follow."""
        held = min(self.layout.window - 1, tape.n_rows)
        if tape.n_rows > held:
            self._pipeline.prime(tape.slice(0, tape.n_rows - held))
        for row in range(tape.n_rows - held, tape.n_rows):
            self._take(tape.row(row))

    def begin(self) -> None:
        """Begin an episode: the next `observe` sees a fresh account."""
        self._reward.clear(self._everyone)
        self._before = None

    def reset(self) -> None:
        """Forget every row and the episode."""
        self._pipeline.reset()
        self._rows.clear()
        self.begin()

    def observe(self, row: Row, account: np.ndarray, position: np.ndarray, row_index: int) -> Observation:
        """Take the row that has just closed; return the observation at its close.

        Args:
            row: All assets of the pipeline at one close.
            account: ACCOUNT (1,), marked at this close.
            position: POSITION (1, A) of the layout's assets, marked at this close.
            row_index: This row in the count of `position.opened_row` (the tape's row).

        Returns:
            An observation with a batch of one.

        Raises:
            ShapeError: The books are not those of one account with the layout's assets.
            ConfigError: Fewer rows were seen than the window has.
        """
        if account.shape != (1,) or position.shape != (1, self.layout.n_assets):
            raise ShapeError(f"account and position must have the shapes (1,) and (1, {self.layout.n_assets}), were "
                             f"{account.shape} and {position.shape}")
        self._take(row)
        if len(self._rows) < self.layout.window:
            raise ConfigError(f"an observation needs {self.layout.window} rows, {len(self._rows)} were seen; call prime first")
        books = Books(np.full(1, row_index, np.int64), self._instruments, account, position, open_episodes())
        if self._before is None:
            for part in self._parts:
                part.begin(self._everyone, books)
        else:
            step = _step_between(self._before, account, row_index)
            for part in self._parts:
                part.after(step, books)
            for term in self._seen_terms:
                term.pay(step, books)
        self._before = account.copy()
        private, at = np.zeros((1, self.layout.n_private), np.float32), 0
        for part in self._parts:
            seen = self._desk(row, account, position) if part.reads_market else books
            part.write(self._everyone, seen, private, at)
            at += len(part.columns)
        if self._reward.columns:
            self._reward.write(private, at)
        return Observation.from_parts(np.stack(self._rows)[None], private, self.layout)

    def _desk(self, row: Row, account: np.ndarray, position: np.ndarray) -> Desk:
        bars = np.ascontiguousarray(row.bars[self._traded])[None]
        return new_desk(np.zeros(1, np.int64), bars, self._instruments, self._rules, account, position)

    def _take(self, row: Row) -> None:
        market = self._pipeline.update(row)
        self._rows.append(market if self._chosen is None else market[self._chosen])


def _step_between(before: np.ndarray, after: np.ndarray, row_index: int) -> np.ndarray:
    step = np.zeros(1, STEP)
    step["row"], step["equity_before"], step["equity"] = row_index, before["equity"], after["equity"]
    for line in LINES:
        step[line] = after[line] - before[line]
    step["ruined"] = after["ruined"]
    return step


def private_parts(
    layout: Layout, n_reward: int, given: PartsGiven | None = None, scheme: ActionScheme | None = None
) -> tuple[Part, ...]:
    """Return the parts that write a layout's private columns but for the last `n_reward`, which are the reward's.

    Raises:
        ConfigError: `given` writes other columns, or, where it is None, the columns belong to no parts that are known by name.
    """
    columns, context = layout.private[: layout.n_private - n_reward], PartContext(layout.assets, scheme)
    parts = parts_of_columns(columns, context) if given is None else build_parts(given, context)
    if columns_of(parts) != columns:
        raise ConfigError(f"private parts must write the layout's columns {', '.join(c.name for c in columns)}, write "
                          f"{', '.join(c.name for c in columns_of(parts))}; pass those of training")
    return parts


def _columns_of(whole: Layout, part: Layout) -> np.ndarray | None:
    """Return where the columns of a layout with fewer assets stand in a market row of the whole; None where they are the same."""
    if whole.names == part.names:
        return None
    return np.array([whole.position(name) for name in part.names], np.int64)
