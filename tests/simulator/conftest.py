"""Small tapes and simulators whose numbers can be worked by hand."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.cost import CostSettings
from quantgym.market.instrument import Instrument
from quantgym.market.order import TICKET, OrderKind, OrderState, Refusal, TimeInForce
from quantgym.simulator.simulator import Simulator

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
FREE = {"fee_rate": 0.0, "half_spread_rate": 0.0, "impact_coefficient": 0.0, "borrow_rate": 0.0, "sizing_margin": 0.0,
        "margin_interest_rate": 0.0}  # fmt: skip


def make_tape(rows, *, volume=1e6, terms=None, halted=(), lot=1.0, tick=0.01, close_only=False, bars_a_day=1, **instrument):
    """Bars (open, high, low, close) of three hours from 9:00 on, one a day or more; rows[t][a] where there are assets."""
    prices = np.array(rows, float)
    if prices.ndim == 2:
        prices = prices[:, None, :]
    n_rows, n_assets = prices.shape[:2]
    opens, highs, lows, closes = np.moveaxis(prices, 2, 0)
    recorded = np.ones((n_rows, n_assets), int)
    for row, asset in halted:
        recorded[row, asset] = 0
    opened = np.arange(n_rows) // bars_a_day * DAY + (9 + np.arange(n_rows) % bars_a_day * 3) * HOUR
    return Tape.build(
        "hand",
        [Instrument(symbol=f"S{a}", lot=lot, tick=tick, **instrument) for a in range(n_assets)],
        clock_records(opened, opened + 3 * HOUR),
        bar_records(opens, highs, lows, closes, np.full((n_rows, n_assets), float(volume)), recorded),
        None if terms is None else term_records((n_rows, n_assets), **terms),
        close_only=close_only,
    )


def flat(price, n=3):
    """n bars that stand still at one price."""
    return [(price,) * 4] * n


class Desk:
    """A simulator of one account, spoken to in words."""

    def __init__(self, rows, *, cash=1_000.0, tape=None, max_orders=8, max_tickets=8, log=False, **settings):
        keys = {"volume", "terms", "halted", "lot", "tick", "close_only", "multiplier", "min_notional", "bars_a_day"}
        shape = {key: settings.pop(key) for key in keys & set(settings)}
        self.tape = make_tape(rows, **shape) if tape is None else tape
        self.sim = Simulator(
            self.tape, CostSettings(**{**FREE, **settings}), max_orders=max_orders, max_tickets=max_tickets, record_fills=True,
            record_orders=log,
        )  # fmt: skip
        self.slot = 0
        self.sim.open_accounts(cash, np.array([0]))

    def order(self, lots, asset=0, *, limit=None, stop=None, tif="GTC", reduce_only=False, cancel=False):
        intent = self.sim.intents[0, asset]
        intent["lots"], intent["tif"] = lots, TimeInForce[tif]
        intent["reduce_only"], intent["cancel"] = reduce_only, cancel
        tick = self.tape.instruments[asset].tick
        if limit is not None:
            intent["kind"], intent["price_ticks"] = OrderKind.LIMIT, round(limit / tick)
        if stop is not None:
            intent["kind"], intent["stop_ticks"] = OrderKind.STOP, round(stop / tick)
        return self

    def ticket(self, lots, asset=0, *, kind="MARKET", limit=None, stop=None, trail=None, rate=0.0, tif="GTC", **fields):
        """The next ticket of the decision; its slots are numbered from 1, as `parent` counts them."""
        self.sim.tickets[0, self.slot] = np.zeros((), TICKET)
        ticket, tick = self.sim.tickets[0, self.slot], self.tape.instruments[max(asset, 0) % self.tape.n_assets].tick
        ticket["lots"], ticket["asset"], ticket["kind"], ticket["tif"] = lots, asset, OrderKind[kind], TimeInForce[tif]
        for name, price in (("price_ticks", limit), ("stop_ticks", stop), ("trail_ticks", trail)):
            ticket[name] = 0 if price is None else round(price / tick)
        ticket["trail_rate"], ticket["arm_delay"] = rate, 1
        for name, value in fields.items():
            ticket[name] = value
        self.slot += 1
        return self

    def cancel(self, order_id):
        """A ticket that cancels an order."""
        self.sim.tickets[0, self.slot] = np.zeros((), TICKET)
        self.sim.tickets[0, self.slot]["cancels"] = order_id
        self.slot += 1
        return self

    def step(self):
        """Play a bar -> its fills as (asset, lots, price)."""
        self.sim.step()
        self.sim.check()
        self.slot = 0
        return [(int(f["asset"]), int(f["lots"]), float(f["price"])) for f in self.fills]

    @property
    def fills(self):
        return self.sim.fills_of_step(0)

    @property
    def log(self):
        """Order ids and the states that they came into in the last step."""
        return [(int(entry["order_id"]), OrderState(entry["state"]).name) for entry in self.sim.log_of_step(0)]

    @property
    def refused(self):
        return {Refusal(i).name: int(n) for i, n in enumerate(self.sim.refused[0]) if n}

    @property
    def account(self):
        return self.sim.account[0]

    @property
    def units(self):
        return self.sim.position["units"][0].tolist()

    @property
    def working(self):
        return [int(order["id"]) for order in self.sim.orders[0, : self.account["n_working"]]]


@pytest.fixture
def kit():
    return SimpleNamespace(Desk=Desk, tape=make_tape, flat=flat, HOUR=HOUR, DAY=DAY, FREE=FREE)


@pytest.fixture(scope="session")
def scenario():
    """The module `scenario.py` beside this file."""
    spec = importlib.util.spec_from_file_location("scenario", Path(__file__).with_name("scenario.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
