from typing import Any

import numpy as np
import pytest

from quantgym.data.corporate import DividendBase, adjusted_returns, derive_actions, resolution_of
from quantgym.market.errors import ConfigError, ShapeError


def adjust(close, split=(), dividend=()):
    """Back-adjusted closes, as vendors make them: each event scales everything before it."""
    factor = np.ones(len(close))
    for row, ratio in split:
        factor[:row] /= ratio
    for row, cash in dividend:
        factor[:row] *= 1 - cash / close[row - 1]
    return close * factor


def walk(n=200, seed=0):
    return np.round(50 * np.exp(np.cumsum(0.01 * np.random.Generator(np.random.PCG64(seed)).standard_normal(n))), 2)


def test_a_split_and_a_dividend_are_read_by_hand():
    # 2:1 at row 2: 10.50 -> 5.25, everything before is halved. Dividend 0.525 at row 4: factor 1 - 0.525 / 5.25 = 0.9
    close = np.array([10.5, 10.5, 5.25, 5.25, 4.725])
    actions = derive_actions(close, np.full(5, 4.725))
    assert actions.split.tolist() == [1, 1, 2, 1, 1]
    assert actions.dividend == pytest.approx([0, 0, 0, 0, 0.525])


def test_the_base_says_which_close_a_dividend_is_related_to():
    # 10 pays 1 and closes at 9.5. previous: 1 / (1 - 1 / 10) = 1.1111; ex: 1 + 1 / 9.5 = 1.1053
    close = np.array([10.0, 10.0, 9.5, 9.5])
    bases: list[tuple[DividendBase, float]] = [("previous", 1 / 0.9), ("ex", 1 + 1 / 9.5)]
    for base, jump in bases:
        adjusted = np.array([10 / jump, 10 / jump, 9.5, 9.5])
        actions = derive_actions(close, adjusted, base)
        assert actions.dividend == pytest.approx([0, 0, 1, 0])
        assert adjusted_returns(close, actions.split, actions.dividend, base)[2] == pytest.approx(9.5 * jump / 10 - 1)
    # a holder had 10 and has 10.5
    assert adjusted_returns(close, np.ones(4), np.array([0, 0, 1.0, 0]), "ex")[2] == pytest.approx(0.05)


@pytest.mark.parametrize("decimals", [12, 2])
def test_actions_are_recovered_from_exact_and_from_rounded_adjusted_closes(decimals):
    close = walk()
    close[100:] = np.round(close[100:] / 2, 2)
    adjusted = np.round(adjust(close, split=[(100, 2.0)], dividend=[(50, 0.6), (150, 0.3)]), decimals)
    actions = derive_actions(close, adjusted)
    assert np.flatnonzero(actions.split != 1).tolist() == [100]
    assert actions.split[100] == 2.0
    assert np.flatnonzero(actions.dividend).tolist() == [50, 150]
    # cents on a price of 25 are 2 basis points a row, averaged over 20
    assert actions.dividend[[50, 150]] == pytest.approx([0.6, 0.3], rel=1e-9 if decimals == 12 else 0.02)
    assert len(actions.contradictions) == 0


def test_returns_rebuilt_from_the_actions_are_those_of_the_adjusted_closes():
    close = walk(seed=3)
    adjusted = adjust(close, dividend=[(20, 0.5), (120, 1.5)])
    actions = derive_actions(close, adjusted)
    rebuilt = adjusted_returns(close, actions.split, actions.dividend)
    assert rebuilt[1:] == pytest.approx(adjusted[1:] / adjusted[:-1] - 1, abs=1e-12)


def test_rounding_alone_is_no_action():
    close = walk(seed=1)
    actions = derive_actions(close, np.round(close * 0.0337, 2))  # about 1.70: a cent is 60 basis points
    assert (actions.split == 1).all()
    assert not actions.dividend.any()


@pytest.mark.parametrize(("ratio", "after"), [(1.5, 100 / 1.5), (0.1, 1000), (20.0, 5), (7.0, 100 / 7)])
def test_usual_ratios_are_splits(ratio, after):
    close = np.array([100.0] * 5 + [after] * 5)
    actions = derive_actions(close, np.full(10, 1.0) * after)
    assert actions.split[5] == pytest.approx(ratio)
    assert not actions.dividend.any()


def test_a_spin_off_is_paid_out_and_not_a_split():
    # LDOS 2016-08-17: 13.64 in cash of a close of 51.69 is a factor of 1.358, which is no ratio
    close = np.array([51.69] * 5 + [38.5] * 5)
    actions = derive_actions(close, adjust(close, dividend=[(5, 13.64)]))
    assert actions.split[5] == 1.0
    assert actions.dividend[5] == pytest.approx(13.64)


def test_a_real_crash_without_a_jump_of_the_factor_stays():
    close = np.array([53.5, 53.5, 25.75, 25.75])  # AAPL 2000-09-29
    actions = derive_actions(close, close / 31.125)
    assert (actions.split == 1).all()
    assert adjusted_returns(close, actions.split, actions.dividend)[2] == pytest.approx(-0.5187, abs=1e-4)


def test_a_factor_that_the_closes_deny_is_reported_and_not_applied():
    # the factor says 2:1, the price does not move
    actions = derive_actions(np.full(6, 80.0), np.array([40, 40, 40, 80, 80, 80.0]))
    assert actions.contradictions.tolist() == [3]
    assert (actions.split == 1).all()
    # a factor that falls a little: money taken from the holder
    assert derive_actions(np.full(4, 80.0), np.array([80.01, 80.01, 79.01, 79.01])).contradictions.tolist() == [2]


def test_the_resolution_is_the_decimals_in_use():
    assert resolution_of(np.array([1.25, 3.5])) == 0.01
    assert resolution_of(np.array([3.0, 4.0])) == 1.0
    assert resolution_of(np.array([1 / 3])) == 0.0


def test_columns_of_different_length_and_unknown_bases_are_refused():
    unknown: Any = "next"
    with pytest.raises(ConfigError, match="dividend_base must be one of previous, ex, was 'next'"):
        derive_actions(np.ones(3), np.ones(3), unknown)
    with pytest.raises(ShapeError, match="close and adjusted must both have shape"):
        derive_actions(np.ones(3), np.ones(4))
