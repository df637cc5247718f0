from dataclasses import replace

import numpy as np
import pytest

from quantgym.live.parity import compare_sessions
from quantgym.market.cost import CostSettings

RULES = {
    "cash account": CostSettings(),
    "margin with shorts": CostSettings(allow_short=True, max_leverage=2.0),
    "latency and thin volume": CostSettings(latency_ms=3_600_000.0, participation=0.0004),
    "ruin": CostSettings(ruin_equity_fraction=0.9, fee_rate=0.02),
}


@pytest.mark.parametrize("costs", RULES.values(), ids=RULES.keys())
def test_paper_equals_backtest_byte_for_byte(world, tmp_path, costs):
    world.costs = costs
    paper, reference = world.trade(tmp_path), world.backtest()
    report = compare_sessions(paper, reference)
    assert report.differences == ()
    assert report.equal
    assert "equal byte for byte" in report.text
    assert reference.refused.sum() > 0
    assert (report.decisions_that_differ, report.n_fills) == (0.0, len(reference.fills))
    assert report.n_fills > 15


def test_one_asset_of_many_is_traded_while_all_are_observed(world, tmp_path):
    world.assets = ("S0",)
    assert compare_sessions(world.trade(tmp_path), world.backtest()).equal


def test_a_tape_of_closes_alone_is_traded_at_the_next_close(world, tmp_path):
    world.tape = replace(world.tape, close_only=True)
    paper = world.trade(tmp_path)
    assert compare_sessions(paper, world.backtest()).equal
    first = paper.fills[0]
    assert first["reference"] == world.tape.close[first["row"], first["asset"]]


def test_a_session_that_ran_before_comes_out_again(world, tmp_path):
    first = world.trade(tmp_path)
    assert compare_sessions(world.trade(tmp_path), first).equal


def test_one_bit_of_one_fill_is_found(world):
    reference = world.backtest()
    fills = reference.fills.copy()
    fills["price"][3] = np.nextafter(fills["price"][3], 0.0)
    report = compare_sessions(replace(reference, fills=fills), reference)
    assert not report.equal
    assert report.text.startswith("1 of 10 arrays differ: fills: price at 3")
    assert report.decisions_that_differ == 0.0


def test_other_decisions_are_counted(world):
    reference = world.backtest()
    actions = reference.actions.copy()
    actions[:6, 0] += 0.01
    report = compare_sessions(replace(reference, actions=actions), reference)
    assert report.decisions_that_differ == 6 / reference.n_decisions
