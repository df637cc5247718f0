"""What encoders see reaches the observation: regime posteriors, forecasts, features of each asset, and the graph between them."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.pipeline import Pipeline
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv

TAPE, WINDOW = gbm_tape(1, 300, 3), 4


@pytest.fixture(scope="module")
def table():
    pipeline = Pipeline.build([
        {"kind": "price", "lags": [1, 5]}, {"kind": "regime", "restarts": 1},
        {"kind": "graph_forecast", "steps": 4, "window": 10, "correlation_window": 20},
        {"kind": "correlation", "window": 20},
    ])  # fmt: skip
    return pipeline.fit(TAPE.slice(0, 220)).transform(TAPE)


def columns(env, row):
    """Return name: value of one row of the flat market window."""
    market = row[: WINDOW * env.layout.n_market].reshape(WINDOW, -1)
    return dict(zip(env.layout.names, market.T.tolist(), strict=True))


def test_one_asset_is_seen_with_the_regimes_of_the_market_and_its_forecast(table):
    env = TradingVectorEnv(TAPE, table, num_envs=3, asset="S1", window=WINDOW, episode_bars=20)
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen)
    shown = columns(env, seen[0])
    states = [values for name, values in shown.items() if name.startswith("regime_")]
    assert np.sum(states, axis=0) == pytest.approx(np.ones(WINDOW), abs=1e-5)  # a posterior
    assert {column.name for column in env.layout.private} == {
        "exposure", "cash_fraction", "equity_change", "drawdown", "time_in_trade", "unrealised_return", "open_orders"}
    row = env.simulator.rows[0]
    where = table.layout.names.index("S1.forecast")
    assert shown["S1.forecast"] == table.values[row - WINDOW + 1 : row + 1, where].tolist()


def test_a_portfolio_is_seen_by_asset_with_mask_graph_regimes_and_weights(table):
    env = PortfolioVectorEnv(TAPE, table, num_envs=2, window=WINDOW, episode_bars=20, observation="dict")
    seen, _ = env.reset(seed=0)
    assert env.observation_space.contains(seen)
    n_edges = seen["edge_index"].shape[-1]
    assert seen["assets"].shape[:3] == (2, 3, WINDOW)
    assert seen["mask"].tolist() == [[1, 1, 1]] * 2
    assert seen["edge_index"].shape[1:] == (2, n_edges)
    assert seen["edge_weight"].shape == (2, WINDOW, n_edges)
    assert n_edges >= 3
    assert [column.name for column in env.layout.private][:4] == ["weight_S0", "weight_S1", "weight_S2", "cash_fraction"]
    whole = [column.name for column in env.layout.market_global][: -n_edges]  # the rest of these are the edges
    assert {"regime_0", "regime_1"} <= set(whole)
    assert seen["market"].shape == (2, WINDOW, len(whole))


def test_either_is_stepped_inside_its_space(table):
    for env in (TradingVectorEnv(TAPE, table, num_envs=2, asset="S0", window=WINDOW, episode_bars=8),
                PortfolioVectorEnv(TAPE, table, num_envs=2, window=WINDOW, episode_bars=8, observation="dict")):  # fmt: skip
        env.reset(seed=0)
        for _ in range(20):
            assert env.observation_space.contains(env.step(env.action_space.sample())[0])
