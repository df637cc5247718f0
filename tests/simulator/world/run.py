"""A market, rules and decisions played by the simulator, with a copy of all that was seen after every step."""

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from quantgym.market.cost import CostSettings
from quantgym.market.order import OrderKind, TimeInForce
from quantgym.market.record import copied
from quantgym.market.rules import PATHS
from quantgym.simulator.simulator import Simulator

from .asking import decisions, shapes
from .market import HOUR, NIGHT, Market, markets
from .plain import readable

__all__ = ["PATHS", "World", "orders_of", "place", "play", "simulator", "step", "worlds"]

FREE = {"fee_rate": 0.0, "half_spread_rate": 0.0, "slippage_rate": 0.0, "impact_coefficient": 0.0, "borrow_rate": 0.0,
        "margin_interest_rate": 0.0}  # fmt: skip
LIVELY = {"fee_rate": 0.001, "half_spread_rate": 0.002, "slippage_rate": 0.001, "borrow_rate": 0.1}
ACCOUNTS: tuple[dict, ...] = (
    {},
    {"allow_short": True, "max_leverage": 4.0},
    {"account": "reg_t", "allow_short": True, "max_leverage": 2.0},
    {"account": "cross", "allow_short": True, "max_leverage": 8.0, "maintenance_rate": 0.0625, "liquidation_fee_rate": 0.01},
    {"account": "isolated", "allow_short": True, "max_leverage": 8.0, "maintenance_rate": 0.0625},
)
COSTS: tuple[dict, ...] = (
    {},
    LIVELY,
    {**LIVELY, "impact_coefficient": 1.0, "maker_fee_rate": -0.0005, "cash_interest_rate": 0.05},
    {**LIVELY, "impact": "transient", "impact_permanent": 0.03125, "impact_volume": 64.0, "impact_half_life_s": 43_200.0},
    {**LIVELY, "impact": "almgren_chriss", "impact_permanent": 0.015625, "impact_temporary": 0.03125, "impact_volume": 64.0},
)
LATENCIES = (0, 0, 0, NIGHT, NIGHT + 1, NIGHT + HOUR // 2, NIGHT + 2 * HOUR, 24 * HOUR, 45 * HOUR)


@dataclass(frozen=True)
class World:
    """What is drawn: nothing in it depends on how it is played."""

    market: Market
    decisions: list
    settings: dict = field(default_factory=dict)
    cash: float = 1_024.0
    latency_ns: int = 0


@dataclass
class Step:
    """What one step left behind; copies."""

    row: int
    placed: list  # (id, ask) in order
    log: np.ndarray
    record: np.ndarray
    refused: np.ndarray
    account: np.ndarray
    position: np.ndarray
    working: np.ndarray

    @property
    def fills(self):
        return self.log[self.log["lots"] != 0]

    def said(self):
        """All of it, comparable: copies have no padding that differs."""
        arrays = (self.log, self.record, self.refused, self.account, self.position, self.working)
        return self.row, self.placed, [array.tobytes() for array in arrays]


def simulator(world):
    """A simulator of one account, opened at row 0."""
    costs = CostSettings(**{**FREE, **world.settings})
    sim = readable(Simulator(world.market.tape, costs, max_orders=12, max_tickets=4, record_fills=True, record_orders=True))
    sim.rules["latency_ns"] = world.latency_ns
    sim.open_accounts(world.cash, np.array([0]))
    return sim


def place(sim, world, row):
    """Write the tickets of a decision -> (id, ask) of those with lots."""
    for slot, ask in enumerate(world.decisions[row]):
        ticket = sim.tickets[0, slot]
        if ask.cancels:
            ticket["cancels"] = ask.cancels
            continue
        close = int(world.market.prices[row, ask.asset, 3])
        kind, (rows, hours) = ask.kind, ask.date
        for name in ("lots", "kind", "tif", "asset", "reduce_only", "post_only", "parent", "group"):
            ticket[name] = getattr(ask, name)
        ticket["price_ticks"] = max(close + ask.limit, 1) if kind in (OrderKind.LIMIT, OrderKind.STOP_LIMIT) else 0
        ticket["stop_ticks"] = max(close + ask.stop, 1) if kind in (OrderKind.STOP, OrderKind.STOP_LIMIT) else 0
        ticket["trail_ticks"], ticket["trail_rate"] = ask.trail, ask.rate
        ticket["arm_delay"] = ask.delay if ask.parent else 0
        if ask.tif == TimeInForce.GTD:
            ticket["expires_at"] = world.market.opened[min(row + rows, world.market.n_rows - 1)] + round(hours * HOUR)
    ids = sim.ticket_ids(0).tolist()
    return [(ids[slot], ask) for slot, ask in enumerate(world.decisions[row]) if not ask.cancels]


def step(sim, world):
    """Place and play the next bar."""
    row = int(sim.rows[0])
    placed = place(sim, world, row)
    sim.step()
    n = int(sim.account["n_working"][0])
    arrays = (sim.log_of_step(0), sim.record[0:1], sim.refused[0], sim.account, sim.position[0], sim.orders[0, :n])
    return Step(row + 1, placed, *(copied(array) for array in arrays))


def play(world):
    """All steps of a world."""
    sim = simulator(world)
    return [step(sim, world) for _ in range(world.market.n_rows - 1)]


def orders_of(steps):
    """Id -> (ask, row of its decision)."""
    return {number: (ask, step.row - 1) for step in steps for number, ask in step.placed}


@st.composite
def worlds(draw, /, n_rows=6, n_assets=2, accounts=ACCOUNTS, costs=COSTS, latencies=LATENCIES, shape=shapes, volume=True, **market):
    """Everything at once, unless an argument leaves it out."""
    settings = {**draw(st.sampled_from(accounts)), **draw(st.sampled_from(costs))}
    settings["path"] = draw(st.sampled_from(("adverse", "adverse", "olhc", "ohlc", "adaptive")))
    settings["limit_touch"] = draw(st.booleans())
    if volume:
        settings["participation"] = draw(st.sampled_from((None, None, 0.25, 0.5)))
    n_assets = draw(st.integers(1, n_assets))
    return World(
        draw(markets(n_rows, n_assets, **market)), draw(decisions(n_rows, n_assets, shape)), settings,
        draw(st.sampled_from((256.0, 1_024.0, 65_536.0))), draw(st.sampled_from(latencies)),
    )  # fmt: skip
