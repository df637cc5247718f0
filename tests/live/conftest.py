from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.encoders.pipeline import Pipeline
from quantgym.envs.observer import Observer
from quantgym.envs.parts.part import PartContext
from quantgym.envs.parts.registry import build_parts, columns_of
from quantgym.evaluation.backtest import backtest
from quantgym.live.books import Books
from quantgym.live.guard import Guard
from quantgym.live.journal import Journal
from quantgym.live.paper import PaperGateway
from quantgym.live.session import LiveSession, Strategy
from quantgym.market.actions.registry import action_scheme
from quantgym.market.bar import TERMS
from quantgym.market.cost import CostSettings
from quantgym.market.decision import Decision
from quantgym.market.limits import LimitSettings
from quantgym.market.seeding import generator


class Restless:
    """Draws new target weights at two of three rows, from its own count of decisions: a policy with a memory."""

    name, scheme, requires = "restless", "target_weights", ()

    def __init__(self, n_assets, seed=0, shorts=False):
        self.n_assets, self.seed, self.shorts = n_assets, seed, shorts

    def initial_state(self, batch):
        return {"drawn": np.zeros((batch, self.n_assets)), "count": np.zeros(batch, np.int64)}

    def act(self, observation, state, deterministic=True):
        drawn, count = state["drawn"].copy(), int(state["count"][0])
        if count % 3 != 1:
            draw = generator(np.random.SeedSequence(self.seed, spawn_key=(count,))).random(self.n_assets)
            drawn[0] = draw / draw.sum() * 0.9 * (observation.mask[0] | (count % 5 == 0))  # now and then what cannot be had
            if self.shorts:
                drawn[0, ::2] *= -1.0
        return Decision(self.scheme, drawn.copy()), {"drawn": drawn, "count": state["count"] + 1}


def eventful_tape(n_bars=100, n_assets=3, seed=5):
    """Splits, dividends, a halt and a late listing: everything that the books must survive."""
    tape = gbm_tape(seed, n_bars, n_assets, volatility=0.02, late=40)
    bars, terms = tape.bars.copy(), np.zeros(tape.bars.shape, TERMS)
    terms["split"] = terms["fx"] = 1.0
    terms["spread"] = terms["borrow_rate"] = terms["mark"] = terms["roll"] = np.nan
    at = n_bars // 2
    for name in ("open", "high", "low", "close"):
        bars[name][at:, 0] /= 2.0
        bars[name][at + 5 :, 1] *= 3.0
    terms["split"][at, 0], terms["split"][at + 5, 1] = 2.0, 1.0 / 3.0
    terms["dividend"][at + 3, 0] = 0.37
    for row in range(at + 8, at + 11):  # halted
        bars["tradable"][row, 1] = 0
        bars["volume"][row, 1] = 0.0
        for name in ("open", "high", "low", "close"):
            bars[name][row, 1] = bars["close"][at + 7, 1]
    return Tape.build("eventful", tape.instruments, tape.clock, bars, terms)


@dataclass
class World:
    tape: Tape
    rows: tuple[int, int] = (30, 90)
    costs: CostSettings = field(default_factory=CostSettings)
    cash: float = 100_000.0
    assets: tuple[str, ...] | None = None
    window: int = 3
    policy: object = None
    limits: LimitSettings | None = None

    def strategy(self):
        traded = self.tape if self.assets is None else self.tape.select(self.assets)
        pipeline = Pipeline.build([{"kind": "price", "lags": [1, 5]}]).fit(self.tape.slice(0, self.rows[0]))
        private = "account" if traded.n_assets == 1 else "weights"
        layout = pipeline.layout if self.assets is None else pipeline.layout.for_asset(*self.assets)
        layout = layout.with_private(columns_of(build_parts(private, PartContext(layout.assets))), self.window)
        policy = self.policy or Restless(traded.n_assets, shorts=self.costs.allow_short)
        observer = Observer(pipeline, layout, traded.instruments, costs=self.costs)
        return Strategy(policy=policy, observer=observer, scheme=action_scheme(policy.scheme, n_assets=traded.n_assets),
                        costs=self.costs, instruments=traded.instruments, cash=self.cash)  # fmt: skip

    def backtest(self):
        own = self.strategy()
        return backtest(own.policy, own.observer, self.tape, self.rows, self.costs, self.cash, own.scheme)

    def gateway(self, taken=()):
        return PaperGateway(self.tape, self.costs, self.cash, self.rows, symbols=self.assets, taken=taken)

    def journal(self, folder):
        return Journal.open(folder / "journal.sqlite", "demo", {"tape": self.tape.digest}, clock=lambda: 42)

    def session(self, folder, journal, wrap: Callable = lambda gateway: gateway, **changes):
        gateway = wrap(self.gateway(journal.taken()))
        own = replace(self.strategy(), **changes)
        if gateway.history() is not None:
            own.observer.prime(gateway.history())
        books = Books(own.instruments, own.costs, own.cash, self.rows[0])
        guard = Guard(books, journal, folder / "HALT", clock=lambda: 0, limits=self.limits)
        return LiveSession(gateway, journal, books, guard, own, facts={},
                           last_close=int(self.tape.close_at[self.rows[1] - 1]), wait=lambda ns: None)  # fmt: skip

    def trade(self, folder, wrap: Callable = lambda gateway: gateway, **changes):
        journal = self.journal(folder)
        try:
            return self.session(folder, journal, wrap, **changes).run()
        finally:
            journal.close()


@pytest.fixture(scope="session")
def tape():
    return eventful_tape()


@pytest.fixture(scope="session")
def make_world():
    return World


@pytest.fixture
def world(tape):
    return World(tape)
