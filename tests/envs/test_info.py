"""What `info` says of a step by hand, as arrays over the batch, and that nothing is computed that nobody asked for."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from quantgym.data.instant import HOUR
from quantgym.data.record import bar_records, clock_records
from quantgym.data.tape import Tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.features import price_features
from quantgym.envs.info import ATTRIBUTION, INFOS
from quantgym.market.account import COSTS, INCOME
from quantgym.market.cost import CostSettings
from quantgym.market.instrument import Instrument
from quantgym.market.order import Refusal

ROWS, WIDE = 40, 34  # every bar stands at 100 but one, which goes to 110 and to 90 and comes back
FREE = CostSettings(sizing_margin=0.0).without_costs()


def still_tape():
    prices = {name: np.full((ROWS, 1), 100.0) for name in ("open", "high", "low", "close")}
    prices["high"][WIDE], prices["low"][WIDE] = 110.0, 90.0
    bars = bar_records(prices["open"], prices["high"], prices["low"], prices["close"], np.full((ROWS, 1), 1e6))
    at = np.arange(ROWS) * HOUR
    return Tape.build("still", [Instrument(symbol="S0")], clock_records(at, at + HOUR), bars, None)


def made(**settings):
    usual = {"features": price_features, "num_envs": 3, "rows": (30, ROWS), "start": "first", "episode_bars": 9}
    return TradingVectorEnv(still_tape(), **{**usual, "cash": 10_000.0, "costs": FREE, **settings})


def test_a_purchase_by_hand():
    costs = replace(FREE, fee_rate=0.001, half_spread_rate=0.002, spread="fixed")
    env = made(costs=costs, action="levels", info=("equity", "exposure", "turnover", "costs", "attribution", "refused"))
    env.reset(seed=0)
    # levels -1, -0.5, 0, 0.5, 1: a half long, nothing, and a short that the account may not have
    *_, info = env.step(np.array([3, 2, 0]))
    units = env.simulator.position["units"][:, 0]
    # 5,000 buys 49 whole units at 100.3; at 100.2 each: 0.2 of spread, a thousandth of the price of commission; then worth 100
    assert units.tolist() == [49.0, 0.0, 0.0]
    spread, commission = 0.2 * units[0], 0.1002 * units[0]
    lines = dict(zip(ATTRIBUTION, info["attribution"][0], strict=True))
    assert lines == pytest.approx({**dict.fromkeys(ATTRIBUTION, 0.0), "spread": spread, "commission": commission})
    assert info["costs"] == pytest.approx([spread + commission, 0.0, 0.0])
    assert info["turnover"] == pytest.approx([100.2 * units[0] / 10_000.0, 0.0, 0.0], rel=3e-3)
    assert info["equity"] == pytest.approx([10_000.0 - spread - commission, 10_000.0, 10_000.0])
    assert info["exposure"] == pytest.approx([100.0 * units[0] / info["equity"][0], 0.0, 0.0])
    assert info["refused"].shape == (3, len(Refusal))
    assert info["refused"].sum(axis=1).tolist() == [0, 0, 1]


def test_attribution_explains_every_change_of_equity():
    env = gym.make_vec("quantgym/Trading-v0", num_envs=5, action="exposure", costs=CostSettings(allow_short=True, borrow_rate=0.3),
                       episode_bars=50, info=("equity", "attribution"), autoreset_mode="disabled")  # fmt: skip
    _, info = env.reset(seed=0)
    env.action_space.seed(0)
    signs = np.array([1.0] * len(INCOME) + [-1.0] * len(COSTS))
    used = np.zeros(len(ATTRIBUTION))
    for _ in range(50):
        before = info["equity"]
        *_, info = env.step(env.action_space.sample())
        assert info["attribution"] @ signs == pytest.approx(info["equity"] - before, abs=1e-6)
        used += np.abs(info["attribution"]).sum(axis=0)
    assert {"gross", "commission", "spread", "borrow"} <= {name for name, sum_ in zip(ATTRIBUTION, used, strict=True) if sum_ > 0}


def test_path_exposure_is_what_the_order_of_high_and_low_is_worth():
    orders = {"kind": "orders", "kinds": ["market", "limit", "stop"], "offsets": [0.05], "sizes": [1.0]}
    env = made(action=orders, info=("path_exposure", "equity"))
    labels = list(env.scheme.labels)
    assert len(labels) == 8
    buy = next(n for n, label in enumerate(labels) if "market" in label and "buy" in label)
    above = next(n for n, label in enumerate(labels) if "limit" in label and "sell" in label)
    below = next(n for n, label in enumerate(labels) if "stop" in label and "sell" in label)
    env.reset(seed=0)
    # rows 30 and 31 decide; both orders stand when the wide bar comes, in the first account alone
    env.step(np.array([buy, buy, 0]))
    env.step(np.array([above, above, 0]))
    env.step(np.array([below, 0, 0]))
    units = env.simulator.position["units"][:, 0].copy()
    *_, info = env.step(np.array([0, 0, 0]))
    assert env.simulator.rows.tolist() == [WIDE] * 3
    # high first: sold at 105; low first: at 95
    assert info["path_exposure"] == pytest.approx([10.0 * units[0], 0.0, 0.0])
    assert info["equity"][1] == pytest.approx(10_000.0 + 5.0 * units[1])


def test_nothing_is_computed_that_nobody_asked_for(monkeypatch):
    for name in INFOS:
        monkeypatch.setitem(INFOS, name, lambda env: pytest.fail("computed"))
    env = made(info=())
    assert env.reset(seed=0)[1] == {}
    for _ in range(8):
        assert env.step(np.array([1, 2, 3]))[-1] == {}
    assert set(env.step(np.array([1, 2, 3]))[-1]) == {"final_obs", "_final_obs", "final_info", "_final_info"}


def test_one_of_ones_own_is_an_array_over_the_batch(monkeypatch):
    monkeypatch.setitem(INFOS, "cash", lambda env: env.books.account["cash"].copy())
    env = made(info=("cash",))
    assert env.reset(seed=0)[1]["cash"].tolist() == [10_000.0] * 3
    single = gym.make("quantgym/Trading-v0", info=("cash",)).unwrapped
    assert single.reset(seed=0)[1]["cash"] == 100_000.0
