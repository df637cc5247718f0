"""A small world: five random walks, two columns of features, a policy that follows one of them."""

from dataclasses import dataclass

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.encoders.layout import Layout
from quantgym.encoders.pipeline import Pipeline
from quantgym.encoders.table import FeatureTable
from quantgym.envs.observer import Observer
from quantgym.envs.parts.part import PartContext
from quantgym.envs.parts.registry import build_parts, columns_of
from quantgym.evaluation.evaluate import EvaluationSettings, evaluate
from quantgym.market.actions.registry import action_scheme
from quantgym.market.actions.scheme import ActionScheme
from quantgym.market.cost import CostSettings
from quantgym.market.decision import Decision

CASH = 100_000.0


class Follower:
    """Holds more of what rose last, a little less of what the account holds already; weights and cash as `weights` reads them."""

    name = "follower"
    scheme = "weights"
    requires = ()

    def initial_state(self, batch):
        return {"seen": np.zeros(batch, np.int64)}

    def act(self, observation, state, deterministic=True):
        n_assets = observation.mask.shape[1]
        newest = observation.market[:, -1].reshape(len(observation.market), n_assets, -1)[:, :, 0].astype(np.float64)
        wish = np.clip(newest - 0.5 * observation.private[:, :n_assets], -1.0, 1.0)
        values = np.concatenate([np.where(observation.mask, wish, -1.0), np.zeros((len(wish), 1))], axis=1)
        return Decision("weights", values), {"seen": state["seen"] + 1}


class Constant:
    """Decides the same at every bar."""

    name, scheme, requires = "constant", "weights", ()

    def __init__(self, *values):
        self.values = np.array([values])

    def initial_state(self, batch):
        return {}

    def act(self, observation, state, deterministic=True):
        return Decision("weights", np.repeat(self.values, len(observation.mask), axis=0)), state


@dataclass
class World:
    """What a backtest needs."""

    tape: Tape
    pipeline: Pipeline
    table: FeatureTable
    layout: Layout
    costs: CostSettings
    scheme: ActionScheme
    rows: tuple[int, int]
    cash: float = CASH

    def observer(self):
        return Observer(self.pipeline, self.layout, self.tape.instruments, costs=self.costs)

    def run(self, policy, **changes):
        given = {"costs": self.costs, "cash": CASH, "scheme": self.scheme, "rows": self.rows, **changes}
        from quantgym.evaluation.backtest import backtest

        return backtest(policy, self.observer(), self.tape, given["rows"], given["costs"], given["cash"], given["scheme"])


def build_world(n_assets=3, n_bars=360, late=0, crash_at=None):
    tape = gbm_tape(3, n_bars, n_assets, volatility=0.02, drift=0.0005, late=late)
    if crash_at is not None:
        bars = tape.bars.copy()
        for name in ("open", "high", "low", "close"):
            bars[name][crash_at:] *= 1e-4
        tape = Tape.build("crash", tape.instruments, tape.clock, bars)
    pipeline = Pipeline.build([{"kind": "price", "lags": [1, 5]}])
    pipeline.fit(tape.slice(0, 120))
    layout = pipeline.layout.with_private(columns_of(build_parts("weights", PartContext(tape.symbols))), 1)
    scheme = action_scheme("weights", n_assets=n_assets)
    return World(tape, pipeline, pipeline.transform(tape), layout, CostSettings(), scheme, (130, n_bars))


@pytest.fixture(scope="session")
def make_world():
    return build_world


@pytest.fixture(scope="session")
def world():
    return build_world()


@pytest.fixture(scope="session")
def constant():
    return Constant


@pytest.fixture(scope="session")
def follower():
    return Follower()


@pytest.fixture(scope="session")
def evaluation(world, follower):
    settings = EvaluationSettings(resamples=300, random_seeds=6, rebalance_bars=10)
    return evaluate(
        follower,
        world.observer(),
        world.tape,
        world.rows,
        world.costs,
        CASH,
        world.scheme,
        name="follower-1",
        table=world.table,
        settings=settings,
        facts={"trained": "rows 0 to 119", "times_opened": 2},
    )
