"""What networks know of a layout."""

import pytest

from quantgym.agents.networks.network import NetworkSettings
from quantgym.agents.networks.reading import Reading
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.market.errors import ConfigError


def test_a_layout_says_where_everything_stands(build):
    reading = Reading.of(build.layout())
    # a row: calm, two edges, then (ret, tradable) of A, B, C: 3 + 3 x 2 = 9; four rows and eight private numbers
    assert (reading.window, reading.n_market, reading.market_size, reading.size) == (4, 9, 36, 44)
    assert (reading.n_global, reading.edges, reading.tradable) == (3, ((0, 1), (2, 0)), 1)
    assert reading.shared_private == (0,)
    assert reading.legal == (1, 2, 3, 4)
    assert reading.legal_at == (37, 38, 39, 40)
    assert reading.asset_private == ((5, 6, 7),)


def test_columns_that_only_some_assets_have_are_shared():
    held = tuple(Column(name, "fraction") for name in ("weight_A", "weight_B_X", "bid_A", "cash"))
    reading = Reading.of(Layout(("A", "B.X"), (), (Column("ret", "score"),), held))
    assert reading.asset_private == ((0, 1),)
    assert reading.shared_private == (2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "reading.window must be at least 1, was 0"),
        ({"tradable": 2}, "reading.tradable must be one of the 2 columns of an asset, was 2"),
        ({"legal": (8,)}, "must name places among the 8 private columns, was 8"),
        ({"edges": ((0, 3),)}, r"an edge must join two of the 3 assets, was \(0, 3\)"),
        ({"asset_private": ((5, 6),)}, "must hold groups of 3 places"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(build, change, message):
    plain = build.settings(build.layout()).plain()
    with pytest.raises(ConfigError, match=message):
        NetworkSettings.of({**plain, "reading": {**plain["reading"], **change}})


def test_a_reading_of_another_size_is_refused(build):
    with pytest.raises(ConfigError, match=r"network.reading is of observations of 44 numbers, network.n_in is 43"):
        build.settings(build.layout(), n_in=43)
