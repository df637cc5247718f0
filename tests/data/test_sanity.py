from typing import Any

import numpy as np
import pytest

from quantgym.data.fault import FaultKind
from quantgym.data.instant import DAY, to_ns
from quantgym.data.record import clock_records
from quantgym.data.sanity import clean, find_faults, refuse, summary
from quantgym.market.bar import BAR
from quantgym.market.errors import ConfigError, DataError

SYMBOLS = ("X", "Y")


def world(n=6):
    open_at = to_ns("2020-01-01") + DAY * np.arange(n)
    bars = np.zeros((n, 2), BAR)
    for name in ("open", "high", "low", "close"):
        bars[name] = 10.0
    bars["volume"] = 5.0
    return clock_records(open_at, open_at + DAY), bars, np.ones((n, 2), bool)


def kinds(faults):
    return {(fault.kind, fault.symbol): fault.rows.tolist() for fault in faults}


def test_clean_bars_have_no_faults():
    assert find_faults(world()[0], world()[1], SYMBOLS, world()[2], step_ns=DAY) == []


def test_each_fault_is_found_where_it_is():
    clock, bars, recorded = world()
    bars["close"][1, 0] = np.nan
    bars["low"][2, 0] = 0.0
    bars["high"][3, 1] = 9.0
    bars["volume"][4, 1] = -1.0
    bars["volume"][5, 0] = 0.0
    assert kinds(find_faults(clock, bars, SYMBOLS, recorded)) == {
        (FaultKind.MISSING_PRICE, "X"): [1],
        (FaultKind.NOT_POSITIVE, "X"): [2],
        (FaultKind.OHLC, "Y"): [3],
        (FaultKind.BAD_VOLUME, "Y"): [4],
        (FaultKind.NO_VOLUME, "X"): [5],
    }


def test_faults_of_cells_without_a_bar_do_not_count_but_holes_do():
    clock, bars, recorded = world()
    bars["close"][[0, 3], 0] = np.nan
    recorded[[0, 3], 0] = False  # before its listing, and in the middle
    assert kinds(find_faults(clock, bars, SYMBOLS, recorded)) == {(FaultKind.HOLE, "X"): [3]}


def test_an_overnight_halving_is_named_as_a_split_and_missing_days_as_a_gap():
    clock, bars, recorded = world()
    for name in ("open", "high", "low", "close"):
        bars[name][3:, 1] = 5.1
    keep = [0, 1, 3, 4, 5]
    faults = find_faults(clock[keep], bars[keep], SYMBOLS, recorded[keep], step_ns=DAY)
    jump, gap = faults
    # 10 / 5.1 = 1.96, near 2
    assert str(jump) == "Y: 1 overnight jumps as large as a split's, first at 2020-01-04 (10 to 5.1, like a split into 2)"
    assert str(gap) == "1 missing rows, first at 2020-01-03 (2020-01-03)"
    assert not jump.kind.breaking
    assert not gap.kind.breaking


def test_an_asset_without_any_volume_is_not_a_fault():
    clock, bars, recorded = world()
    bars["volume"] = 0.0
    assert find_faults(clock, bars, SYMBOLS, recorded) == []


def faulty():
    clock, bars, recorded = world()
    bars["close"][[1, 4], 0] = np.nan
    bars["high"][3, 1] = 9.0
    return bars, recorded, find_faults(clock, bars, SYMBOLS, recorded)


def test_refusing_tells_counts_kinds_and_the_first_place():
    bars, recorded, faults = faulty()
    with pytest.raises(DataError) as error:
        clean("prices.csv", bars, SYMBOLS, recorded, faults, "refuse")
    assert str(error.value) == (
        "prices.csv: 2 bars with a missing price (NaN or infinite), first X at 2020-01-02 (open 10 high 10 low 10 close nan); "
        "1 bars that violate low <= open, close <= high, first Y at 2020-01-04 (open 10 high 9 low 10 close 10); "
        "repair the data or clean them (policy mask or drop)"
    )


def test_masking_takes_out_bars_and_dropping_takes_out_rows():
    bars, recorded, faults = faulty()
    masked, keep = clean("x", bars, SYMBOLS, recorded, faults, "mask")
    assert np.argwhere(~masked).tolist() == [[1, 0], [3, 1], [4, 0]]
    assert keep.all()
    _, keep = clean("x", bars, SYMBOLS, recorded, faults, "drop")
    assert keep.tolist() == [True, False, True, False, False, True]


def test_a_bar_without_volume_cannot_be_traded_under_any_policy():
    clock, bars, recorded = world()
    bars["volume"][2, 0] = 0.0
    masked, keep = clean("x", bars, SYMBOLS, recorded, find_faults(clock, bars, SYMBOLS, recorded), "refuse")
    assert np.argwhere(~masked).tolist() == [[2, 0]]
    assert keep.all()


def test_what_is_only_reported_is_not_refused_and_policies_are_checked():
    bars, recorded, faults = faulty()
    unknown: Any = "ignore"
    refuse("x", [fault for fault in faults if not fault.kind.breaking])
    with pytest.raises(ConfigError, match="policy must be one of refuse, mask, drop, was 'ignore'"):
        clean("x", bars, SYMBOLS, recorded, faults, unknown)


def test_the_summary_has_one_line_a_kind():
    clock, bars, recorded = world()
    bars["close"][1] = np.nan
    bars["close"][4, 1] = np.nan
    assert summary(find_faults(clock, bars, SYMBOLS, recorded)) == [
        "3 bars with a missing price (NaN or infinite) in 2 assets, first X at 2020-01-02 (open 10 high 10 low 10 close nan)"
    ]
