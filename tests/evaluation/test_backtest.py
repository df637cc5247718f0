"""Streamed and batched backtests: by hand, against each other, against the environment."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.agents.rules.rule import build_rule
from quantgym.data.record import bar_records, clock_records
from quantgym.data.tape import Tape
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.rewards.registry import build_reward
from quantgym.evaluation.backtest import backtest
from quantgym.evaluation.batch import Entrant, backtest_batch, share_that_differ
from quantgym.evaluation.sight import TradableSight, ViewSight
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError
from quantgym.market.instrument import Instrument

CASH = 100_000.0

FREE = CostSettings(fee_rate=0.0, half_spread_rate=0.0, impact_coefficient=0.0, sizing_margin=0.0)


def tape_of(closes):
    """One asset whose bars open at the last close."""
    closes = np.asarray(closes, float)[:, None]
    opens = np.concatenate([closes[:1], closes[:-1]])
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    clock = clock_records(np.arange(len(closes)) * 86_400 * 10**9, (np.arange(len(closes)) + 1) * 86_400 * 10**9)
    bars = bar_records(opens, high, low, closes, np.full(closes.shape, 1e6))
    return Tape.build("hand", (Instrument(symbol="X"),), clock, bars)


def hold(tape, costs, cash=1_000.0, rows=None):
    sight = TradableSight(tape)
    entrant = Entrant(build_rule("buy_and_hold", {}, sight.layout), action_scheme("rebalance", n_assets=1), costs)
    return backtest_batch([entrant], sight, tape, rows or (0, tape.n_rows), cash)[0]


def test_buy_and_hold_by_hand():
    # decided at the close of row 0 (100), filled at the open of row 1 (100): 10 units; then 110, 99
    session = hold(tape_of([100.0, 110.0, 99.0]), FREE)
    assert session.lots.tolist() == [[10], [0]]
    assert session.equity.tolist() == pytest.approx([1_000.0, 1_100.0, 990.0])
    assert session.weights.tolist() == pytest.approx(np.array([[1.0], [1.0]]))
    assert session.steps["traded_notional"].tolist() == [1_000.0, 0.0]


def test_costs_are_paid_once_and_attributed():
    # 1 % fee and 2 % half spread: sizing divides by 1.03: floor(1000 / 1.03 / 100) = 9 units at 102: fee 9.18, spread 18
    costs = replace(FREE, fee_rate=0.01, half_spread_rate=0.02)
    session = hold(tape_of([100.0, 110.0]), costs)
    assert session.attribution.lines["commission"] == pytest.approx(9.18)
    assert session.attribution.lines["spread"] == pytest.approx(18.0)
    assert session.equity[-1] == pytest.approx(1_000.0 + 90.0 - 27.18)


def test_a_ruined_account_ends_its_session():
    session = hold(tape_of([100.0, 100.0, 0.01, 0.01, 0.01]), FREE)
    assert session.ruined
    assert session.n_decisions == 2
    assert session.track(252.0).padded(4).returns.tolist() == pytest.approx([0.0, -0.9999, 0.0, 0.0])


def test_stream_and_batch_ask_for_the_same_and_the_books_balance(world, follower):
    streamed = world.run(follower)
    sight = ViewSight(world.table, world.layout, build_reward("log_return", world.costs), 3)
    free = world.costs.without_costs()
    entrants = [Entrant(follower, world.scheme, world.costs), Entrant(follower, world.scheme, free, copies=2)]
    batched, without, again = backtest_batch(entrants, sight, world.tape, world.rows, CASH)
    assert streamed.differences(batched) == ()
    assert streamed.digest == batched.digest
    assert share_that_differ(streamed, batched) == 0.0
    assert without.digest == again.digest
    assert without.attribution.costs == 0.0 < streamed.attribution.costs
    assert share_that_differ(streamed, without) > 0.0


def test_the_environment_sees_and_does_the_same(world, follower):
    session = world.run(follower)
    env = PortfolioVectorEnv(
        world.tape, world.table, num_envs=1, rows=world.rows, costs=world.costs, cash=CASH, episode_bars=None, start="first"
    )
    seen, _ = env.reset(seed=0)
    for index, action in enumerate(session.actions):
        assert seen[0].tobytes() == session.observations[index].tobytes()
        seen, _, _, _, _ = env.step(action[None])
        if index + 1 < session.n_decisions:
            assert env.simulator.account["equity"][0] == session.equity[index + 1]
    env.close()


def test_a_second_run_of_one_observer_gives_the_same_bytes(world, follower):
    observer = world.observer()
    runs = [backtest(follower, observer, world.tape, world.rows, world.costs, CASH, world.scheme) for _ in range(2)]
    assert runs[0].digest == runs[1].digest


def test_progress_is_told(world, follower):
    told = []
    rows = (130, 200)
    backtest(
        follower, world.observer(), world.tape, rows, world.costs, CASH, world.scheme, progress=lambda *made: told.append(made)
    )
    assert told == [(0, 69), (50, 69)]


@pytest.mark.parametrize("rows", [(5, 6), (5, 5), (-1, 4), (0, 10**6)])
def test_rows_that_leave_nothing_to_decide_are_refused(world, follower, rows):
    with pytest.raises(DataError, match="rows"):
        world.run(follower, rows=rows)


def test_a_policy_of_another_scheme_is_refused(world, follower):
    with pytest.raises(ConfigError, match="decides in the scheme weights"):
        world.run(follower, scheme=action_scheme("target_weights", n_assets=3))
    with pytest.raises(ConfigError, match="at least one entrant"):
        backtest_batch([], TradableSight(world.tape), world.tape, world.rows, CASH)


def test_features_of_another_layout_are_refused(world):
    other = replace(world.layout, private=world.layout.private[:2])
    with pytest.raises(ShapeError, match="do not make the policy's layout"):
        ViewSight(world.table, other, build_reward("log_return", world.costs), 1)
