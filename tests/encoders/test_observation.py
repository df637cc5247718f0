import json
from dataclasses import replace

import numpy as np
import pytest

from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.observation import Observation
from quantgym.encoders.table import FeatureTable
from quantgym.market.errors import ConfigError, IntegrityError, ShapeError, UnknownNameError

TRADABLE = Column("tradable", "flag", 0.0, 1.0)
BULL, MOMENTUM = Column("bull", "probability", 0.0, 1.0, warmup=3), Column("momentum", "score", shift=0.5, scale=2.0)
LAYOUT = Layout(("A", "B"), (BULL,), (MOMENTUM, TRADABLE))
FULL = LAYOUT.with_private((Column("cash", "fraction"),), window=2)
# two rows of (bull, A.momentum, A.tradable, B.momentum, B.tradable), then cash
FLAT = np.array([[0.1, 1, 1, 2, 1, 0.2, 3, 1, 4, 0, 0.9]], np.float32)


def test_a_flat_observation_is_rows_then_the_account_and_back():
    observation = Observation.from_flat(FLAT, FULL)
    assert FULL.size == 11
    assert observation.market[0, 1].tolist() == pytest.approx([0.2, 3, 1, 4, 0])
    assert observation.private.tolist() == [[pytest.approx(0.9)]]
    assert np.array_equal(observation.flat(), FLAT)
    assert np.shares_memory(observation.market, FLAT)


def test_the_mask_is_the_newest_rows_tradable_columns():
    assert Observation.from_flat(FLAT, FULL).mask.tolist() == [[True, False]]
    blind = replace(FULL, market_asset=FULL.market_asset[:1])
    assert Observation.from_flat(FLAT[:, :7], blind).mask.tolist() == [[True, True]]


def test_columns_are_found_by_name_in_the_newest_row():
    columns = Observation.from_flat(FLAT, FULL).columns
    assert columns["bull"].tolist() == pytest.approx([0.2])
    assert columns["B.momentum"].tolist() == [4.0]
    assert columns["cash"].tolist() == pytest.approx([0.9])
    assert list(columns) == ["bull", "A.momentum", "A.tradable", "B.momentum", "B.tradable", "cash"]
    assert "A.cash" not in columns
    with pytest.raises(UnknownNameError, match=r"unknown column of the observation 'A.momentun'; did you mean A.momentum"):
        columns["A.momentun"]


def test_a_flat_observation_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"must have the shape \(B, 11\), was \(1, 10\)"):
        Observation.from_flat(FLAT[:, :10], FULL)
    with pytest.raises(ShapeError, match="market and private parts"):
        Observation.from_parts(np.zeros((1, 2, 4), np.float32), np.zeros((1, 1), np.float32), FULL)


def test_a_layout_survives_json_with_infinite_bounds():
    assert Layout.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL
    assert FULL.flat_bounds[0].tolist()[:3] == [0.0, -np.inf, 0.0]


def test_a_layout_of_another_version_is_refused():
    with pytest.raises(IntegrityError, match="layout version must be 1, was 2"):
        Layout.from_json({**FULL.to_json(), "version": 2})


def test_two_columns_of_one_name_and_dots_are_refused():
    with pytest.raises(ConfigError, match="two columns are called tradable"):
        Layout(("A",), (), (TRADABLE, TRADABLE))
    with pytest.raises(ConfigError, match="hold no dot"):
        Column("A.x", "score")
    with pytest.raises(ConfigError, match="low must not exceed high"):
        Column("x", "score", 1.0, 0.0)


def test_the_table_of_one_asset_has_the_global_and_its_own_columns():
    table = FeatureTable(np.arange(10, dtype=np.float32).reshape(2, 5), LAYOUT, "digest")
    own = table.for_asset("B")
    assert own.values.tolist() == [[0, 3, 4], [5, 8, 9]]
    assert own.layout.names == ("bull", "B.momentum", "B.tradable")
    assert own.values.flags.c_contiguous
    assert table.column("B.momentum").tolist() == [3.0, 8.0]
    assert table.slice(1, 2).values.tolist() == [[5, 6, 7, 8, 9]]
    with pytest.raises(UnknownNameError, match="unknown asset 'C'"):
        table.for_asset("C")


@pytest.mark.parametrize("values", [np.zeros((2, 4), np.float32), np.zeros((2, 5)), np.zeros((5, 2), np.float32).T])
def test_a_table_that_does_not_fit_its_layout_is_refused(values):
    with pytest.raises(ShapeError, match=r"must be C-contiguous float32 of shape \(T, 5\)"):
        FeatureTable(values, LAYOUT)
