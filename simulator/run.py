"""One account that plays stretches of a stream: kernels in one call each, and only what is asked for recorded."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ..data.tape import Tape
from ..market.account import ACCOUNT, FILL, POSITION, STEP
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError, UnknownNameError
from ..market.kernel import compiled
from ..market.record import copied, joined
from .result import Result
from .simulator import Simulator
from .stream import play_stream
from .venue import check_counts, check_market

__all__ = ["KEEP", "Run", "is_whole", "rows_of"]

KEEP = ("equity", "steps", "fills", "orders")
LOG_ENTRIES = 4_096
NO_TARGETS, NO_WEIGHTS = np.zeros((0, 1), np.int64), np.zeros((0, 1), np.float64)


def rows_of(tape: Tape, rows: tuple[int, int] | None) -> tuple[int, int]:
    """Return the first row and one past the last that a run may touch; None: the whole tape.

    Raises:
        ConfigError: Not two whole numbers.
        DataError: They hold no decision with a bar after it.
    """
    if rows is None:
        rows = 0, tape.n_rows
    elif not isinstance(rows, (tuple, list)) or len(rows) != 2 or not all(is_whole(row) for row in rows):
        raise ConfigError(f"rows must be the first row and one past the last, as in (0, {tape.n_rows}), was {rows!r}")
    first, stop = int(rows[0]), int(rows[1])
    if not 0 <= first < stop - 1 < tape.n_rows:
        limits = f"[0, {tape.n_rows}), were [{first}, {stop})"
        raise DataError(f"{tape.name}: rows must hold a decision and a bar after it in {limits}")
    return first, stop


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number, truth values apart."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


class Run:
    """One account over some rows of a tape.

    Attributes:
        simulator: Its simulator; between two calls of `play` orders may be placed there.
        first_row: Tape row of the first decision.
        n: Decisions of the whole run, N.
        max_tickets: Orders that one decision may place.
    """

    def __init__(
        self,
        tape: Tape,
        costs: CostSettings,
        *,
        cash: float,
        rows: tuple[int, int] | None = None,
        keep: Iterable[str] = ("equity",),
        max_orders: int = 8,
        max_tickets: int = 0,
        targets_beside: bool = False,
    ) -> None:
        """Open the account.

        Args:
            tape: Market data.
            costs: Frictions and rules.
            cash: Initial equity, account currency.
            rows: First and one past the last tape row that may be touched; None: the whole tape.
            keep: What is recorded: `equity` at every close, `steps` (STEP records), `fills`, `orders` (changes of state, too).
            max_orders: See `Simulator`.
            max_tickets: See `Simulator`.
            targets_beside: Whether a decision may hold an order of every asset beside `max_tickets`.

        Raises:
            DataError: The rows hold no decision with a bar after it.
            ConfigError: `rows` or `keep` is nothing of the kind; UnknownNameError where `keep` names something else.
        """
        check_market(tape, costs)
        first, stop = rows_of(tape, rows)
        if isinstance(keep, str) or not isinstance(keep, Iterable):
            raise ConfigError(f"keep must be several names, as in keep=('equity',), was {keep!r}")
        names = list(keep)
        for name in names:
            if not isinstance(name, str) or name not in KEEP:
                raise UnknownNameError("record", str(name), KEEP, "keep")
        self.kept, self.max_tickets = frozenset(names), max_tickets
        logs = {"record_fills": "fills" in self.kept, "record_orders": "orders" in self.kept}
        check_counts(max_tickets=max_tickets)
        beside = tape.n_assets if targets_beside else 0
        self.simulator = Simulator(tape, costs, max_orders=max_orders, max_tickets=max_tickets + beside, **logs)
        self.simulator.open_accounts(cash, np.array([first]))
        self.first_row, self.n, self.played = first, stop - 1 - first, 0
        self._curve = np.zeros(self.n if "equity" in self.kept else 0)
        self._steps = np.zeros(self.n if "steps" in self.kept else 0, STEP)
        entries = self.simulator.fills.shape[1]
        self._log = np.zeros(max(LOG_ENTRIES, 2 * entries) if entries else 0, FILL)
        self._parts: list[np.ndarray] = []
        self._lots = np.zeros((1, tape.n_assets), np.int64)
        self._totals = np.zeros(self.simulator.refused.shape[1], np.int64)
        s = self.simulator
        self._arrays = (
            s.rows, s._everyone, s.intents, s.tickets, s.declined, *s.market, s.rules,
            s.account, s.position, s.orders, s.record, s.refused, s.fills,
        )  # fmt: skip

    def play(self, targets: np.ndarray = NO_TARGETS, weights: np.ndarray = NO_WEIGHTS) -> None:
        """Play the next decisions, one a row, without checking them.

        Args:
            targets: Positions wanted in lots, int64 (n, A), C-contiguous; `stream.LEAVE`: as it is.
            weights: Weights of equity instead, float64 (n, A); a row of NaN leaves positions as they are.
        """
        if len(targets) == 1:
            self._play_one(targets)
            return
        done, n = 0, len(targets) or len(weights)
        now = slice(self.played, self.played + n)
        curve, steps = self._curve[now], self._steps[now]
        while done < n:
            done, logged = play_stream(done, targets, weights, curve, steps, self._log, self._totals, *self._arrays)
            if logged < 0:
                self.simulator.log_of_step()  # raises: entries are missing
            if logged:
                self._parts.append(copied(self._log[:logged]))
        self.played += n

    def _play_one(self, targets: np.ndarray) -> None:
        """Play one decision: `targets` is copied, so that the kernel meets this run's own arrays alone."""
        self._lots[...] = targets
        now = slice(self.played, self.played + 1)
        _, logged = self._compiled(
            0, self._lots, NO_WEIGHTS, self._curve[now], self._steps[now], self._log, self._totals, *self._arrays
        )
        if logged:
            self._parts.append(copied(self._log[:logged]))
        self.played += 1

    @cached_property
    def _compiled(self) -> Callable[..., Any]:
        return compiled(
            play_stream, 0, self._lots, NO_WEIGHTS, self._curve, self._steps, self._log, self._totals, *self._arrays
        )

    def result(self) -> Result:
        """Return what was recorded; the ledgers are checked first."""
        s = self.simulator
        s.check()
        account, position = np.zeros((), ACCOUNT), np.zeros(s.n_assets, POSITION)
        account[...], position[...] = s.account[0], s.position[0]
        log = joined(self._parts, FILL)
        last, cash = self.first_row + self.played, account["initial_equity"]
        whole = "equity" in self.kept
        return Result(
            rows=np.arange(self.first_row, last + 1) if whole else np.array([self.first_row, last]),
            equity=np.concatenate([[cash], self._curve[: self.played] if whole else [account["equity"]]]),
            account=account,
            position=position,
            fills=copied(log[log["lots"] != 0]),
            records=self._steps[: self.played],
            refused=self._totals.copy(),
            tape=s.tape,
            kept=self.kept | ({"fills"} if "orders" in self.kept else frozenset()),
            log=log if "orders" in self.kept else np.zeros(0, FILL),
        )
