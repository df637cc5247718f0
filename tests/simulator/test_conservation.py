"""Random markets, rules and orders of every kind: what must hold whatever happens."""

import numpy as np
import pytest

from quantgym.market.cost import CostSettings
from quantgym.market.ledger import ledger_gap
from quantgym.market.order import OrderKind, OrderState, Refusal
from quantgym.simulator.simulator import Simulator

LINES = {"gross": 1, "dividends": 1, "funding": 1, "interest": 1, "commission": -1, "fees": -1, "spread": -1, "slippage": -1,
         "impact": -1, "borrow": -1, "liquidation": -1}  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_what_must_hold_after_every_step(scenario, seed):
    kinds, refusals = set(), np.zeros(len(Refusal), int)

    def check(simulator, _):
        tape, step, account = simulator.tape, simulator.record, simulator.account
        simulator.check()
        # the lines of a step are its change of equity
        change = sum(sign * step[name] for name, sign in LINES.items())
        scale = np.maximum(account["initial_equity"], account["traded_notional"])
        np.testing.assert_array_less(np.abs(step["equity"] - step["equity_before"] - change), 1e-9 * scale)
        assert (simulator.refused.sum(axis=1) == step["n_refused"]).all()
        flat = simulator.position["units"] == 0.0
        assert (simulator.position["risk"][flat] == 0.0).all()
        assert (simulator.position["risk"] >= 0.0).all()
        cash_account = (simulator.rules["allow_short"] == 0) & (simulator.rules["max_leverage"] == 1.0)
        assert (simulator.position["units"][simulator.rules["allow_short"] == 0] >= 0.0).all()
        for e in range(simulator.n_envs):
            fills = simulator.fills_of_step(e)
            kinds.update(fills["kind"].tolist())
            if not len(fills):
                continue
            row, forced = fills["row"][0], fills["order_id"] == 0
            assert set(fills["kind"][forced]) <= {OrderKind.LIQUIDATION, OrderKind.DELISTING}
            kinds.update(fills["kind"][forced].tolist())
            fills = fills[~forced]
            if not len(fills):
                continue
            bar = simulator.bars[row, fills["asset"]]
            assert bar["tradable"].all()
            # nothing fills at or before its decision, nor before its arrival; references lie inside the bar
            assert (fills["filled_at"] >= fills["decided_at"] + simulator.rules["latency_ns"][e]).all()
            assert (fills["filled_at"] >= tape.open_at[row]).all()
            assert (fills["filled_at"] <= tape.close_at[row]).all()
            assert (fills["decided_at"] <= tape.close_at[row - 1]).all()
            assert ((fills["reference"] >= bar["low"]) & (fills["reference"] <= bar["high"])).all()
            side = np.sign(fills["lots"])
            assert ((fills["price"] - fills["reference"]) * side >= -1e-12 * fills["price"]).all()
            traded = np.bincount(fills["asset"], np.abs(fills["units"]), scenario.N_ASSETS)
            share = min(simulator.rules["participation"][e], 1e9)
            assert (traded <= share * simulator.bars["volume"][row] + 1e-6).all() or share == 1e9
            assert np.isin(fills["state"], [OrderState.PARTIALLY_FILLED, OrderState.FILLED, OrderState.CANCELLED]).all()
            assert (fills["maker"][fills["kind"] == OrderKind.MARKET] == 0).all()
            assert (fills["risk"] >= 0.0).all()
            if cash_account[e] and (side > 0).any():
                assert account["cash"][e] >= 0.0 or step["funding"][e] != 0.0
        refusals[:] += simulator.refused.sum(axis=0)

    simulator, _ = scenario.Scenario(seed).play(record=check)
    assert kinds == {int(kind) for kind in OrderKind}
    assert (refusals > 0).sum() >= 18
    assert ledger_gap(simulator.account, simulator.position, simulator.instruments).max() < 1e-12


def test_the_pool_stays_in_order_of_id_and_holds_no_finished_order(scenario):
    def check(simulator, _):
        for e in range(simulator.n_envs):
            n = simulator.account["n_working"][e]
            orders = simulator.orders[e]
            assert (np.diff(orders["id"][:n]) > 0).all()
            assert np.isin(orders["state"][:n], [1, 2, 3]).all()
            assert (orders["state"][n:] == 0).all()
            assert (np.abs(orders["filled"][:n]) < np.abs(orders["lots"][:n])).all()

    scenario.Scenario(11).play(record=check)


def test_a_limit_is_never_passed(scenario):
    seen = 0

    def check(simulator, before):
        nonlocal seen
        tick = 0.25
        for e in range(simulator.n_envs):
            fills = simulator.fills_of_step(e)
            working = before[e][np.isin(before[e]["state"], [1, 2, 3]) & (before[e]["kind"] == OrderKind.LIMIT)]
            resting = {int(order["id"]): order for order in working}
            for fill in fills:
                order = resting.get(int(fill["order_id"]))
                if order is None or simulator.terms[fill["row"], fill["asset"]]["split"] != 1.0:
                    continue
                seen += 1
                limit = order["price_ticks"] * tick
                assert (limit - fill["price"]) * np.sign(fill["lots"]) >= -1e-9

    scenario.Scenario(12).play(record=check)
    assert seen > 50


def test_more_cost_never_helps_a_stream_of_market_orders(scenario):
    tape = scenario.Scenario(5).tape
    ends = []
    for fee_rate in (0.0, 0.001, 0.01):
        simulator = Simulator(tape, CostSettings(fee_rate=fee_rate, allow_short=True, max_leverage=50.0))
        simulator.open_accounts(1e6, np.array([0]))
        stream = np.random.Generator(np.random.PCG64(6))
        for _ in range(tape.n_rows - 1):
            simulator.intents["lots"] = stream.integers(-5, 6, (1, tape.n_assets))
            simulator.step()
        ends.append(simulator.account["equity"][0])
    assert ends == sorted(ends, reverse=True)
