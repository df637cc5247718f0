"""AlmgrenChriss-v0: what slices pay, that everything is executed, the best schedule."""

import numpy as np
import pytest

from quantgym.envs.worlds.almgren_chriss import AlmgrenChrissVectorEnv
from quantgym.market.errors import ConfigError


def test_slices_pay_impact_of_their_own_and_of_those_before_them():
    env = AlmgrenChrissVectorEnv(num_envs=3, episode_bars=4, half_spread=0.001)
    env.reset(seed=0)
    bought = 0.0
    for share in (0.3, 0.5):
        slice_units = share * (10.0 - bought)
        _, rewards, *_ = env.step(np.full((3, 1), 2.0 * share - 1.0))
        bar = env.simulator.bars[env.simulator.rows, 0]
        paid = slice_units * (0.001 + 0.004 * bought + 0.01 * slice_units)
        bought += slice_units
        waits = 10.0 - bought
        # lambda sigma^2 = 100 x 0.002^2 = 0.0004
        expected = -(paid + waits * (bar["close"] / bar["open"] - 1.0) + 0.0004 * waits**2)
        assert rewards == pytest.approx(expected, abs=1e-6)


def test_the_last_decision_sends_all_that_is_left():
    env = AlmgrenChrissVectorEnv(num_envs=2, episode_bars=3, autoreset_mode="disabled")
    seen, _ = env.reset(seed=0)
    assert env.seen(seen, "remaining").tolist() == [1.0, 1.0]
    for _ in range(2):
        seen, _, terminated, *_ = env.step(np.full((2, 1), -1.0))
        assert env.seen(seen, "remaining").tolist() == [1.0, 1.0]
        assert not terminated.any()
    seen, rewards, terminated, truncated, _ = env.step(np.full((2, 1), -1.0))
    assert env.seen(seen, "remaining").tolist() == [0.0, 0.0]
    # eta X^2 = 0.01 x 100; nothing waits
    assert rewards == pytest.approx([-1.0, -1.0], abs=1e-6)
    assert (terminated.all(), truncated.any()) == (True, False)


def test_the_schedule_played_is_the_static_one_whatever_the_price_does():
    env = AlmgrenChrissVectorEnv(num_envs=5)
    seen, _ = env.reset(seed=0)
    left = [env.seen(seen, "remaining")]
    for _ in range(15):
        seen, *_ = env.step(env.optimal_action(seen))
        left.append(env.seen(seen, "remaining"))
    # sinh(kappa (N - j)) / sinh(kappa N), 2 (cosh kappa - 1) = 0.0004 / 0.008
    kappa = np.arccosh(1.0 + 0.5 * 0.05)
    expected = np.sinh(kappa * (16 - np.arange(16))) / np.sinh(16 * kappa)
    assert np.array(left) == pytest.approx(np.repeat(expected[:, None], 5, axis=1), abs=1e-6)


def test_values_by_hand():
    env = AlmgrenChrissVectorEnv(episode_bars=2)
    # equal slices 5 and 5: permanent 0.004 x 100 / 2 = 0.2, own 0.008 x 50 = 0.4, waiting 0.0004 x 25 = 0.01
    assert env.reference_value() == pytest.approx(-0.61)
    # first slice n: 0.008 (n^2 + (10 - n)^2) + 0.0004 (10 - n)^2 is least at n = 10 x 0.0084 / 0.0164
    n = 10 * 0.0084 / 0.0164
    assert env.optimal_value() == pytest.approx(-(0.2 + 0.008 * (n**2 + (10 - n) ** 2) + 0.0004 * (10 - n) ** 2))
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen) == pytest.approx(np.array([[2.0 * n / 10 - 1.0]]), abs=1e-6)
    assert env.reference_action(seen).tolist() == [[0.0]]


def test_without_fear_the_reference_is_the_best():
    env = AlmgrenChrissVectorEnv(risk_aversion=0.0)
    assert env.optimal_value() == pytest.approx(env.reference_value())
    assert env.rebuild(num_envs=2).optimal_value() == env.optimal_value()


def test_the_papers_own_order_in_fractions_of_its_price():
    """Almgren & Chriss 2000, table 1: X = 10^6 at 50 dollars; here units of 10^5 shares, money in 50 x 10^5 dollars."""
    env = AlmgrenChrissVectorEnv(units=10.0, volatility=0.95 / 50, temporary=2.5e-6 * 1e5 / 50, permanent=2.5e-7 * 1e5 / 50,
                                 half_spread=0.0625 / 50, risk_aversion=1e-6 * 50 * 1e5, episode_bars=5)
    assert env.order.kappa == pytest.approx(0.61, abs=0.005)
    assert env.order.expected_cost(env.order.even()) * 50 * 1e5 == pytest.approx(662_500.0)


def test_what_is_best_is_not_claimed_where_it_is_not_known():
    with pytest.raises(ConfigError, match="optimal_value of AlmgrenChriss-v0 holds for its own action alone"):
        AlmgrenChrissVectorEnv(action={"kind": "slice", "units": 5.0}).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own reward alone"):
        AlmgrenChrissVectorEnv(reward="gross_minus_cost").optimal_value()
    env = AlmgrenChrissVectorEnv(action="exposure", private=("account", "time_left"))
    with pytest.raises(ConfigError, match="is known for the action scheme slice, was exposure"):
        env.optimal_action(env.reset(seed=0)[0])
    with pytest.raises(ConfigError, match="private part remaining needs the action scheme slice"):
        AlmgrenChrissVectorEnv(action="exposure")
    with pytest.raises(ConfigError, match=r"temporary .* must be above permanent x interval / 2"):
        AlmgrenChrissVectorEnv(temporary=0.001)
    with pytest.raises(ConfigError, match=r"units x permanent of AlmgrenChriss-v0 must be under 1"):
        AlmgrenChrissVectorEnv(units=300.0)
