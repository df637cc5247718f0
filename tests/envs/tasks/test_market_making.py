"""Market making on a tape: by its bars, and by orders that come at random."""

import math
from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.tasks.market_making import MarketMakingEnv, MarketMakingVectorEnv
from quantgym.envs.worlds.cartea_jaimungal import CarteaJaimungalVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, UnknownNameError

TAPE = gbm_tape(5, 400, volatility=0.01, tick=0.01, lot=1.0)
FREE = CostSettings(fee_rate=0.0, allow_short=True, max_leverage=3.0)
WIDE = {"kind": "quotes", "widest": 0.02, "lots": 10, "largest": 3}


def make(**settings):
    return MarketMakingVectorEnv(TAPE, **{"num_envs": 4, "episode_bars": 30, "action": WIDE, **settings})


def test_by_bars_quotes_are_limit_orders_of_the_ordinary_exchange():
    env = make(num_envs=1, start="first", costs=FREE, info=("n_fills", "row"))
    _, info = env.reset(seed=0)
    bars, held = env.simulator.bars[:, 0], 0
    for _ in range(25):
        row = int(info["row"][0])
        mid, nxt = bars[row]["close"], bars[row + 1]
        # offsets of 0.5 %: a bid on the tick below, an ask on the tick above
        bid, ask = math.floor(mid * 0.995 * 100 + 1e-7) / 100, math.ceil(mid * 1.005 * 100 - 1e-7) / 100
        _, _, _, _, info = env.step(np.full((1, 2), -0.5))
        before = held
        held += 10 * (nxt["low"] < bid and before < 30) - 10 * (nxt["high"] > ask and before > -30)
        assert env.simulator.position["units"][0, 0] == held
    assert env.simulator.account["n_working"][0] <= 2
    assert env.simulator.account["n_fills"][0] > 5


def test_quotes_of_an_earlier_decision_are_taken_back():
    env = make(num_envs=1, start="first", action={**WIDE, "sizes": True})
    env.reset(seed=0)
    env.step(np.array([[1.0, 1.0, 1.0, 1.0]]))
    env.step(np.array([[1.0, 1.0, -1.0, -1.0]]))  # no quotes: what worked is gone
    assert env.simulator.account["n_working"][0] == 0


def test_by_intensity_two_accounts_on_the_same_rows_meet_other_orders():
    env = make(num_envs=64, start="first", matching="intensity", costs=FREE, info=("n_fills",))
    env.reset(seed=0)
    fills = np.array([env.step(np.full((64, 2), -0.9))[-1]["n_fills"] for _ in range(20)])
    assert (env.simulator.rows == env.simulator.rows[0]).all()
    assert len(set(fills.sum(axis=0))) > 5
    # an offset of 0.1 %: one order a bar in the mean, thinned by e^-2: a chance of 0.12658 a side, while there is room
    assert fills[0].mean() / 2.0 == pytest.approx(0.12658, abs=0.1)


@pytest.mark.parametrize("name", ["spread", "slippage", "impact", "latency", "participation"])
def test_what_does_not_exist_by_intensity_is_not_drawn_there(name):
    law = {name: {"kind": "uniform", "of": "value", "low": 0.1, "high": 0.2}}
    make(randomise=law)
    for refused in (lambda: make(randomise=law, matching="intensity"), lambda: CarteaJaimungalVectorEnv(num_envs=2, randomise=law)):
        with pytest.raises(ConfigError, match=f"randomise.{name} means nothing by intensity; leave it out"):
            refused()


@pytest.mark.parametrize("matching", ["bars", "intensity"])
def test_fills_are_kept_where_they_are_asked_for(matching):
    env = make(matching=matching, record_fills=True, costs=FREE)
    env.reset(seed=0)
    kept = 0
    for _ in range(20):
        env.step(np.full((4, 2), -0.9))
        assert [len(env.simulator.fills_of_step(e)) for e in range(4)] == env.simulator.record["n_fills"].tolist()
        kept += int(env.simulator.record["n_fills"].sum())
    assert kept > 10
    assert make(matching=matching, render_mode="ansi").simulator.fills.shape[1] > 0
    assert make(matching=matching).simulator.fills.shape[1] == 0
    assert CarteaJaimungalVectorEnv(num_envs=2, record_fills=True).simulator.fills.shape[1] > 0


def test_the_two_sides_are_reached_independently():
    env = make(num_envs=4_000, matching="intensity", depth=0.002, costs=FREE, record_fills=True, start="first")
    env.reset(seed=2)
    env.step(np.tile(np.float32([-0.9, -0.7]), (4_000, 1)))
    sides = np.where(np.arange(2) < env.simulator.record["n_logged"][:, None], env.simulator.fills["lots"][:, :2], 0)
    bought, sold = (sides > 0).any(axis=1), (sides < 0).any(axis=1)
    # offsets of 0.1 % and 0.3 %, thinned by e^-0.5 and e^-1.5: 1 - exp(-0.60653) and 1 - exp(-0.22313)
    assert bought.mean() == pytest.approx(0.45476, abs=0.025)
    assert sold.mean() == pytest.approx(0.19999, abs=0.02)
    assert (bought & sold).mean() == pytest.approx(0.45476 * 0.19999, abs=0.015)


def test_by_intensity_the_chance_of_a_fill_is_that_of_the_offset():
    env = make(num_envs=4_000, matching="intensity", arrivals=2.0, depth=0.002, costs=FREE, info=("n_fills",))
    env.reset(seed=1)
    n_fills = env.step(np.full((4_000, 2), -0.8))[-1]["n_fills"]
    # 0.2 % of the mid: 2 / e orders; ticks move the offset by 0.01 / 100 of it at most
    chance = 1.0 - math.exp(-2.0 * math.exp(-1.0))
    assert abs(n_fills.mean() / 2.0 - chance) < 4.0 * math.sqrt(chance * (1.0 - chance) / 8_000) + 0.03 * chance


def test_a_side_ends_where_inventory_does():
    env = make(num_envs=8, matching="intensity", arrivals=1e6, costs=FREE, action={**WIDE, "sizes": True}, info=("refused",))
    env.reset(seed=2)
    for _ in range(5):
        seen, *_ = env.step(np.tile([-1.0, -1.0, 1.0, -1.0], (8, 1)))  # bids alone
    assert env.simulator.position["units"][:, 0].tolist() == [30.0] * 8
    at = env.layout.window * env.layout.n_market
    assert env.layout.private[0].name == "inventory"
    assert seen[:, at].tolist() == [1.0] * 8


def test_the_reward_is_profit_less_a_penalty_on_inventory():
    env = make(num_envs=3, autoreset_mode="disabled", info=("equity", "exposure"))
    _, info = env.reset(seed=3)
    for _ in range(30):
        before = info["equity"]
        _, rewards, _, truncated, info = env.step(np.full((3, 2), -0.8))
        assert rewards == pytest.approx((info["equity"] - before) / 100_000.0 - 1e-4 * info["exposure"] ** 2, abs=1e-12)
    assert truncated.all()


@pytest.mark.parametrize("matching", ["bars", "intensity"])
def test_it_goes_on_from_a_saved_state(matching):
    env, other = make(matching=matching), make(matching=matching)
    env.reset(seed=1)
    actions = np.random.default_rng(0).uniform(-1.0, 0.0, (60, 4, 2))
    for action in actions[:13]:
        env.step(action)
    other.reset(seed=9)
    other.set_state(env.get_state())
    for action in actions[13:]:
        seen, rewards, *_ = env.step(action)
        twin, paid, *_ = other.step(action)
        assert (twin.tobytes(), paid.tobytes()) == (seen.tobytes(), rewards.tobytes())


def test_one_alone_equals_its_part_of_a_batch_by_intensity():
    env, alone = make(matching="intensity", num_envs=3), MarketMakingEnv(TAPE, episode_bars=30, action=WIDE, matching="intensity")
    seen, _ = env.reset(seed=[5, 6, 7])
    own, _ = alone.reset(seed=6)
    for action in np.random.default_rng(0).uniform(-1.0, 0.0, (30, 3, 2)):
        assert own.tobytes() == seen[1].tobytes()
        seen, rewards, *_ = env.step(action)
        own, paid, _, truncated, _ = alone.step(action[1])
        assert paid == rewards[1]
    assert truncated


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"matching": "book"}, UnknownNameError, "matching"),
    ({"matching": "intensity", "arrivals": 0.0}, ConfigError, "arrivals must be positive"),
    ({"depth": math.nan}, ConfigError, "depth must be positive"),
    ({"matching": "intensity", "episode_bars": None}, ConfigError, "needs episode_bars"),
    ({"matching": "intensity", "costs": CostSettings(latency_ms=5.0)}, ConfigError, "costs.latency_ms"),
    ({"matching": "intensity", "randomise": {"latency": {"of": "value", "low": 1.0, "high": 2.0}}}, ConfigError, "latency"),
    ({"action": "six_actions"}, ConfigError, "private part inventory needs the action scheme quotes"),
])  # fmt: skip
def test_wrong_options_are_refused(settings, error, says):
    with pytest.raises(error, match=says):
        make(**settings)


def test_a_tape_of_closes_alone_is_quoted_on_by_intensity():
    closes = replace(TAPE, close_only=True)
    with pytest.raises(DataError, match="choose matching='intensity'"):
        MarketMakingVectorEnv(closes)
    env = MarketMakingVectorEnv(closes, num_envs=50, matching="intensity", arrivals=1e6, info=("n_fills",))
    env.reset(seed=0)
    assert env.step(np.tile([-1.0, -1.0, 1.0, 1.0], (50, 1)))[-1]["n_fills"].mean() == 2.0
