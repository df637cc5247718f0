"""Verdicts in words, and the record of openings."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest

from quantgym.evaluation.compare import Outcome, judge
from quantgym.evaluation.interval import Interval, bootstrap
from quantgym.evaluation.opening import FILE, Opening, openings, record_opening
from quantgym.market.errors import ConfigError, DataError, IntegrityError

BOOT = bootstrap(np.random.default_rng(0).normal(0.0, 0.01, (60, 2)), 252.0, resamples=50)


def verdict(low, high, n_bars=757):
    gap = Interval((low + high) / 2, low, high, 0.95, "studentised")
    return judge(replace(BOOT, sharpe_difference=(gap,)), 0, "buy and hold", n_bars)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.01, 1.4, Outcome.BETTER),
        (-1.31, 0.27, Outcome.NOT_BETTER),  # the example of the house rules
        (-2.0, -0.1, Outcome.NOT_BETTER),
        (-0.5, 0.9, Outcome.UNKNOWN),
        (-3.0, 0.31, Outcome.UNKNOWN),  # a worthwhile advantage cannot be excluded
        (math.nan, math.nan, Outcome.UNKNOWN),
    ],
)
def test_the_interval_of_the_difference_decides(low, high, outcome):
    assert verdict(low, high).outcome is outcome


def test_the_verdict_is_a_sentence():
    assert verdict(-1.31, 0.27).text == "not better than buy and hold"
    assert "no room for an advantage of 0.3" in verdict(-1.31, 0.27).reason


def test_nineteen_bars_say_nothing_however_clear_they_look():
    assert verdict(1.0, 2.0, n_bars=19).outcome is Outcome.UNKNOWN


def test_a_baseline_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="baseline 3"):
        judge(BOOT, 3, "buy and hold", 100)
    with pytest.raises(ConfigError, match="worthwhile"):
        judge(BOOT, 0, "buy and hold", 100, worthwhile=0.0)


TEST = Opening(split="test", tape="sample:us-tech", tape_digest="ab", first_row=10, stop_row=20, opened_at=1)


def test_every_opening_of_a_split_is_counted(tmp_path):
    assert record_opening(tmp_path, TEST) == 1
    assert record_opening(tmp_path, replace(TEST, opened_at=2)) == 2
    assert record_opening(tmp_path, replace(TEST, split="validation")) == 1
    assert record_opening(tmp_path, replace(TEST, tape_digest="cd")) == 1
    assert [one.split for one in openings(tmp_path)] == ["test", "test", "validation", "test"]


def test_an_opening_needs_its_run_and_a_readable_record(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        record_opening(tmp_path / "nowhere", TEST)
    (tmp_path / FILE).write_text("not json\n")
    with pytest.raises(IntegrityError, match="line 1"):
        openings(tmp_path)
    (tmp_path / FILE).write_text('{"schema": 99}\n')
    with pytest.raises(IntegrityError, match="schema 99"):
        openings(tmp_path)


def test_a_full_disk_leaves_no_part_of_a_line(tmp_path, monkeypatch):
    record_opening(tmp_path, TEST)
    kept, honest = (tmp_path / FILE).read_bytes(), os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: honest(handle, data[:40]))
        with pytest.raises(OSError, match="No space left"):
            record_opening(tmp_path, TEST)
    assert (tmp_path / FILE).read_bytes() == kept
    assert record_opening(tmp_path, TEST) == 2
