"""Settings of action schemes and tasks that cannot be meant: each is refused by name, whatever type it has."""

import numpy as np
import pytest

from quantgym.envs.tasks.child_order import ChildOrderGrid, ChildOrders
from quantgym.envs.tasks.choice import Choice, Mix
from quantgym.envs.tasks.parent_order import OrderSettings
from quantgym.envs.tasks.written_option import HedgeReward
from quantgym.market.actions.exposure import Exposure
from quantgym.market.actions.holding import Holding
from quantgym.market.actions.quotes import QuoteGrid, Quotes
from quantgym.market.actions.slice import Slice
from quantgym.market.actions.unit_positions import UnitPositions
from quantgym.market.actions.weights import TargetWeights, Weights
from quantgym.market.errors import ConfigError

NO_NUMBER: tuple[object, ...] = ("1", None, [], {}, float("nan"), float("inf"), True, [[0.1]])
NO_FLAG: tuple[object, ...] = ("no", "false", None, 0, 1, 0.5, [])
NUMBERS = ((Holding, "max_units"), (UnitPositions, "units"), (Slice, "units"), (Quotes, "narrowest"), (Quotes, "widest"),
           (Quotes, "equity_share"), (QuoteGrid, "widest"), (ChildOrders, "max_offset"), (ChildOrderGrid, "shares"),
           (Mix, "sharpness"), (OrderSettings, "size"), (OrderSettings, "volume_bars"), (HedgeReward, "risk"))  # fmt: skip
FLAGS = ((Slice, "finish"), (Quotes, "relative"), (Quotes, "sizes"), (Quotes, "post_only"), (QuoteGrid, "relative"),
         (Choice, "rebalance"), (Mix, "rebalance"))  # fmt: skip


@pytest.mark.parametrize(("settings", "name"), NUMBERS, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_what_is_no_number_is_refused(settings, name):
    for value in NO_NUMBER:
        with pytest.raises(ConfigError, match=name if name != "narrowest" else "narrowest must be below widest"):
            settings(**{name: value})


@pytest.mark.parametrize(("scheme", "name"), [
    (Exposure, "scale"), (Weights, "leverage"), (Weights, "max_weight"), (TargetWeights, "leverage"), (TargetWeights, "max_weight"),
])  # fmt: skip
def test_multiples_of_equity_that_would_leave_the_numbers_are_refused(scheme, name):
    others = {"leverage": 1e6} if name == "max_weight" else {}  # a weight may not exceed the leverage
    for value in (1.000001e6, 1e308, 1.7e308, 10**300):
        with pytest.raises(ConfigError, match=f"{name} is a multiple of equity and must be at most 1,000,000, was 1"):
            scheme(**{**others, name: value})
    with pytest.raises(ConfigError, match=f"{name} must be a positive, finite number, was 1"):
        scheme(**{**others, name: 10**400})
    largest = scheme(n_assets=1, **{**others, name: 1e6})
    assert np.isfinite(largest.weights(np.ones((2, largest.size)), None)).all()


@pytest.mark.parametrize(("scheme", "name"), FLAGS, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_what_is_no_flag_is_refused(scheme, name):
    for value in NO_FLAG:  # the text "no" would have counted as yes
        with pytest.raises(ConfigError, match=f"{name} must be true or false"):
            scheme(**{name: value})


def test_offsets_of_a_grid_may_be_none_at_all_but_nothing_else_than_numbers():
    assert ChildOrderGrid(shares=[0.5, 1], offsets=[]).n == 3  # to wait, and two shares at market
    for value in (0.001, np.float64(0.5), "0.001", None, [0.1, "a"], [1.0], [0.1, 0.1]):
        with pytest.raises(ConfigError, match="offsets must be"):
            ChildOrderGrid(offsets=value)


def test_a_misspelt_side_of_an_order_is_not_taken_for_a_random_one():
    assert OrderSettings(side="sell", size=[1, 2], size_in="units").bounds == (1, 2)
    with pytest.raises(ConfigError, match=r"order.side must be one of buy, sell, random, was 'buyy'; did you mean buy\?"):
        OrderSettings(side="buyy")
    with pytest.raises(ConfigError, match=r"order.size_in must be one of .*, was 'unit'; did you mean units\?"):
        OrderSettings(size_in="unit")
    for size in ((1.0,), (1.0, 2.0, 3.0), (2.0, 1.0), (1.0, "x"), (True, 2.0)):
        with pytest.raises(ConfigError, match=r"order.size must be positive and finite, or such a pair"):
            OrderSettings(size=size)
