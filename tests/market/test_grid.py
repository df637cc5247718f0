"""Ticks and lots to prices and units and back."""

import math

import pytest

from quantgym.market.grid import on_grid, snapped, whole_lots


@pytest.mark.parametrize(("count", "step", "value"), [
    (10_050, 0.01, 100.5),
    (3, 0.1, 0.3),  # 3 x 0.1 is 0.30000000000000004
    (7, 1.0, 7.0),
    (-5, 0.25, -1.25),
    (4, 5.0, 20.0),
    (3, 0.3, 3 * 0.3),  # 1 / 0.3 is no whole number
    (123_456_789, 1e-8, 1.23456789),
])  # fmt: skip
def test_a_count_on_a_grid_is_the_decimal_that_a_tape_holds(count, step, value):
    assert on_grid(count, step) == value == on_grid.py_func(count, step)


@pytest.mark.parametrize(("units", "lot", "lots"), [
    (2.9, 1.0, 2), (-2.9, 1.0, -2), (0.3, 0.1, 3), (0.29, 0.1, 2), (-0.3, 0.1, -3), (0.0, 1.0, 0),
    (1e30, 1.0, 1_000_000_000_000_000),  # at 9e15 lots of 1e-6 the floats of units are two lots apart
])  # fmt: skip
def test_lots_are_rounded_towards_zero_but_a_hair_is_not_a_lot(units, lot, lots):
    assert whole_lots(units, lot) == lots == whole_lots.py_func(units, lot)


def test_sums_of_fills_return_to_the_grid():
    total = 0.0
    for _ in range(1_000):
        total = snapped(total + 0.1, 0.1)
    assert total == 100.0
    # 4e10 lots of 1e-8 bought in two parts and sold at once: the sum of three rounded floats is a hundred-thousandth of a lot
    held = 400.64439399 + 0.1 - 0.1
    assert snapped(held - 400.64439391, 1e-8, 801.0) == 8e-8
    assert snapped(1.1368683772161603e-13, 1e-8, 801.0) == 0.0
    assert snapped(0.15, 0.1) == 0.15 == snapped.py_func(0.15, 0.1)
    assert math.copysign(1.0, snapped(0.1 - 0.1, 0.1)) == 1.0
