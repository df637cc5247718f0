"""`quantgym/Execution-v0`: a parent order that must be executed within the bars of an episode."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...configs.strict import validate
from ...data.tape import Tape
from ...encoders.column import Column
from ...market.actions.scheme import ActionScheme
from ...market.desk import Books
from ...market.errors import ConfigError
from ...simulator.simulator import Simulator
from ..batch import TradingVectorEnv
from ..parts.part import Part
from ..rewards.implementation_shortfall import bind_task
from ..single import SingleEnv
from ..world import Features
from .bound import bound_scheme
from .child_order import CHILD_SCHEMES, ChildScheme
from .parent_order import OrderSettings, ParentOrders

__all__ = ["ExecutionEnv", "ExecutionVectorEnv", "OrderPart"]

MOVE_LIMIT = 50.0
RATE_LIMIT = 10.0


class OrderPart(Part):
    """Where the execution stands. It keeps the parent orders' books, since it sees every step before it is paid and observed."""

    columns = (
        Column("side", "flag", -1.0, 1.0),  # 1 buy, -1 sell
        Column("remaining", "fraction", 0.0, 1.0),  # of the order
        Column("in_flight", "fraction", 0.0, 1.0),  # of the order, in orders that are on their way
        Column("time_left", "fraction", 0.0, 1.0),  # decisions left / decisions of the episode
        Column("adverse_move", "percent", -MOVE_LIMIT, MOVE_LIMIT),  # of the mark since the arrival, against the order
        Column("volume_rate", "fraction", 0.0, RATE_LIMIT),  # rest / (average volume of a bar x decisions left); 0: volume unknown
    )

    def __init__(self, task: ParentOrders) -> None:
        self.task = task

    def after(self, step: np.ndarray, books: Books) -> None:
        """See `Part.after`."""
        self.task.after(step, books)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        task, episode, rows = self.task, books.episode, books.rows
        bars, left = np.maximum(episode["last_row"] - episode["first_row"], 1), np.maximum(episode["last_row"] - rows, 0)
        moved = _ratio(books.position["mark"][:, 0] - task.arrival, task.arrival)
        rate = _ratio(task.left * task.lot, task.volume[rows] * np.maximum(left, 1))
        flying = _ratio(task.in_flight(books) * task.lot, task.total)
        values = (task.side, _ratio(task.left * task.lot, task.total), flying, left / bars, 100.0 * task.side * moved, rate)
        for place, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            out[active, at + place] = np.clip(value, column.low, column.high)[active]


class ExecutionVectorEnv(TradingVectorEnv):
    """E parent orders in one asset of a tape, each to be executed within T = `episode_bars` bars; otherwise as `TradingVectorEnv`.

    The order arrives at the close of an episode's first row; its price there, the mark, is the arrival price. An account opens with
    `cash` and twice the order's worth at that price, of which a sale holds the order in units: either side can be paid, and a
    sale is no short. A decision sends a share of what is left as a market order (immediate or cancel) or as a limit order for the
    next bar; at the last decision all that is left goes to the market, whatever the action says. What volume cuts there stays
    unfilled and counts at the last mark. `terminated` is the end of the order, or of its time.

    Attributes:
        task: The parent orders; read them, never write.
    """

    name: ClassVar[str] = "Execution-v0"
    defaults: ClassVar[Mapping[str, Any]] = {
        "action": "child_orders", "reward": "implementation_shortfall", "private": (), "episode_bars": 20,
    }

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *,
                 order: OrderSettings | Mapping[str, Any] | None = None, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: See `TradingVectorEnv`.
            features: See `TradingVectorEnv`.
            order: `OrderSettings` or a mapping of them; None: a random side, worth 50,000.
            settings: See `TradingVectorEnv` and `EnvSettings`; `action` is `child_orders` or `child_order_grid`.

        Raises:
            ConfigError: A setting of the order is unknown or wrong.
            DataError: Its size counts volume, and the tape does not know in what unit.
        """
        if not (order is None or isinstance(order, (OrderSettings, Mapping))):
            raise ConfigError(f"order must be OrderSettings, a mapping of them or None, was {order!r}")
        given = OrderSettings() if order is None else order
        self.order = given if isinstance(given, OrderSettings) else validate(OrderSettings, given, "order")
        super().__init__(tape, features, **settings)
        self._given["order"] = order

    def build_scheme(self) -> ActionScheme:
        """Return what actions mean, bound to new parent orders."""
        pool = self.world.pool
        self.task = ParentOrders(self.order, self.tape, self.num_envs, None if pool is None else pool.segments)
        return bound_scheme(self.settings.action, CHILD_SCHEMES, self.name, task=self.task, n_assets=self.tape.n_assets)

    def build_simulator(self) -> Simulator:
        """Return the exchange; its working orders are known to the parent orders."""
        made = super().build_simulator()
        self.task.bind(made.orders)
        return made

    def extra_parts(self) -> Sequence[Part]:
        """Return where the execution stands."""
        bind_task(self.reward, self.task)
        return (OrderPart(self.task),)

    def on_begin(self, indices: np.ndarray) -> None:
        """Give every account its order, and what it takes to execute it."""
        books, task, streams = self.books, self.task, self.streams
        draws = streams.uniform(indices), streams.uniform(indices)
        for e, side, size in zip(indices.tolist(), *(draw.tolist() for draw in draws), strict=True):
            task.open(e, books, side, size)
        account, held, chosen = books.account, books.position, indices
        funds = self.settings.cash + 2.0 * task.notional[chosen]
        for name in ("cash", "equity", "initial_equity", "peak_equity"):
            account[name][chosen] = funds
        sold = chosen[(task.side[chosen] < 0.0) & (task.left[chosen] > 0)]
        held["units"][sold, 0], held["average_price"][sold, 0] = task.total[sold], task.arrival[sold]
        held["opened_row"][sold, 0] = account["trade_row"][sold] = books.rows[sold]
        account["cash"][sold] -= task.notional[sold]
        account["n_open"][sold] = 1
        if self.costs.account_kind == "isolated":
            held["margin"][sold, 0] = task.notional[sold] / self.costs.max_leverage

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """Return where the order is filled, its time over, or its asset gone."""
        return self.task.done(self.books)

    def own_state(self) -> dict[str, Any]:
        """See `TradingVectorEnv.own_state`: the parent orders."""
        return {"task": self.task.state()}

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        self.task.load(state["task"])

    def caption(self, env: int) -> str:
        """See `TradingVectorEnv.caption`: the order, what is left of it and its shortfall."""
        task = self.task
        side = "buy" if task.side[env] > 0.0 else "sell"
        return (f"{side} {task.total[env]:,.6g} {self.tape.symbols[0]}, {task.left[env] * task.lot:,.6g} left, "
                f"shortfall {task.shortfall[env]:+.1f} bp")

    def price_levels(self, env: int) -> Mapping[str, float]:
        """See `TradingVectorEnv.price_levels`: the arrival price."""
        return {"arrival": float(self.task.arrival[env])} if self.task.arrival[env] > 0.0 else {}

    def twap_action(self) -> np.ndarray:
        """Return actions of even execution: of what is left, one part in as many as there are decisions left, at market."""
        left = np.maximum(self.books.episode["last_row"] - self.books.rows, 1)
        return self._scheme.action_of(1.0 / left)

    def immediate_action(self) -> np.ndarray:
        """Return actions that send all of what is left at market."""
        return self._scheme.action_of(np.ones(self.num_envs))

    @property
    def _scheme(self) -> ChildScheme:
        assert isinstance(self.scheme, ChildScheme)
        return self.scheme


class ExecutionEnv(SingleEnv):
    """`quantgym/Execution-v0`: see `ExecutionVectorEnv`."""

    batch_class = ExecutionVectorEnv


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    quotient: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0.0)
    return quotient
