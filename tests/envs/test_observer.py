"""The streaming twin gives the bits of the environment."""

from typing import Any

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.pipeline import Pipeline
from quantgym.encoders.price import PriceEncoder
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.observer import Observer
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.errors import ConfigError, ShapeError
from quantgym.simulator.simulator import Simulator

TAPE = gbm_tape(0, 160, n_assets=3, late=60)
PIPELINE = Pipeline([PriceEncoder()]).fit(TAPE.slice(0, 100))
TABLE = PIPELINE.transform(TAPE)
START, BARS = 100, 40

WORLDS: dict[str, tuple[type[TradingVectorEnv], dict[str, Any]]] = {
    "one asset": (TradingVectorEnv, {"asset": "S1", "reward": "differential_sharpe", "window": 4}),
    "mask and margin": (TradingVectorEnv, {"asset": "S2", "private": ["account", "margin", "action_mask"],
                                           "reward": ["log_return", {"kind": "differential_sortino", "scale": 0.1}]}),
    "mask of orders": (TradingVectorEnv, {"asset": "S1", "private": ["action_mask", "account"], "action": "orders"}),
    "paid in units of price": (TradingVectorEnv, {"asset": "S1", "reward": {"kind": "mean_variance"}}),
    "paid in units of price, with moments": (
        TradingVectorEnv, {"asset": "S1", "reward": [{"kind": "execution_cost", "units": 10.0}, "differential_sharpe"]}),
    "utility": (TradingVectorEnv, {"asset": "S1", "reward": {"kind": "exponential_utility", "risk_aversion": 1e-4}}),
    "portfolio": (PortfolioVectorEnv, {"window": 1}),
    "portfolio with moments": (PortfolioVectorEnv, {"window": 3, "reward": {"kind": "differential_sharpe", "warmup_bars": 5}}),
}


def built(world):
    make, settings = WORLDS[world]
    return make(TAPE, TABLE, rows=(START, 160), start="first", episode_bars=BARS, autoreset_mode="disabled", **settings)


def observer_of(env):
    return Observer(PIPELINE, env.layout, env.tape.instruments, reward=env.settings.reward, private=env.settings.private,
                    scheme=env.scheme, costs=env.costs)


def streamed(env, observer, actions):
    """Run the environment's decisions over books of our own, row by row; return the flat observations."""
    sim = Simulator(env.tape, env.costs)
    sim.open_accounts(env.settings.cash, np.array([START]))
    seen = []
    for step in range(BARS + 1):
        row = START + step
        seen.append(observer.observe(TAPE.row(row), sim.account, sim.position, row).flat())
        if step < BARS:
            sim.decode(env.scheme, actions[step])
            sim.step()
    return seen


@pytest.mark.parametrize("world", WORLDS)
def test_streaming_gives_the_bits_of_the_environment(world):
    env = built(world)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(BARS)]
    expected = [env.reset(seed=0)[0]] + [env.step(action)[0] for action in actions]
    observer = observer_of(env)
    observer.reset()
    observer.prime(TAPE.slice(0, START))
    for round_ in range(2):  # the second episode begins as clean as the first
        for mine, theirs in zip(streamed(env, observer, actions), expected, strict=True):
            assert mine.dtype == np.float32
            assert mine.tobytes() == theirs.tobytes(), round_
        observer.reset()
        observer.prime(TAPE.slice(0, 50))
        observer.prime(TAPE.slice(50, START))


def test_begin_forgets_the_episode_but_not_the_market():
    env = built("one asset")
    env.reset(seed=0)
    observer = observer_of(env)
    observer.reset()
    observer.prime(TAPE.slice(0, START))
    sim = Simulator(env.tape, env.costs)
    sim.open_accounts(100_000.0, np.array([START]))
    first = observer.observe(TAPE.row(START), sim.account, sim.position, START)
    sim.account["equity"] *= 1.01
    later = observer.observe(TAPE.row(START + 1), sim.account, sim.position, START + 1)
    observer.begin()
    sim.account["equity"] /= 1.01
    fresh = observer.observe(TAPE.row(START + 2), sim.account, sim.position, START + 2)
    assert first.columns["return_mean"] == 0.0
    assert later.columns["return_mean"] == pytest.approx(1.0)  # percent
    assert fresh.columns["return_mean"] == 0.0
    assert fresh.market[0, :-1].tolist() != first.market[0, :-1].tolist()
    assert first.columns["S1.tradable"] == 1.0


def test_an_observer_that_saw_too_little_says_so():
    env = built("one asset")
    observer = observer_of(env)
    observer.reset()
    sim = Simulator(env.tape, env.costs)
    sim.open_accounts(100_000.0, np.array([START]))
    with pytest.raises(ConfigError, match="an observation needs 4 rows, 1 were seen; call prime first"):
        observer.observe(TAPE.row(0), sim.account, sim.position, 0)


def test_what_does_not_belong_together_is_refused():
    env = built("one asset")
    with pytest.raises(ConfigError, match="and the reward that the policy was trained with"):
        Observer(PIPELINE, env.layout, env.tape.instruments)
    with pytest.raises(ShapeError, match="instruments must be those of the layout, S1, were S0, S1, S2"):
        Observer(PIPELINE, env.layout, TAPE.instruments)
    sim = Simulator(TAPE, env.costs)
    sim.open_accounts(100_000.0, np.array([START]))
    with pytest.raises(ShapeError, match=r"must have the shapes \(1,\) and \(1, 1\), were \(1,\) and \(1, 3\)"):
        observer_of(env).observe(TAPE.row(0), sim.account, sim.position, 0)
