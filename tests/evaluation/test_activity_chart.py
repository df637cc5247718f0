"""The waterfall from gross profit to net: which lines it shows, with which sign, and that they add up."""

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from quantgym.evaluation.activity_chart import LINE_NAMES, draw_waterfall, waterfall_lines
from quantgym.market.account import COSTS, INCOME

NOTHING = dict.fromkeys((*INCOME, *COSTS), 0.0)


def with_lines(evaluation, **lines):
    return replace(evaluation, policy=replace(evaluation.policy, attribution={**NOTHING, **lines}))


def test_lines_that_are_zero_are_left_out_and_the_others_keep_sign_and_order(evaluation):
    # as they were booked: 100 gross, 3 of dividends, 5 of commission and 2 to borrow; the order is that of the ledger
    found = with_lines(evaluation, borrow=-2.0, commission=-5.0, dividends=3.0, gross=100.0)
    assert waterfall_lines(found) == [("gross", 100.0), ("dividends", 3.0), ("commission", -5.0), ("borrowing", -2.0)]


def test_gross_profit_is_shown_even_where_it_is_nothing(evaluation):
    assert waterfall_lines(with_lines(evaluation)) == [("gross", 0.0)]


def test_every_line_of_the_ledger_has_a_word_of_its_own(evaluation):
    assert list(LINE_NAMES) == [*INCOME, *COSTS]
    lines = waterfall_lines(with_lines(evaluation, **dict.fromkeys(NOTHING, 1.0)))
    assert lines == [(word, 1.0) for word in LINE_NAMES.values()]
    assert len(set(LINE_NAMES.values())) == len(LINE_NAMES)


def test_the_lines_of_a_policy_add_up_to_what_it_earned(evaluation):
    equity = evaluation.session.steps["equity"]
    earned = equity[-1] - evaluation.session.steps["equity_before"][0]
    assert sum(value for _, value in waterfall_lines(evaluation)) == pytest.approx(earned, abs=1e-6)


def test_a_ledger_that_lacks_a_line_is_told_by_its_name(evaluation):
    short = replace(evaluation, policy=replace(evaluation.policy, attribution={"gross": 1.0}))
    with pytest.raises(KeyError, match="dividends"):
        waterfall_lines(short)


def test_each_bar_begins_where_the_last_one_ended_and_net_is_their_sum(evaluation):
    panel = Figure().add_subplot()
    draw_waterfall(panel, with_lines(evaluation, gross=100.0, commission=-30.0, spread=-90.0))
    bars = [(bar.get_y(), bar.get_height()) for bar in panel.patches]
    assert bars == [(0.0, 100.0), (100.0, -30.0), (70.0, -90.0), (0.0, -20.0)]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["gross", "commission", "spread", "net"]
    assert [note.get_text()[0] for note in panel.texts] == ["+", "\N{MINUS SIGN}", "\N{MINUS SIGN}", "\N{MINUS SIGN}"]
