"""Stages: who holds which, by replaying the history."""

import pytest

from quantgym.market.errors import IntegrityError, UnknownNameError
from quantgym.training.registry.stage import Promotion, check_stage, replay_promotions


def history(*steps):
    return [Promotion(number, run, stage, "none", number, "why", None) for number, (run, stage) in enumerate(steps, 1)]


def test_the_last_one_promoted_to_live_holds_it_and_the_one_before_is_archived():
    steps = history(("a", "live"), ("b", "paper"), ("c", "live"), ("b", "live"))
    # a gives way to c, c to b; b left paper when it went live, so nobody is on paper
    assert replay_promotions(steps) == {"a": "archived", "b": "live", "c": "archived"}
    assert replay_promotions(reversed(steps)) == replay_promotions(steps)


def test_many_may_be_candidates():
    assert replay_promotions(history(("a", "candidate"), ("b", "candidate"))) == {"a": "candidate", "b": "candidate"}


def test_a_run_may_leave_its_stage_for_none():
    assert replay_promotions(history(("a", "live"), ("a", "none"))) == {"a": "none"}


def test_an_unknown_stage_gets_a_suggestion():
    assert check_stage("live") == "live"
    with pytest.raises(UnknownNameError, match="unknown stage 'papre'; did you mean paper"):
        check_stage("papre")


def test_a_promotion_is_read_back_as_it_was_written_and_nothing_else_is():
    one = history(("a", "live"))[0]
    assert Promotion.of(one.text(), "here") == one
    for text in ("{", "[]", '{"number": 1}'):
        with pytest.raises(IntegrityError, match="here: unreadable promotion"):
            Promotion.of(text, "here")
