"""A setting moves a little, and never out of its dimension."""

import pytest

from quantgym.market.seeding import generator
from quantgym.training.tuning.dimension import build_dimension
from quantgym.training.tuning.perturbation import perturbed

UNIFORM = {"kind": "uniform", "low": 0.5, "high": 1.0}
LOG = {"kind": "loguniform", "low": 1e-4, "high": 1e-2}
STEPPED = {"kind": "uniform", "low": 0.0, "high": 0.1, "step": 0.04}  # 0, 0.04, 0.08
WHOLE = {"kind": "integer", "low": 2, "high": 12}
BY_THREE = {"kind": "integer", "low": 1, "high": 9, "step": 3}  # 1, 4, 7
CHOICE = {"kind": "choice", "values": [64, 256, 1024]}


@pytest.mark.parametrize(
    ("given", "value", "up", "moved"),
    [
        (UNIFORM, 0.6, True, 0.72),  # 0.6 x 1.2
        (UNIFORM, 0.6, False, 0.5),  # 0.6 / 1.2
        (UNIFORM, 0.55, False, 0.5),  # 0.458 lies below the bound
        (UNIFORM, 0.95, True, 1.0),
        (UNIFORM, 1.0, True, 1.0 / 1.2),  # nothing above it
        (UNIFORM, 0.5, False, 0.6),
        (LOG, 1e-3, False, 1e-3 / 1.2),
        (STEPPED, 0.04, True, 0.08),  # 0.048 is nearest to 0.04, so one step further
        (STEPPED, 0.0, True, 0.04),
        (STEPPED, 0.0, False, 0.04),
        (STEPPED, 0.08, True, 0.04),
        (WHOLE, 10, True, 12),
        (WHOLE, 10, False, 8),  # 8.33
        (WHOLE, 2, True, 3),  # 2.4 is nearest to 2
        (WHOLE, 12, True, 10),
        (BY_THREE, 4, True, 7),
        (BY_THREE, 7, False, 4),
        (CHOICE, 256, True, 1024),
        (CHOICE, 256, False, 64),
        (CHOICE, 1024, True, 256),
        (CHOICE, 64, False, 256),
    ],
)
def test_a_value_goes_up_or_down_and_turns_where_the_bound_leaves_no_way(given, value, up, moved):
    found = perturbed(build_dimension(given, "space"), value, 1.2, up=up)
    assert found == pytest.approx(moved)
    assert type(found) is type(value)


@pytest.mark.parametrize("given", [UNIFORM, LOG, STEPPED, WHOLE, BY_THREE])
def test_a_thousand_moves_stay_in_bounds_and_on_the_steps_and_every_one_moves(given):
    dimension, draw = build_dimension(given, "space"), generator(3)
    low, high = dimension.ends
    value = low
    for _ in range(1_000):
        before, value = value, perturbed(dimension, value, 1.3, up=bool(draw.integers(2)))
        assert low <= value <= high
        assert value != before
        if "step" in given:
            places = (value - low) / given["step"]
            assert places == pytest.approx(round(places))


def test_choices_of_lists_have_neighbours_too():
    choice = build_dimension({"kind": "choice", "values": [[8], [4, 4], [2]]}, "space")
    assert perturbed(choice, [8], 1.2, up=True) == [4, 4]
    assert perturbed(choice, [2], 1.2, up=True) == [4, 4]
