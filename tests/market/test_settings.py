"""Costs, instruments, seeds and errors of the market room."""

import math

import numpy as np
import pytest

from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.errors import ConfigError, UnknownNameError, did_you_mean
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.record import copied, joined
from quantgym.market.seeding import generator, spawned


def test_settings_become_records_one_an_account():
    rules = rules_records(CostSettings(latency_ms=1.5, path="ohlc", impact_coefficient=0.5, impact_volatility=0.04), n_envs=2)
    assert rules["latency_ns"].tolist() == [1_500_000] * 2
    assert rules["path"].tolist() == [2, 2]
    assert rules["impact_rate"][0] == 0.02
    assert rules["participation"][0] == math.inf
    # fees 0.0005, half spread 0.0002, margin 0.02
    assert rules["sizing_buffer"][0] == pytest.approx(0.0207)


def test_the_free_twin_has_no_cost_and_the_same_rules():
    twin = CostSettings(fee_rate=0.01, latency_ms=3.0, slippage_rate=0.1).without_costs()
    assert (twin.fee_rate, twin.half_spread_rate, twin.slippage_rate, twin.impact_rate, twin.borrow_rate) == (0.0,) * 5
    assert twin.latency_ms == 3.0


@pytest.mark.parametrize(("settings", "says"), [
    ({"fee_rate": -0.1}, "costs.fee_rate must be finite and not negative, was -0.1"),
    ({"latency_ms": math.nan}, "costs.latency_ms"),
    ({"latency_ms": 1e13}, r"costs.latency_ms must be at most 1e\+12 \(31 years\)"),
    ({"participation": 0.0}, r"costs.participation must lie in \(0, 1\]"),
    ({"max_leverage": 0.0}, "costs.max_leverage must be positive"),
    ({"ruin_equity_fraction": 1.0}, "costs.ruin_equity_fraction"),
    ({"path": "best"}, "unknown costs.path 'best'"),
])  # fmt: skip
def test_wrong_costs_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        CostSettings(**settings)


def test_an_instrument_without_a_volume_unit_says_so_to_the_kernel():
    records = instrument_records((Instrument(symbol="A"), Instrument(symbol="B", volume_unit=None, lot=0.1)))
    assert records["volume_known"].tolist() == [1.0, 0.0]
    assert records["lot"].tolist() == [1.0, 0.1]
    with pytest.raises(ConfigError, match="instrument A: tick must be positive"):
        Instrument(symbol="A", tick=0.0)


def test_the_stream_of_a_part_does_not_depend_on_how_many_there_are():
    first = [generator(spawned(7, i)).random() for i in range(3)]
    assert first == [generator(spawned(7, i)).random() for i in range(10)][:3]
    assert len(set(first)) == 3


def test_unknown_names_come_with_a_suggestion_or_the_list():
    assert did_you_mean("slipage", ["slippage", "fee"]) == "; did you mean slippage?"
    assert str(UnknownNameError("tape", "zzz", ["b", "a"], "job.yaml")) == "unknown tape 'zzz'; known: a, b (job.yaml)"


def test_copies_of_records_have_no_undefined_bytes():
    kind = np.dtype([("flag", "u1"), ("value", "f8")], align=True)
    records = np.full(1_000 * kind.itemsize, 7, np.uint8).view(kind)
    parts = [records[:500], records[500:]]
    expected = copied(records).tobytes()
    assert joined(parts, kind).tobytes() == expected
    assert set(copied(records).view(np.uint8).reshape(1_000, -1)[:, 1:8].ravel()) == {0}
    assert joined([], kind).shape == (0,)
    assert copied(np.arange(3)).tolist() == [0, 1, 2]
