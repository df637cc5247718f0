"""A strategy written in Python: an object that is called at every close and answers with a target position."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from ..data.tape import Tape
from ..market.cost import CostSettings
from ..market.errors import ConfigError, ShapeError
from ..market.grid import whole_lots
from .order import Order, OrderGroup
from .placement import Rounding, asset_of, free_slots
from .result import Result
from .run import Run
from .simulator import Simulator
from .stream import LEAVE
from .targets import target_lots

__all__ = ["Close", "Strategy", "run_strategy"]

CHUNK = 1_024  # decisions that may wait until someone looks at the account
NUMBERS = frozenset((float, int, np.float64))  # answers that need no second look


class Close:
    """What a strategy knows at the close of a row, and what it can do there; one object, moved on from row to row.

    Decisions are played when the account is looked at, when an order is placed, or when enough of them wait: a strategy that
    looks at prices alone costs no call of a kernel a bar. What it sees and what happens is the same either way.

    Attributes:
        row: Tape row of this close.
        close: Close of a tape of one asset, a float; closes (A,) where there are several.
    """

    __slots__ = (
        "_cash", "_columns", "_equity", "_last", "_leave", "_lots", "_one", "_pending", "_placed", "_run", "_units", "close", "row",
    )  # fmt: skip

    def __init__(self, run: Run) -> None:
        self._run, self._pending, self._placed = run, [], False
        self._one = run.simulator.n_assets == 1
        bars = run.simulator.bars[:, 0] if self._one else run.simulator.bars
        self._columns = {name: bars[name] for name in ("open", "high", "low", "volume")}
        self._equity, self._cash = run.simulator.account["equity"], run.simulator.account["cash"]
        self._units = run.simulator.position["units"][0]
        self._lots, self._last = np.zeros((1, 1), np.int64), float("nan")
        self._leave = np.full((1, run.simulator.n_assets), LEAVE, np.int64)
        self.row = run.first_row
        self.close: Any = 0.0

    _pending: list[Any]

    def _bar(self, name: str) -> Any:
        values = self._columns[name]
        return values.item(self.row) if self._one else values[self.row]

    @property
    def open(self) -> Any:
        """Open of the bar, a float, or (A,)."""
        return self._bar("open")

    @property
    def high(self) -> Any:
        """High of the bar, a float, or (A,)."""
        return self._bar("high")

    @property
    def low(self) -> Any:
        """Low of the bar, a float, or (A,)."""
        return self._bar("low")

    @property
    def volume(self) -> Any:
        """Units traded in the bar, a float, or (A,)."""
        return self._bar("volume")

    @property
    def close_at(self) -> int:
        """Now, ns UTC."""
        return int(self._run.simulator.clock["close_at"][self.row])

    @property
    def simulator(self) -> Simulator:
        """The simulator at this row: account, positions, working orders; to be read, orders are placed with `place`."""
        if self._pending:
            self._play()
        return self._run.simulator

    @property
    def equity(self) -> float:
        """Equity at this close, account currency."""
        if self._pending:
            self._play()
        return float(self._equity.item(0))

    @property
    def cash(self) -> float:
        """Cash at this close, account currency."""
        if self._pending:
            self._play()
        return float(self._cash.item(0))

    @property
    def n_working(self) -> int:
        """Orders in the pool."""
        return int(self.simulator.account["n_working"][0])

    def units(self, symbol: str | int = 0) -> float:
        """Return the units held of an asset, by name or index."""
        if self._pending:
            self._play()
        asset = 0 if self._one and symbol == 0 else asset_of(self._run.simulator.tape, symbol)
        return float(self._units.item(asset))

    def place(self, order: Order | OrderGroup, *, rounding: Rounding = "refuse") -> np.ndarray:
        """Add an order to the decision of this close and return its ids, int64; see `Simulator.place`.

        The ids hold whatever `on_bar` returns: the orders of a target come after those that were placed.
        """
        simulator = self.simulator
        slots = simulator.place(order, rounding=rounding)
        self._keep_within(slots)
        return np.asarray(simulator.ticket_ids()[slots])

    def cancel(self, order_id: int) -> None:
        """Cancel a working order in the decision of this close; see `Simulator.cancel`."""
        self._keep_within(np.array([self.simulator.cancel(order_id)]))

    def _keep_within(self, slots: np.ndarray) -> None:
        """Take back what stands in slots that are kept for targets, and refuse it."""
        tickets, most = self._run.simulator.tickets[0], self._run.max_tickets
        if slots[-1] >= most:
            tickets["lots"][slots] = tickets["cancels"][slots] = 0
            free_slots(tickets[:most], len(slots), 0)
        self._placed = True

    def _play(self) -> None:
        run, answer = self._run, self._pending[0]
        if self._placed and type(answer) is float and answer != answer:
            self._pending.clear()
            run.play(self._leave)
            return
        # the same answer as before: its lots are known
        if self._one and len(self._pending) == 1 and type(answer) in NUMBERS and answer == self._last and not self._placed:
            self._pending.clear()
            run.play(self._lots)
            return
        n_assets = run.simulator.n_assets
        if self._one and NUMBERS.issuperset(map(type, self._pending)):
            try:
                units = np.array(self._pending, np.float64)
            except OverflowError:
                units = self._looked_at(n_assets)
        else:
            units = self._looked_at(n_assets)
        lots = target_lots(units.reshape(-1, n_assets), "units", run, "refuse")
        if self._one:
            self._last, self._lots[0, 0] = units.flat[-1], lots[-1, 0]
        self._pending.clear()
        if self._placed:
            lots = self._placed_after(lots)
        run.play(lots)

    def _placed_after(self, lots: np.ndarray) -> np.ndarray:
        """Write the orders towards a target (1, A) behind those that were placed, whose ids are known; nothing is left to do."""
        simulator, missing = self._run.simulator, {}
        held = simulator.position["units"][0]
        for asset in np.flatnonzero(lots[0] != LEAVE).tolist():
            gap = int(lots[0, asset]) - whole_lots(held[asset], simulator.instruments["lot"][asset])
            if gap:
                missing[asset] = gap
        most, working = simulator.orders.shape[1], int(simulator.account["n_working"][0])
        placed = int((simulator.tickets["lots"][0] != 0).sum())
        if missing and working + placed + len(missing) > most:
            raise ConfigError(
                f"on_bar at row {self.row} placed {placed} orders and returned a target that needs {len(missing)} more, the pool "
                f"holds {most}, {working} are working; run with a larger max_orders"
            )
        for asset, gap in missing.items():
            simulator.place(Order(asset, lots=gap, time_in_force="IOC"))
        return self._leave

    def _looked_at(self, n_assets: int) -> np.ndarray:
        """The answers as units (n, A), one by one: None and NaN leave all positions as they are."""
        units = np.full((len(self._pending), n_assets), np.nan)
        for i, answer in enumerate(self._pending):
            if isinstance(answer, float) and answer != answer:
                continue
            values = numbers_of(answer)
            if values is None or values.size != n_assets:
                raise ShapeError(
                    f"on_bar at row {self._run.first_row + self._run.played + i} must return a target in units for each of "
                    f"{n_assets} assets, or None, was {answer!r}"
                )
            units[i] = values.reshape(n_assets)
        return units


def numbers_of(answer: Any) -> np.ndarray | None:
    """Return an answer as float64 where it holds numbers, or None for NaN, alone: text, dates and truth are no positions."""
    try:
        values = np.asarray(answer)
        if values.dtype.kind == "O" and all(item is None or isinstance(item, (int, float, np.number)) for item in values.flat):
            values = values.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return values.astype(np.float64) if values.dtype.kind in "iuf" else None


class Strategy(Protocol):
    """An object that decides at closes."""

    def on_bar(self, bar: Close, /) -> Any:
        """Return the target position in units: a number, or (A,) of them where there are several assets (NaN: as it is).

        None leaves positions as they are. Orders of every kind go out through `bar.place`.
        """


def run_strategy(
    tape: Tape,
    costs: CostSettings,
    strategy: Strategy,
    *,
    cash: float = 100_000.0,
    rows: tuple[int, int] | None = None,
    keep: Iterable[str] = ("equity",),
    max_orders: int = 8,
    max_tickets: int = 8,
) -> Result:
    """Call `strategy.on_bar` at every close and trade towards what it returns: the same bytes as `targets.run_targets`.

    Args:
        tape: Market data.
        costs: Frictions and rules.
        strategy: The object; it sees rows up to its own.
        cash: Initial equity, account currency.
        rows: First and one past the last tape row that may be touched; None: the whole tape.
        keep: What is recorded: `equity` at every close, `steps`, `fills`, `orders`.
        max_orders: Working orders of the account, with the orders of a target that is returned beside placed orders.
        max_tickets: Orders and cancels that one decision may place; targets need none of them.

    Raises:
        ConfigError: It has no `on_bar`; a target is infinite, off the lot grid or beyond 1e15 lots, or finds no room among
            `max_orders` beside placed orders.
        ShapeError: It returned something else. Answers are looked at when they are played, up to 1,024 bars later.
        DataError: The rows hold no decision with a bar after it; see `Simulator` for what a tape must have.
    """
    on_bar = getattr(strategy, "on_bar", None)
    if not callable(on_bar):
        raise ConfigError(f"a strategy needs a method on_bar(bar), {type(strategy).__name__} has none")
    if isinstance(strategy, type):
        raise ConfigError(f"a strategy is an object, was the class {strategy.__name__}; write {strategy.__name__}()")
    run = Run(tape, costs, cash=cash, rows=rows, keep=keep, max_orders=max_orders, max_tickets=max_tickets, targets_beside=True)
    bar = Close(run)
    pending, closes = bar._pending, run.simulator.bars["close"]
    last, nothing = run.first_row + run.n, float("nan")
    for start in range(run.first_row, last, CHUNK):
        stop = min(start + CHUNK, last)
        chunk = closes[start:stop, 0].tolist() if run.simulator.n_assets == 1 else closes[start:stop]
        for row, bar.close in enumerate(chunk, start):
            bar.row = row
            try:
                target = on_bar(bar)
            except Exception as error:
                error.add_note(f"raised by on_bar at row {row} of {tape.name}")
                raise
            pending.append(nothing if target is None else target)
            if bar._placed:
                bar._play()
                bar._placed = False
        if pending:
            bar._play()
    return run.result()
