"""Hedging a written call on tapes: by hand, through splits, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.envs.optimum.black_scholes import call_delta, call_price
from quantgym.envs.tasks.option_hedging import OptionHedgingVectorEnv, realised_volatility
from quantgym.market.bar import TERMS
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

FREE = CostSettings(sizing_margin=0.0, max_leverage=3.0).without_costs()
TAPE = gbm_tape(1, 400, volatility=0.02, gap_share=0.0, lot=1e-6, tick=1e-8)


def columns(env, seen):
    at = env.layout.window * env.layout.n_market
    return {column.name: seen[:, at + index].astype(float) for index, column in enumerate(env.layout.private)}


def test_a_step_by_hand():
    env = OptionHedgingVectorEnv(TAPE, implied_volatility=0.02, costs=FREE, start="first", episode_bars=10, risk=100.0)
    seen, _ = env.reset(seed=0)
    first = int(env.books.episode["first_row"][0])
    assert {name: float(values[0]) for name, values in columns(env, seen).items()} == pytest.approx(
        {"moneyness": 0.0, "time_left": 1.0, "implied_volatility": 2.0, "held": 0.0})
    seen, rewards, *_ = env.step(np.array([[0.6]], np.float32))
    growth = TAPE.close[first + 1, 0] / TAPE.close[first, 0]
    # bars open at the last close, so the hedge earns the whole of it; half of 100,000 is the option's underlying
    g = 0.6 * (growth - 1.0) - (call_price(growth, 1.0, 0.02 * 3.0) - call_price(1.0, 1.0, 0.02 * np.sqrt(10)))
    assert rewards[0] == pytest.approx(g - 50.0 * g * g, abs=1e-7)
    assert env.books.position["units"][0, 0] == pytest.approx(0.6 * 50_000.0 / TAPE.close[first, 0], rel=1e-7)
    assert columns(env, seen)["held"][0] == pytest.approx(0.6, abs=1e-6)
    assert columns(env, seen)["time_left"][0] == pytest.approx(0.9)
    assert (env.scheme.plain(), env.scheme.labels) == ({"kind": "hedge"}, ("hedge_ratio",))


def test_the_option_matures_with_the_episode_and_pays_its_payoff():
    env = OptionHedgingVectorEnv(TAPE, implied_volatility=0.02, costs=FREE, episode_bars=5, risk=0.0, num_envs=20,
                                 autoreset_mode="disabled")
    env.reset(seed=0)
    first = env.books.episode["first_row"].copy()
    worth = [call_price(1.0, 1.0, 0.02 * np.sqrt(5))]
    for step in range(5):
        _, rewards, terminated, truncated, _ = env.step(np.zeros((20, 1), np.float32))
        growth = TAPE.close[first + step + 1, 0] / TAPE.close[first, 0]
        worth.append(call_price(growth, 1.0, 0.02 * np.sqrt(4 - step)))
        level = TAPE.close[first + step, 0] / TAPE.close[first, 0]
        assert rewards == pytest.approx(-(worth[-1] - worth[-2]) / level, abs=1e-12)
        assert terminated.tolist() == [step == 4] * 20
        assert not truncated.any()
    assert worth[-1] == pytest.approx(np.maximum(growth - 1.0, 0.0))


def test_costs_are_counted_once():
    costs = replace(FREE, fee_rate=0.001)
    paid = []
    for given in (FREE, costs):
        env = OptionHedgingVectorEnv(TAPE, implied_volatility=0.02, costs=given, start="first", episode_bars=10)
        env.reset(seed=0)
        paid.append(env.step(np.array([[0.6]], np.float32))[1][0])
    assert paid[0] - paid[1] == pytest.approx(0.0006, abs=1e-9)


def test_a_split_is_no_move():
    bars = TAPE.bars.copy()
    for name in ("open", "high", "low", "close"):
        bars[name][200:] /= 4.0
    terms = np.zeros(bars.shape, TERMS)
    for name, value in {"split": 1.0, "spread": np.nan, "borrow_rate": np.nan, "fx": 1.0, "mark": np.nan, "roll": np.nan}.items():
        terms[name] = value
    terms["split"][200] = 4.0
    for array in (bars, terms):
        array.flags.writeable = False
    split = Tape.build("split", TAPE.instruments, TAPE.clock, bars, terms)
    told = []
    for tape in (TAPE, split):
        env = OptionHedgingVectorEnv(tape, costs=FREE, rows=(120, 260), start="first", episode_bars=30)
        env.reset(seed=0)
        steps = []
        while not steps or not steps[-1][1]:
            seen, rewards, terminated, *_ = env.step(np.array([[0.5]], np.float32))
            steps.append((float(rewards[0]), bool(terminated[0]), [float(v[0]) for v in columns(env, seen).values()]))
        told.append(steps)
    for (reward, _, shown), (expected, _, wanted) in zip(*told, strict=True):
        assert reward == pytest.approx(expected, abs=1e-6)
        assert shown == pytest.approx(wanted, abs=1e-4)


def test_realised_volatility_knows_the_past_alone():
    volatility = realised_volatility(TAPE, 20)
    returns = np.diff(np.log(TAPE.close[:, 0]))
    assert volatility[100] == pytest.approx(np.sqrt(np.mean(returns[80:100] ** 2)))
    assert volatility[300:].mean() == pytest.approx(0.02, rel=0.15)
    assert volatility[0] == 1e-6
    assert np.array_equal(realised_volatility(TAPE.slice(0, 101), 20), volatility[:101])
    env = OptionHedgingVectorEnv(TAPE, volatility_bars=90, start="first", episode_bars=10)
    seen, _ = env.reset(seed=0)
    assert env.books.episode["first_row"][0] == 90
    assert columns(env, seen)["implied_volatility"][0] == pytest.approx(100.0 * realised_volatility(TAPE, 90)[90], rel=1e-6)


def test_several_tapes_keep_their_own_volatility():
    calm, wild = TAPE, gbm_tape(2, 400, volatility=0.05, price=10.0, lot=1e-6, tick=1e-8)
    env = OptionHedgingVectorEnv([calm, wild], num_envs=64, episode_bars=20)
    seen, _ = env.reset(seed=0)
    segment, implied = env.books.episode["segment"], columns(env, seen)["implied_volatility"]
    assert set(segment.tolist()) == {0, 1}
    assert implied[segment == 0].max() < 3.0 < implied[segment == 1].min()


def test_without_a_length_the_option_lives_to_the_end_of_the_rows():
    env = OptionHedgingVectorEnv(TAPE, episode_bars=None, rows=(80, 100), start="first", costs=FREE)
    seen, _ = env.reset(seed=0)
    for bar in range(19):
        assert columns(env, seen)["time_left"][0] == pytest.approx(1.0 - bar / 19.0)
        seen, _, terminated, *_ = env.step(np.zeros((1, 1), np.float32))
    assert terminated.all()


def test_delta_earns_more_than_no_hedge_on_a_real_tape():
    def total(hedged):
        env = OptionHedgingVectorEnv(num_envs=300, info=(), autoreset_mode="disabled")
        seen, _ = env.reset(seed=0)
        paid = np.zeros(300)
        for _ in range(120):
            shown = columns(env, seen)
            left = shown["implied_volatility"] / 100.0 * np.sqrt(np.maximum(shown["time_left"] * 120, 1e-9))
            ratio = call_delta(np.exp(shown["moneyness"] / 100.0), 1.0, left)[:, None] if hedged else np.zeros((300, 1))
            seen, rewards, *_ = env.step(ratio)
            paid += rewards
        return paid

    gain = total(True) - total(False)
    assert gain.mean() > 4.0 * gain.std(ddof=1) / np.sqrt(300)


@pytest.mark.parametrize(("said", "settings"), [
    ("number or 'realised', was 'realized'", {"implied_volatility": "realized"}),
    ("positive and finite", {"implied_volatility": 0.0}),
    ("volatility_bars", {"volatility_bars": 0}), ("share must lie", {"share": 1.5}), ("risk must be", {"risk": -1.0}),
    ("leave reward out", {"reward": "log_return"}), ("leave action out", {"action": "six_actions"}),
    ("unknown option 'implied_volatilty'", {"implied_volatilty": 0.1}), ("asset must say", {"tape": gbm_tape(0, 300, 2)}),
])
def test_wrong_options_are_refused(said, settings):
    with pytest.raises(ConfigError, match=said):
        OptionHedgingVectorEnv(**{"tape": TAPE, **settings})
