"""What a world claims holds under the options it accepts; where it does not, the claim is refused and says why."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.evaluation.known_answer import worlds_with_known_answers
from quantgym.market.errors import ConfigError, QuantgymError, ShapeError

WORLDS = worlds_with_known_answers()
OURS = [name for name in WORLDS if name.startswith("quantgym/")]


def made(world, n=4, **options):
    """Return a batch of the world."""
    return gymnasium.make_vec(f"quantgym/{world}-v0", num_envs=n, info=(), **options).unwrapped


@pytest.mark.parametrize("name", OURS)
def test_an_episode_of_one_bar_is_worth_what_is_said(name):
    env = gymnasium.make_vec(name, num_envs=4_096, info=(), episode_bars=1).unwrapped  # windows of 1: stretches of two rows
    observation, _ = env.reset(seed=9)
    _, reward, terminated, truncated, _ = env.step(env.optimal_action(observation))
    assert (terminated | truncated).all()
    error = reward.std(ddof=1) / np.sqrt(len(reward))
    assert abs(reward.mean() - env.optimal_value()) <= 4.0 * error + 1e-9


@pytest.mark.parametrize("world", ["Kelly", "Merton", "Leak", "BlackScholesHedge"])
@pytest.mark.parametrize("cash", [1e-3, 1e13])
def test_a_value_is_not_claimed_for_positions_of_a_few_lots_or_more_than_a_bar_trades(world, cash):
    with pytest.raises(ConfigError, match=f"optimal_value of {world}-v0 holds for positions .*change cash"):
        made(world, cash=cash).optimal_value()


def test_a_value_is_not_claimed_where_equity_outgrows_the_market():
    with pytest.raises(ConfigError, match=r"2500 bars can lead to .*fewer episode_bars"):
        made("Leak", episode_bars=2_500).optimal_value()  # e^20 times the cash
    with pytest.raises(ConfigError, match="128 bars can lead to"):  # short at 4 times equity, of a falling price
        made("Kelly", up_probability=0.3, action={"kind": "exposure", "scale": 4.0}).optimal_value()
    assert made("Kelly", up_probability=0.4, episode_bars=16, action={"kind": "exposure", "scale": 4.0}).optimal_value() > 0.0


def test_a_random_reference_has_no_value_where_its_positions_outgrow_the_market_but_resting_is_best():
    env = made("NoEdge", volatility=0.19, episode_bars=400)
    assert env.optimal_value() == 0.0
    with pytest.raises(ConfigError, match="holds for positions"):
        env.reference_value()


@pytest.mark.parametrize(("world", "needed"), [("CarteaJaimungal", 60_000), ("AvellanedaStoikov", 6_000)])
def test_quotes_need_cash_for_the_largest_inventory_and_two_orders(world, needed):
    with pytest.raises(ConfigError, match=f"cash is at least {needed}"):
        made(world, cash=needed - 1.0).optimal_value()
    assert np.isfinite(made(world, cash=float(needed)).optimal_value())
    with pytest.raises(ConfigError, match="max_orders to 2 or more, was 1"):
        made(world, max_orders=1).optimal_value()


def test_an_order_is_neither_of_a_few_lots_nor_beyond_what_the_account_can_pay():
    for units, temporary in ((1e-5, 0.01), (2e6, 1e-7)):
        with pytest.raises(ConfigError, match=r"optimal_value of AlmgrenChriss-v0 holds for orders of 0.01 to 100000 units"):
            made("AlmgrenChriss", units=units, permanent=0.0, temporary=temporary).optimal_value()


def test_levels_beyond_the_account_are_refused():
    with pytest.raises(ConfigError, match=r"levels of Kelly-v0 must lie inside \[-10, 10\]"):
        made("Kelly", action={"kind": "levels", "levels": (0.0, 1.0, 20.0)})
    assert made("Kelly", action={"kind": "levels", "levels": (0.0, 1.0, 10.0)}).scheme.n == 3


@pytest.mark.parametrize("volatility", [-1.0, 3_000.0])
def test_a_mid_keeps_above_nothing(volatility):
    with pytest.raises(ConfigError, match=r"volatility of .* must not be negative|the mid of 10000 could fall to 0"):
        made("CarteaJaimungal", volatility=volatility)


OPTIONS = [
    ("Kelly", "move"), ("Merton", "mean"), ("Merton", "cost_rate"), ("MeanReversion", "persistence"), ("AlmgrenChriss", "units"),
    ("CarteaJaimungal", "volatility"), ("AvellanedaStoikov", "rate"), ("BlackScholesHedge", "risk"), ("HiddenRegime", "stay"),
    ("LeadLag", "n_assets"), ("LeadLag", "risk"), ("NoEdge", "volatility"),
]  # fmt: skip


@pytest.mark.parametrize(("world", "option"), OPTIONS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.1", True])
def test_a_number_of_a_world_is_a_finite_number(world, option, value):
    with pytest.raises(ConfigError, match=f"{option} of {world}-v0 must be a finite number, was "):
        made(world, **{option: value})


@pytest.mark.parametrize(("world", "option"), OPTIONS)
def test_a_misspelt_option_of_a_world_is_suggested(world, option):
    wrong = option[:-1] + "x" + option[-1]
    with pytest.raises(ConfigError, match=f"unknown option '{wrong}' of {world}-v0; did you mean {option}"):
        made(world, **{wrong: 1})


@pytest.mark.parametrize("name", OURS)
def test_one_environment_says_all_that_a_batch_says(name):
    env = gymnasium.make(name).unwrapped
    observation, _ = env.reset(seed=4)
    batch = env.batch
    assert (env.citation, env.reference, env.reference_value()) == (batch.citation, batch.reference, batch.reference_value())
    assert env.certainty_equivalent(0.01) == batch.certainty_equivalent(0.01)
    assert env.action_space.contains(env.perturbed_action(observation))


@pytest.mark.parametrize("name", OURS)
def test_observations_of_another_form_or_width_are_refused(name):
    env = gymnasium.make_vec(name, num_envs=3, info=()).unwrapped
    flat, _ = env.reset(seed=0)
    other, _ = gymnasium.make_vec(name, num_envs=3, info=(), observation="dict").unwrapped.reset(seed=0)
    for ask in (env.optimal_action, env.reference_action, env.perturbed_action):
        for wrong in (other, flat[:, :-1], flat.tolist()):
            with pytest.raises(ShapeError, match=r"flat observations|last observations"):
                ask(wrong)
    assert issubclass(ShapeError, QuantgymError)


def test_a_position_is_read_where_it_stands_in_an_observation_that_a_reward_has_widened():
    env = made("HiddenRegime", 8, reward=[{"kind": "mean_variance", "risk_aversion": 0.0}, {"kind": "differential_sharpe"}])
    own = made("HiddenRegime", 8)
    (wide, _), (plain, _) = env.reset(seed=5), own.reset(seed=5)
    for _ in range(40):
        actions = own.optimal_action(plain)
        np.testing.assert_array_equal(env.optimal_action(wide), actions)
        wide, plain = env.step(actions)[0], own.step(actions)[0]


CHANGES = [
    ("Kelly", {"move": 0.2}), ("Merton", {"cost_rate": 0.01}), ("Merton", {"costs": True, "daily": True}),
    ("Merton", {"risk_aversion": 6.0}), ("MeanReversion", {"cost": 0.1, "risk_aversion": 2.0}),
    ("AlmgrenChriss", {"temporary": 0.02, "units": 5.0}), ("CarteaJaimungal", {"rate": 2.0}),
    ("AvellanedaStoikov", {"rate": 100.0}),
    ("BlackScholesHedge", {"cost_rate": 0.001, "risk": 50.0, "episode_bars": 8}),
    ("HiddenRegime", {"cost_rate": 0.01, "episode_bars": 16}), ("LeadLag", {"risk": 50.0}), ("NoEdge", {"cost_rate": 0.002}),
]  # fmt: skip


@pytest.mark.parametrize(("world", "changes"), CHANGES)
def test_a_world_that_is_rebuilt_with_another_number_is_the_world_of_that_number(world, changes):
    again, anew = made(world).rebuild(**changes), made(world, **changes)
    assert (again.optimal_value(), again.reference_value()) == (anew.optimal_value(), anew.reference_value())
    assert again.costs == anew.costs
    once_more = again.rebuild(num_envs=2)
    assert once_more.optimal_value() == anew.optimal_value()
