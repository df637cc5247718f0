"""What lies in front of a decision: the account's books, and the desk on which its orders are written."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from .order import INTENT, TICKET, Refusal

__all__ = ["EPISODE", "NO_END", "Books", "Desk", "new_desk", "open_episodes"]

NO_END = 2**62

EPISODE = np.dtype(
    [
        ("first_row", "i8"),  # tape row of the first decision
        ("last_row", "i8"),  # tape row of the last mark; NO_END where nobody knows, as in live
        ("segment", "i8"),  # which tape of a pool is played
    ],
    align=True,
)
"""The episode of one environment; shape (E,)."""


def open_episodes(n_envs: int = 1) -> np.ndarray:
    """Return EPISODE records (E,) of episodes whose end is not known."""
    records = np.zeros(n_envs, EPISODE)
    records["last_row"] = NO_END
    return records


@dataclass(frozen=True)
class Books:
    """What is known about accounts at a close: views that stay valid while whoever keeps them lives. Read them, never write.

    Attributes:
        rows: Tape row of the last mark, int64 (E,).
        instruments: INSTRUMENT records, (A,).
        account: ACCOUNT records, (E,).
        position: POSITION records, (E, A).
        episode: EPISODE records, (E,).
    """

    rows: np.ndarray
    instruments: np.ndarray
    account: np.ndarray
    position: np.ndarray
    episode: np.ndarray

    @property
    def n_envs(self) -> int:
        """E."""
        return len(self.rows)

    @property
    def n_assets(self) -> int:
        """A."""
        return len(self.instruments)

    @property
    def values(self) -> np.ndarray:
        """Signed worth of every position at its mark, account currency, float64 (E, A)."""
        held = self.position
        worth: np.ndarray = held["units"] * self.instruments["multiplier"] * held["mark"] * held["fx"]
        return worth


@dataclass(frozen=True)
class Desk(Books):
    """The books, the market at the decision's close, and where a decision is written.

    Attributes:
        bars: BAR records, (T, A); rows later than `rows` are the future.
        rules: RULES records, (E,).
        intents: INTENT records, (E, A), zero before a decision: one order an asset.
        tickets: TICKET records, (E, R): further orders.
        declined: Counts by `Refusal`, int64 (E, len(Refusal)); what cannot become an order is added with `actions.sizing.decline`.
    """

    bars: np.ndarray
    rules: np.ndarray
    intents: np.ndarray
    tickets: np.ndarray
    declined: np.ndarray

    @property
    def sheets(self) -> tuple[np.ndarray, ...]:
        """What kernels of action schemes take: rows, bars, instruments, rules, account, position, intents, declined."""
        return (self.rows, self.bars, self.instruments, self.rules, self.account, self.position, self.intents, self.declined)

    def clear(self) -> None:
        """Wipe what a decision has written: a decoder that fails leaves nothing behind."""
        self.intents[...] = np.zeros((), INTENT)
        self.tickets[...] = np.zeros((), TICKET)
        self.declined[...] = 0

    def part(self, place: slice) -> Self:
        """Return the desk of some environments, as views."""
        shared = ("instruments", "bars")
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{name: array if name in shared else array[place] for name, array in given.items()})


def new_desk(
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    max_tickets: int = 0,
) -> Desk:
    """Return the desk of these accounts, with nothing written on it; `max_tickets` is R."""
    n_envs, n_assets = position.shape
    intents, tickets = np.zeros((n_envs, n_assets), INTENT), np.zeros((n_envs, max_tickets), TICKET)
    declined = np.zeros((n_envs, len(Refusal)), np.int64)
    return Desk(rows, instruments, account, position, open_episodes(n_envs), bars, rules, intents, tickets, declined)
