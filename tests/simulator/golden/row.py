"""A row of the golden table: bars, settings and orders, and what must come of them; and how the simulator plays it."""

from dataclasses import dataclass, field
from importlib import import_module

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.cost import CostSettings
from quantgym.market.instrument import Instrument
from quantgym.market.order import OrderState, Refusal
from quantgym.simulator.order import Order
from quantgym.simulator.simulator import Simulator

PLAIN = import_module("world.plain")
HOUR = 3_600_000_000_000
DAY = 24 * HOUR
NIGHT = 21 * HOUR  # from a close at 12:00 to the next open at 9:00
FREE = {"fee_rate": 0.0, "half_spread_rate": 0.0, "impact_coefficient": 0.0, "borrow_rate": 0.0, "margin_interest_rate": 0.0,
        "path": "olhc", "allow_short": True, "max_leverage": 4.0}  # fmt: skip
CASH_ACCOUNT = {"allow_short": False, "max_leverage": 1.0}


def at(row, hours=0.0, days=None):
    """Ns UTC of a time after the open of a row that opens at 9:00 of its day."""
    return (row if days is None else days[row]) * DAY + 9 * HOUR + round(hours * HOUR)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case; prices are quarters, quantities units of one lot unless `shape` says otherwise.

    Attributes:
        name: What it shows.
        bars: One (open, high, low, close) a row, or one such tuple an asset; None: halted. Bars last from 9:00 to 12:00.
        orders: Decision row -> orders, groups of orders, or ids to cancel; ids count from 1 in this order.
        fills: (row, hours after its open, signed lots, price[, asset]) in the order in which they happen.
        states: Id -> state in which the order ends (or still is).
        refused: Reason -> count over all steps.
        account: Field of the account -> value at the end.
        position: Field of the position of asset 0 -> value at the end.
        settings: Beside `FREE`.
        latency_ns: From a decision to its arrival.
        shape: `days` (of the rows, since 1970), `half_days` (two bars a day), `volume` (a number, or one a row), `terms`
            (columns by row) and fields of the instruments.
    """

    name: str
    bars: list
    orders: dict
    fills: list
    states: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)
    account: dict = field(default_factory=dict)
    position: dict = field(default_factory=dict)
    makers: list | None = None
    cash: float = 10_000.0
    settings: dict = field(default_factory=dict)
    latency_ns: int = 0
    shape: dict = field(default_factory=dict)

    @property
    def costs(self):
        return CostSettings(**{**FREE, **self.settings})

    @property
    def opened(self):
        """Ns UTC of the opens."""
        if self.shape.get("half_days"):
            return [row // 2 * DAY + 9 * HOUR + row % 2 * 3 * HOUR for row in range(len(self.bars))]
        days = self.shape.get("days", range(len(self.bars)))
        return [day * DAY + 9 * HOUR for day in days]

    @property
    def tape(self):
        rows = [[bar] if bar is None or not isinstance(bar[0], tuple) else list(bar) for bar in self.bars]
        n_rows, n_assets = len(rows), max(len(row) for row in rows)
        rows = [row * n_assets if row == [None] else row for row in rows]
        prices = np.array([[bar or (1.0,) * 4 for bar in row] for row in rows], float)
        recorded = np.array([[bar is not None for bar in row] for row in rows])
        shape = {key: value for key, value in self.shape.items() if key not in ("days", "half_days", "volume", "terms")}
        volume = np.broadcast_to(np.array(self.shape.get("volume", 1e6), float).reshape(-1, 1), (n_rows, n_assets))
        terms = self.shape.get("terms")
        if terms is not None:
            columns = {name: np.array(column, float).reshape(n_rows, -1) for name, column in terms.items()}
            terms = term_records((n_rows, n_assets), **columns)
        opened = np.array(self.opened)
        return Tape.build(
            "golden", [Instrument(symbol=f"S{a}", **{"tick": 0.25, **shape}) for a in range(n_assets)],
            clock_records(opened, opened + 3 * HOUR), bar_records(*np.moveaxis(prices, 2, 0), volume, recorded), terms,
        )  # fmt: skip


def buy(units, kind="market", symbol="S0", **fields):
    return Order(symbol, units, kind, **fields)


def sell(units, kind="market", symbol="S0", **fields):
    return Order(symbol, -units, kind, **fields)


def ask(sim, items):
    """Place what a decision holds."""
    for item in items:
        if isinstance(item, int):
            sim.cancel(item)
        else:
            sim.place(item)


def play(row):
    """Play a row of the table on the simulator -> what came of it, in the words of `Row`."""
    sim = Simulator(row.tape, row.costs, max_orders=12, max_tickets=8, record_fills=True, record_orders=True)
    PLAIN.readable(sim)
    sim.rules["latency_ns"] = row.latency_ns
    sim.open_accounts(row.cash, np.array([0]))
    fills, makers, states, refused = [], [], {}, np.zeros(len(Refusal), int)
    for t in range(sim.n_rows - 1):
        ask(sim, row.orders.get(t, ()))
        sim.step()
        sim.check()
        refused += sim.refused[0]
        for entry in sim.log_of_step(0):
            if entry["order_id"]:
                states[int(entry["order_id"])] = OrderState(entry["state"]).name
            if entry["lots"]:
                hours = (int(entry["filled_at"]) - row.opened[t + 1]) / HOUR
                fills.append((t + 1, hours, int(entry["lots"]), float(entry["price"]), int(entry["asset"])))
                makers.append(bool(entry["maker"]))
    return {
        "fills": fills,
        "makers": makers,
        "states": states,
        "refused": {Refusal(reason).name: int(count) for reason, count in enumerate(refused) if count},
        "account": {name: float(sim.account[name][0]) for name in row.account},
        "position": {name: float(sim.position[name][0, 0]) for name in row.position},
    }
