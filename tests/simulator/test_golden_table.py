"""The golden table: boundary cases worked by hand, played by the simulator and by the second implementation."""

import importlib
import sys
from pathlib import Path

import pytest

TABLES = ("limits", "stops", "groups", "times", "sizes", "corporate", "margins")


def load(name):
    """A module beside this file."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)


ROWS = [row for table in TABLES for row in load(f"golden.{table}").ROWS]
NEAR = {"rel": 1e-12, "abs": 1e-9}


def told(row):
    """What the row says must come of it."""
    return [(*fill, 0)[:5] for fill in row.fills]


def compare(row, found):
    fills = found["fills"]
    assert [(fill[0], fill[2], fill[4]) for fill in fills] == [(fill[0], fill[2], fill[4]) for fill in told(row)]
    assert [fill[3] for fill in fills] == pytest.approx([fill[3] for fill in told(row)], **NEAR)
    # instants are whole nanoseconds: a crossing may be one off
    assert [fill[1] for fill in fills] == pytest.approx([fill[1] for fill in told(row)], abs=1.5 / 3.6e12)
    assert found["refused"] == row.refused
    assert {number: found["states"].get(number) for number in row.states} == row.states
    if row.makers is not None:
        assert found["makers"] == row.makers
    for what in ("account", "position"):
        assert found[what] == pytest.approx(getattr(row, what), **NEAR)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_boundary_worked_by_hand(row):
    compare(row, load("golden.row").play(row))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_second_implementation_agrees(row):
    compare(row, load("golden.second").play(row))


def test_the_table_is_large_and_says_nothing_twice():
    names = [row.name for row in ROWS]
    assert len(names) == len(set(names)) >= 100
