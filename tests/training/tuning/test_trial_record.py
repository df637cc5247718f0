"""The record of trials only grows, and survives a kill at any byte."""

import json

import pytest

from quantgym.market.errors import IntegrityError
from quantgym.training.tuning.trial_record import TrialRecord, Trials


@pytest.fixture
def trials(tmp_path, trial_of):
    trials = Trials(tmp_path / "trials.jsonl")
    for number in (1, 2, 3):
        trials.begin(TrialRecord(number, {"training.lr": number / 100.0}), 10 * number)
        if number != 2:
            trials.end(trial_of(number, value=float(number), curve=[(1, 0.5), (2, float(number))]), 10 * number + 5)
    return trials


def test_what_was_written_is_read_back(trials):
    again = Trials(trials.path)
    assert again.finished == trials.finished
    assert [one.number for one in again.finished] == [1, 3]
    assert [(one.number, one.settings) for one in again.unfinished] == [(2, {"training.lr": 0.02})]
    assert again.begun == 3


def test_a_trial_that_began_anew_is_one_trial(trials, trial_of):
    trials.begin(TrialRecord(2, {"training.lr": 0.02}), 50)
    trials.end(trial_of(2, value=2.0), 60)
    again = Trials(trials.path)
    assert (again.begun, again.unfinished, [one.number for one in again.finished]) == (3, [], [1, 3, 2])


def test_a_line_torn_by_a_kill_is_cut_off_wherever_it_was_torn(trials):
    content = trials.path.read_bytes()
    last = content.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last + 1, len(content)):
        trials.path.write_bytes(content[:cut])
        again = Trials(trials.path)
        assert [one.number for one in again.finished] == [1]
        assert [one.number for one in again.unfinished] == [2, 3]
        assert trials.path.read_bytes() == content[:last]


def test_lines_before_are_never_touched(trials, trial_of):
    before = trials.path.read_bytes()
    trials.end(trial_of(2, value=2.0), 60)
    assert trials.path.read_bytes().startswith(before)


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"event": "ended", "at_ns": 1, "number": 1}', '{"at_ns": 1}'])
def test_a_whole_line_that_is_no_record_is_refused_with_its_place(line, trials):
    trials.path.write_text(trials.path.read_text() + line + "\n")
    with pytest.raises(IntegrityError, match=r"trials\.jsonl:6: is no record of a trial"):
        Trials(trials.path)


def test_a_line_says_when_what_and_how_it_went(trials):
    began, ended = map(json.loads, trials.path.read_text().splitlines()[:2])
    assert began == {"event": "began", "at_ns": 10, "number": 1, "settings": {"training.lr": 0.01}}
    assert (ended["event"], ended["at_ns"], ended["status"], ended["value"]) == ("ended", 15, "done", 1.0)
    assert ended["checkpoints"] == [[1, 0.5, 0.0], [2, 1.0, 0.0]]
