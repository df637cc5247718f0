"""Order actions with settings on paper: limits, stops, cancels and a full pool come out as in the backtest, byte for byte."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.live.parity import compare_sessions
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.decision import Decision
from quantgym.market.seeding import generator


class Trader:
    """Takes actions of the catalogue of orders as they come from its own count of decisions."""

    name, scheme, requires = "trader", "orders", ()

    def initial_state(self, batch):
        return {"count": np.zeros(batch, np.int64)}

    def act(self, observation, state, deterministic=True):
        count = int(state["count"][0])
        action = generator(np.random.SeedSequence(3, spawn_key=(count,))).integers(0, 14, 1)
        return Decision("orders", action), {"count": state["count"] + 1}


@pytest.mark.parametrize("costs", [CostSettings(), CostSettings(latency_ms=3_600_000.0)], ids=["at once", "an hour late"])
def test_paper_equals_backtest_with_orders_that_work(world, tmp_path, costs):
    world.costs, world.assets, world.policy = costs, ("S0",), Trader()
    own, menu = world.strategy, action_scheme("orders", offsets=[0.01], sizes=[0.3, 1.0], max_working=2)
    world.strategy = lambda: replace(own(), scheme=menu)
    paper, reference = world.trade(tmp_path), world.backtest()
    report = compare_sessions(paper, reference)
    assert report.differences == ()
    # all kinds are filled, and some actions are declined because too many orders work
    assert {int(kind) for kind in reference.fills["kind"]} >= {0, 1}
    assert "POOL_FULL" in reference.refusals
    assert 1 in reference.actions
