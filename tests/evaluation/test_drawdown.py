"""Drawdowns and tails, by hand."""

import math

import numpy as np
import pytest

from quantgym.evaluation.drawdown import drawdown_path, drawdowns, longest_drawdown, max_drawdown
from quantgym.evaluation.tail import expected_shortfall, value_at_risk
from quantgym.market.errors import ConfigError, DataError

# index              0      1      2     3     4      5      6      7
EQUITY = np.array([100.0, 120.0, 90.0, 96.0, 120.0, 130.0, 117.0, 104.0])


def test_the_worst_drawdown_has_depth_length_and_recovery():
    worst = max_drawdown(EQUITY)
    # 120 -> 90 is 25 %; peak at 1, trough at 2, back at 120 at index 4
    assert worst.depth == pytest.approx(0.25)
    assert (worst.peak, worst.trough, worst.recovery) == (1, 2, 4)
    assert (worst.length, worst.recovery_bars) == (3, 2.0)


def test_a_drawdown_that_lasts_has_no_recovery():
    fall = drawdowns(EQUITY)[1]
    # 130 -> 104 is 20 %, from index 5 to the end
    assert fall.depth == pytest.approx(0.2)
    assert fall.recovery is None
    assert fall.length == 2
    assert math.isnan(fall.recovery_bars)


def test_the_longest_is_not_the_deepest():
    equity = np.array([100.0, 50.0, 100.0, 99.0, 98.0, 99.0, 99.5, 100.0])
    assert max_drawdown(equity).length == 2
    assert longest_drawdown(equity) == 5


def test_the_path_is_never_above_zero():
    assert drawdown_path(EQUITY)[[0, 1, 2, 3, 5]].tolist() == pytest.approx([0.0, 0.0, -0.25, -0.2, 0.0])


def test_equity_that_only_rises_has_no_drawdown():
    assert (max_drawdown(np.array([1.0, 2.0, 3.0])).depth, longest_drawdown(np.array([1.0, 2.0, 3.0]))) == (0.0, 0)


def test_a_drawdown_without_a_peak_is_refused():
    with pytest.raises(DataError, match="above zero"):
        drawdown_path(np.array([0.0, 1.0]))


def test_value_at_risk_interpolates_between_order_statistics():
    # -10 ... +10 in steps of 1 %: position 0.05 x 20 = 1 -> the second worst, -9 %
    returns = np.arange(-10, 11) / 100
    assert value_at_risk(returns) == pytest.approx(0.09)


def test_expected_shortfall_takes_the_last_bar_in_part():
    # 30 returns at 95 %: 1.5 bars: -8 % in full and -5 % by half: (8 + 2.5) / 1.5 = 7 %
    returns = np.concatenate([[-0.08, -0.05], np.full(28, 0.01)])
    assert expected_shortfall(returns) == pytest.approx(0.07)
    # the same shape with 40: exactly two bars: (8 + 5) / 2
    assert expected_shortfall(np.concatenate([[-0.08, -0.05], np.full(38, 0.01)])) == pytest.approx(0.065)


@pytest.mark.parametrize("level", [0.0, 1.0, 1.5])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(ConfigError, match="level"):
        value_at_risk(np.zeros(3), level)
