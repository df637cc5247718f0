"""Portfolios with shorts, bounds and leverage, worked by hand."""

import numpy as np
import pytest

from quantgym.market.actions.registry import action_scheme
from quantgym.market.errors import ConfigError


def weights(name, action, **settings):
    scheme = action_scheme(name, n_assets=len(action) - (name == "weights"), **settings)
    return scheme.weights(scheme.check_actions(np.array([action]), 1), None)[0].tolist()


def test_shorts_are_signed_shares_of_what_assets_and_cash_add_up_to():
    # |0.5| + |-0.25| + (0.5 + 1) / 2 of cash: 1.5
    assert weights("weights", [0.5, -0.25, 0.5], short=True) == pytest.approx([1 / 3, -1 / 6])
    # no cash: the gross is 1, and twice that with leverage
    assert weights("weights", [0.5, -0.5, -1.0], short=True) == [0.5, -0.5]
    assert weights("weights", [0.5, -0.5, -1.0], short=True, leverage=2.0) == [1.0, -1.0]
    assert weights("weights", [0.0, 0.0, -1.0], short=True) == [0.0, 0.0]


def test_without_shorts_entries_go_to_the_unit_interval_first():
    # 1, 0.5, 0.5 of 2
    assert weights("weights", [1.0, 0.0, 0.0]) == [0.5, 0.25]
    assert weights("weights", [1.0, 0.0, 0.0], leverage=1.5) == [0.75, 0.375]
    assert weights("weights", [-1.0, -1.0, -1.0], leverage=1.5) == [0.0, 0.0]


def test_a_weight_beyond_its_bound_stays_in_cash():
    assert weights("weights", [1.0, 0.0, 0.0], max_weight=0.4) == [0.4, 0.25]
    assert weights("weights", [0.5, -1.0, -1.0], short=True, max_weight=0.5, leverage=1.5) == [0.5, -0.5]


def test_target_weights_are_cut_one_by_one_and_then_scaled_together():
    assert weights("target_weights", [0.9, -0.2], max_weight=0.5) == [0.5, -0.2]
    # 0.5 + 0.3 + 0.5 are cut to 0.65, by half
    assert weights("target_weights", [0.9, -0.3, 1.0], max_weight=0.5, leverage=0.65) == pytest.approx([0.25, -0.15, 0.25])
    assert weights("target_weights", [0.3, -0.3], leverage=0.65) == [0.3, -0.3]
    assert weights("target_weights", [0.9, -0.2]) == [0.9, -0.2]


def test_bounded_portfolios_become_orders(decided):
    # 800 to place: 0.4 x 800 / 100 = 3.2, 0.25 x 800 / 50 = 4
    bound = action_scheme("weights", n_assets=2, max_weight=0.4)
    intents, declined = decided(bound, [1.0, 0.0, 0.0], prices=(100.0, 50.0), units=(0, 0))
    assert (intents["lots"].tolist(), declined) == ([3, 4], [])
    # -0.5 x 800 / 50 = -8
    short = action_scheme("weights", n_assets=2, short=True)
    intents, declined = decided(short, [0.5, -0.5, -1.0], prices=(100.0, 50.0), units=(0, 0), allow_short=True)
    assert (intents["lots"].tolist(), declined) == ([4, -8], [])
    intents, declined = decided(short, [0.5, -0.5, -1.0], prices=(100.0, 50.0), units=(0, 0))
    assert (intents["lots"].tolist(), declined) == ([4, 0], ["NO_SHORT"])
    twice = action_scheme("weights", n_assets=1, leverage=2.0)
    assert decided(twice, [1.0, -1.0])[1] == ["LEVERAGE"]
    assert decided(twice, [1.0, -1.0], max_leverage=2.0)[0]["lots"].tolist() == [16]


def test_the_defaults_trade_as_the_general_form_does(decided):
    generator = np.random.Generator(np.random.PCG64(3))
    for _ in range(200):
        action = generator.uniform(-1.0, 1.0, 3)
        world = {"prices": (100.0, 50.0), "units": (1, 2), "lot": 0.01}
        plain, general = action_scheme("weights", n_assets=2), action_scheme("weights", n_assets=2, max_weight=1.0)
        assert decided(plain, action, **world)[0]["lots"].tolist() == decided(general, action, **world)[0]["lots"].tolist()


@pytest.mark.parametrize(("name", "settings", "says"), [
    ("weights", {"leverage": 0.0}, "action weights: leverage must be a positive, finite number, was 0.0"),
    ("weights", {"leverage": float("nan")}, "leverage must be a positive, finite number, was nan"),
    ("weights", {"max_weight": -0.1}, r"max_weight must be a positive, finite number, was -0\.1"),
    ("weights", {"max_weight": 1.5}, r"max_weight must be at most the leverage, 1\.0, was 1\.5; lower it, or leave it out"),
    ("weights", {"short": "yes"}, "short must be true or false, was 'yes'"),
    ("weights", {"shorts": True}, r"unknown setting weights\.shorts; did you mean short\?"),
    ("weights", {"colour": 1}, "unknown setting weights.colour; known: n_assets, short, max_weight, leverage"),
    ("target_weights", {"leverage": float("inf")}, "leverage must be a positive, finite number, was inf"),
    ("target_weights", {"max_weight": 0.5, "leverage": 0.4}, r"max_weight must be at most the leverage, 0\.4, was 0\.5"),
    ("target_weights", {"max_weight": "a lot"}, "max_weight must be a positive, finite number, was 'a lot'"),
    ("positions", {"short": 1}, "action positions: short must be true or false, was 1"),
    ("positions", {"rebalance": None}, "rebalance must be true or false, was None"),
    ("levels", {"levels": []}, r"levels must be two or more different finite numbers, was \(\)"),
    ("levels", {"levels": [0.0, float("nan")]}, "levels must be two or more different finite numbers"),
    ("levels", {"levels": [0.0, float("inf")]}, "levels must be two or more different finite numbers"),
    ("levels", {"levels": ["a", "b"]}, "levels must be two or more different finite numbers"),
    ("levels", {"levels": 0.5}, r"levels must be a list, was 0\.5"),
    ("exposure", {"scale": 0}, "scale must be a positive, finite number, was 0"),
    ("six_actions", {"n_assets": 1.0}, r"n_assets must be at least 1, a whole number, was 1\.0"),
])  # fmt: skip
def test_wrong_settings_are_refused_by_name(name, settings, says):
    with pytest.raises(ConfigError, match=says):
        action_scheme(name, **settings)
