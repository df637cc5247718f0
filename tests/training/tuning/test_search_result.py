"""The ranking, and what deflation needs, by hand."""

import json
from dataclasses import replace

import pytest

from quantgym.training.tuning.parallel_chart import write_parallel_coordinates
from quantgym.training.tuning.search_result import SearchResult


@pytest.fixture
def result_of(search_of, trial_of, tmp_path):
    def make(*, mode="max", status="done", **more):
        trials = (
            trial_of(1, value=1.1, sharpe=0.1, lr=1e-3, curve=[(1, 1.0), (2, 1.1)]),
            trial_of(2, value=1.3, sharpe=0.4, lr=2e-3, hidden=(4, 4)),
            trial_of(3, value=None, lr=5e-3, status="failed"),
            trial_of(4, value=1.2, sharpe=0.1, lr=9e-3, status="stopped", curve=[(1, 1.2)]),
            trial_of(5, value=1.3, sharpe=0.2, lr=1e-4),
        )
        return SearchResult(tmp_path, search_of(mode=mode, **more), trials, status)

    return make


def test_the_best_is_first_the_earlier_of_equals_before_and_failed_ones_last(result_of):
    assert [one.number for one in result_of().ranking] == [2, 5, 4, 1]
    assert [one.number for one in result_of(mode="min").ranking] == [1, 4, 2, 5]
    header, rows = result_of().table()
    assert header == ["trial", "status", "iterations", "equity", "sharpe a bar", "training.lr", "agent.hidden"]
    assert rows[0] == ["2", "done", "2", "1.3000", "0.4000", "0.002", "[4, 4]"]
    assert [row[0] for row in rows] == ["2", "5", "4", "1", "3"]
    assert rows[-1][:4] == ["3", "failed", "2", "-"]
    assert len(result_of().table(2)[1]) == 2


def test_deflation_counts_settings_and_checkpoints_and_their_variances(result_of):
    deflation = result_of().deflation()
    # trials that left a policy: 0.1, 0.4, 0.1, 0.2, mean 0.2; squares 0.01 + 0.04 + 0.01 + 0 = 0.06, over 3
    assert deflation["trials"] == 4
    assert deflation["sharpe_variance"] == pytest.approx(0.02)
    # judged policies: 0.1 twice, 0.4, 0.1, 0.2, mean 0.18; squares 3 x 0.0064 + 0.0484 + 0.0004 = 0.068, over 4
    assert deflation["checkpoints"] == 5
    assert deflation["checkpoint_sharpe_variance"] == pytest.approx(0.017)
    assert (deflation["best_sharpe"], deflation["bars"]) == (0.4, 16)


def test_a_variance_of_one_trial_is_none(search_of, trial_of, tmp_path):
    deflation = SearchResult(tmp_path, search_of(), (trial_of(1, value=1.0),), "interrupted").deflation()
    assert (deflation["trials"], deflation["sharpe_variance"]) == (1, None)


def test_the_summary_is_json_and_says_how_many_of_each(result_of):
    summary = json.loads(json.dumps(result_of().summary(), allow_nan=False))
    assert summary["trials"] == {"asked": 3, "done": 3, "stopped": 1, "failed": 1}
    assert (summary["best"]["number"], summary["best"]["settings"]["agent.hidden"]) == (2, [4, 4])


@pytest.mark.parametrize("mode", ["max", "min"])
def test_the_plot_has_an_axis_for_each_setting_and_is_the_same_each_time(mode, result_of, tmp_path):
    svg, png = write_parallel_coordinates(result_of(mode=mode), tmp_path)
    first = svg.read_bytes()
    assert png.read_bytes().startswith(b"\x89PNG")
    for name in ("training.lr", "agent.hidden", "validation/equity", "small: 4 trials"):
        assert f"<!-- {name}".encode() in first
    assert write_parallel_coordinates(result_of(mode=mode), tmp_path)[0].read_bytes() == first


def test_the_axis_of_the_metric_has_round_numbers_and_the_best(result_of, trial_of, search_of, tmp_path):
    trials = tuple(trial_of(number, value=value) for number, value in ((1, 0.0065), (2, 0.9948), (3, 0.85)))
    svg, _ = write_parallel_coordinates(SearchResult(tmp_path, search_of(), trials, "done"), tmp_path)
    drawn = svg.read_text()
    # a range of 0.9883 in six steps: of 0.2; 0 lies below the poorest
    assert all(f"<!-- {label} -->" in drawn for label in ("0.2", "0.4", "0.6", "0.8", "0.9948"))
    assert not any(f"<!-- {label} -->" in drawn for label in ("0.7477", "0.5006", "0.006498"))


def test_a_plot_of_one_trial_and_of_equal_values_is_drawn(search_of, trial_of, tmp_path):
    space = {
        "training.epochs": {"kind": "integer", "low": 1, "high": 3},
        "training.gamma": {"kind": "uniform", "low": 0.5, "high": 0.9},
    }
    one = replace(trial_of(1, value=1.0), settings={"training.epochs": 2, "training.gamma": 0.7})
    svg, _ = write_parallel_coordinates(SearchResult(tmp_path, search_of(space=space), (one,), "done"), tmp_path)
    assert b"training.gamma" in svg.read_bytes()
