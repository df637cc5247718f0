"""Baselines: what they do, what they cost, and a random trader that trades as much as the policy."""

import numpy as np
import pytest

from quantgym.agents.policy import check_policy
from quantgym.evaluation.baseline import BASELINES, BaselineSettings, run_baselines
from quantgym.evaluation.random_twin import RandomTwin
from quantgym.evaluation.sight import TradableSight
from quantgym.market.errors import ConfigError, UnknownNameError

CASH = 100_000.0
PACE = 252.0


def baselines(world, session, **settings):
    given = {"random_seeds": 5, **settings}
    return run_baselines(session, world.tape, world.rows, world.costs, CASH, BaselineSettings(**given), PACE)


@pytest.fixture(scope="module")
def found(world, follower):
    session = world.run(follower)
    return session, dict(zip(BASELINES, baselines(world, session), strict=True))


def test_buy_and_hold_trades_at_the_first_bar_alone(found):
    traded = found[1]["buy_and_hold"].track.traded
    assert traded[0] > 0.9 * CASH
    assert not traded[1:].any()


def test_equal_weight_trades_every_21_bars(found):
    traded = np.flatnonzero(found[1]["equal_weight"].track.traded)
    assert set(traded.tolist()) <= set(range(0, 229, 21))
    assert len(traded) > 8


def test_random_accounts_trade_as_much_as_the_policy(found):
    session, by_name = found
    spread = by_name["random"].spread
    before = session.equity[:-1]
    wanted = PACE * float(np.mean(session.steps["traded_notional"] / before))
    assert float(spread.turnover.mean()) == pytest.approx(wanted, rel=0.05)
    assert "matched" in by_name["random"].rule
    assert np.all(spread.low <= spread.high)
    # the account shown has the median Sharpe ratio of five
    assert by_name["random"].metrics["sharpe"] == pytest.approx(np.sort(spread.sharpe)[2])


def test_random_accounts_hold_as_much_as_the_policy_on_average(found):
    session, by_name = found
    wanted = float(np.abs(session.weights).sum(axis=1).mean())
    assert by_name["random"].metrics["exposure"] == pytest.approx(wanted, abs=0.15)


def test_the_seed_decides_the_random_accounts(world, found):
    session = found[0]
    first, again, other = (
        baselines(world, session, names=("random",), seed=seed, random_seeds=2)[0].track.equity.tobytes() for seed in (4, 4, 5)
    )
    assert first == again != other


def test_a_policy_that_never_trades_has_a_random_twin_that_never_trades(world, constant):
    session = world.run(constant(-1.0, -1.0, -1.0, 1.0), rows=(130, 160))
    contender = run_baselines(session, world.tape, (130, 160), world.costs, CASH, BaselineSettings(names=("random",)), PACE)[0]
    assert contender.metrics["turnover"] == 0.0
    assert contender.track.equity.tolist() == [CASH] * 30


def test_one_asset_is_held_by_half_in_equal_weight(make_world, constant):
    world = make_world(n_assets=1, n_bars=200)

    session = world.run(constant(0.0, 0.0))
    hold, half = baselines(world, session, rebalance_bars=5, names=("buy_and_hold", "equal_weight"))
    assert (half.label, half.rule) == ("half in cash", "half S0, half cash, restored every 5 bars")
    assert half.metrics["exposure"] == pytest.approx(0.49, abs=0.02)
    assert hold.metrics["exposure"] == pytest.approx(0.97, abs=0.03)


def test_late_listings_are_not_bought_before_they_trade(make_world, follower):
    world = make_world(n_assets=3, n_bars=240, late=180)
    session = world.run(follower)
    equal = baselines(world, session, names=("equal_weight",), rebalance_bars=10)[0]
    assert equal.attribution["gross"] != 0.0
    assert not session.lots[:50, 2].any()  # rows 130 to 179


def test_the_random_twin_keeps_the_contract_of_a_policy(world):
    twin = RandomTwin(budgets=np.array([0.1, 0.0, 0.4]), exposure=0.5)
    check_policy(twin, TradableSight(world.tape).layout)


def test_settings_out_of_range_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean buy_and_hold"):
        BaselineSettings(names=("buy_and_hol",))
    with pytest.raises(ConfigError, match="random twin"):
        RandomTwin(budgets=np.zeros(0), exposure=0.5)
    with pytest.raises(ConfigError, match="random twin"):
        RandomTwin(budgets=np.ones(3), exposure=1.5)
