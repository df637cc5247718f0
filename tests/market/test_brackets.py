"""Named tables of maintenance brackets."""

import math

import pytest

from quantgym.market.brackets import BRACKETS, BracketTable, bracket_names, bracket_records, bracket_table
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.market.instrument import Instrument

PAIR = (Instrument(symbol="BTCUSDT"), Instrument(symbol="ETHUSDT"), Instrument(symbol="DOGEUSDT"))


@pytest.mark.parametrize("name", bracket_names())
def test_every_table_has_no_step_at_a_floor_and_says_where_it_is_from(name):
    table = bracket_table(name)
    for before, row in zip(table.rows, table.rows[1:], strict=False):
        at = row[0]
        assert at * before[1] - before[2] == pytest.approx(at * row[1] - row[2], rel=1e-12)
    assert table.source is None or (table.source.address and table.source.looked_at == "2026-11-21")
    assert not table.confirmed  # none was read at the venue itself


def test_records_stand_once_for_assets_that_share_a_table():
    records, first, count = bracket_records("perpetual", PAIR)
    assert (len(records), first.tolist(), count.tolist()) == (6, [0, 0, 0], [6, 6, 6])
    assert records["floor"][0] == 0.0


def test_tables_by_symbol_leave_the_others_to_the_rules():
    records, first, count = bracket_records({"BTCUSDT": "binance/btcusdt", "ETHUSDT": "binance/ethusdt"}, PAIR)
    assert (len(records), first.tolist(), count.tolist()) == (24, [0, 12, 0], [12, 12, 0])
    assert [len(part) for part in bracket_records(None, PAIR)] == [0, 3, 3]


def test_unknown_names_are_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"unknown costs.brackets 'binance/btcusd'; did you mean binance/btcusdt\?"):
        bracket_records("binance/btcusd", PAIR)
    with pytest.raises(UnknownNameError, match=r"unknown symbol of costs.brackets 'BTCUSD'; did you mean BTCUSDT\?"):
        bracket_records({"BTCUSD": "perpetual"}, PAIR)
    with pytest.raises(ConfigError, match=r"costs.max_leverage must be at most 50 with brackets perpetual, was 75"):
        bracket_records("perpetual", PAIR, 75.0)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ((), "the first floor and its deduction must be 0"),
        (((10.0, 0.1, 0.0, 5.0),), "the first floor and its deduction must be 0"),
        (((0.0, 0.0, 0.0, 5.0),), r"row 0: rate must lie in \(0, 1\]"),
        (((0.0, 0.1, 0.0, 5.0), (0.0, 0.2, 0.0, 2.0)), "row 1: floors must rise"),
        (((0.0, 0.1, 0.0, 5.0), (9.0, 0.05, 0.0, 2.0)), "row 1: floors must rise, rates not fall"),
        (((0.0, 0.1, 0.0, 5.0), (9.0, 0.2, 0.9, 6.0)), "leverages not rise"),
        (((0.0, 0.1, 0.0, 5.0), (9.0, 0.2, 0.8, 2.0)), "row 1: the deduction must be 0.9"),
        (((0.0, 0.1, 0.0, 5.0), (9.0, 0.2, math.nan, 2.0)), "row 1: must be floor, .*, all finite, was"),
        (((0.0, 0.1, 0.0, 5.0), (math.inf, 0.2, math.inf, 2.0)), "row 1: must be floor, .*, all finite, was"),
        (((0.0, 0.1, 0.0),), "row 0: must be floor, maintenance rate, deduction and largest leverage"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(rows, match):
    with pytest.raises(ConfigError, match=match):
        BracketTable(name="wrong", rows=rows, source=None, confirmed=False)
    assert "wrong" not in BRACKETS
