"""Scenarios by name: strict settings, seeds, the catalog's names, and their speed."""

import time

import pytest

from quantgym.data.catalog import open_tape, save_tape
from quantgym.data.contract import check_tape
from quantgym.data.scenario.registry import SCENARIOS, scenario_tape, scenario_tapes
from quantgym.market.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_opens_by_name_and_a_seed_gives_the_same_bytes(name):
    few = {"symbols": ["IBM"], "n_bars": 80} if name == "bootstrap" else {"n_bars": 80}
    tape = scenario_tape(name, 3, **few)
    check_tape(tape)
    assert (tape.name, tape.n_rows, len(tape.notes) > 0) == (f"{name}-3", 80, True)
    assert scenario_tape(name, 3, **few).digest == tape.digest != scenario_tape(name, 4, **few).digest
    assert scenario_tapes(name, [], **few) == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_unknown_setting_is_refused_with_a_suggestion(name):
    with pytest.raises(ConfigError, match=f"scenario {name}: unknown setting n_bar; did you mean n_bars"):
        scenario_tape(name, 1, n_bar=10)


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("gbm", {"n_bars": 1}, "n_bars must be at least 2, was 1"),
        ("gbm", {"n_bars": 10.5}, "n_bars: input should be a valid integer"),
        ("gbm", {"volatility": -0.1}, r"volatility must be finite and lie in \[0, 100\), was -0.1"),
        ("gbm", {"gap_share": 1.0}, r"gap_share must be finite and lie in \[0, 1\), was 1.0"),
        ("gbm", {"price": 0.0}, "price must be positive and finite, was 0.0"),
        ("gbm", {"bar": "1 fortnight"}, "timeframe '1 fortnight' must be a number and a unit"),
        ("gbm", {"n_assets": 3, "correlation": -0.6}, r"correlation must be a number or a symmetric \(3, 3\) matrix .*, was -0.6"),
        ("gbm", {"n_assets": 2, "correlation": [[1.0, 0.5], [0.4, 1.0]]}, "correlation must be a number or a symmetric"),
        ("heston", {"leverage": -1.0}, r"leverage must lie in \(-1, 1\), was -1.0"),
        ("heston", {"steps": 0}, "steps must be at least 1, was 0"),
        ("jump", {"law": "levy"}, "law: input should be 'merton' or 'kou'"),
        ("jump", {"law": "kou", "up_size": 1.0}, r"up_share must lie in \[0, 1\] and up_size in \(0, 1\), was 0.4 and 1.0"),
        ("regime", {"drifts": [0.1]}, "drifts, volatilities and transition must be of one number of states, were 1, 2 and"),
        ("regime", {"transition": [[0.9, 0.2], [0.0, 1.0]]}, "rows of transition must be probabilities that add up to 1"),
        ("garch", {"alpha": 0.2, "beta": 0.8}, "alpha [+] beta must be less than 1 for a mean variance to exist, was 1"),
        ("crash", {"template": "1929"}, "unknown crash template '1929'"),
    ],
)
def test_wrong_settings_are_refused_by_name(name, wrong, message):
    with pytest.raises(ConfigError, match=f"scenario {name}: {message}"):
        scenario_tape(name, 1, **wrong)


@pytest.mark.parametrize("seed", [-1, 1.5, "3", True, None])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ConfigError, match="scenario gbm: seed must be a whole number of at least 0"):
        scenario_tape("gbm", seed)


def test_an_unknown_scenario_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown scenario 'hestn'; did you mean heston"):
        scenario_tape("hestn", 1)


def test_the_catalog_opens_scenarios_by_a_name_with_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTGYM_HOME", str(tmp_path))
    text = "scenario:heston?seed=3&n_bars=50&bar=1h&start=2020-01-01&correlation=0.5&n_assets=2"
    tape = open_tape(text)
    alone = scenario_tape("heston", 3, n_bars=50, bar="1h", start="2020-01-01", correlation=0.5, n_assets=2)
    assert (tape.name, tape.digest) == (text, alone.digest)
    assert open_tape("scenario:gbm").digest == scenario_tape("gbm", 0).digest
    assert open_tape('scenario:bootstrap?symbols=["IBM"]&n_bars=30').symbols == ("IBM",)
    assert open_tape("scenario:crash?template=2008-09&tape=sample:us-tech&row=9").n_assets == 5
    with pytest.raises(UnknownNameError, match="unknown scenario 'gmb'; did you mean gbm"):
        open_tape("scenario:gmb")
    with pytest.raises(ConfigError, match="unknown setting sed"):
        open_tape("scenario:gbm?sed=1")
    with pytest.raises(ConfigError, match="a setting stands twice"):
        open_tape("scenario:gbm?seed=1&seed=2")
    with pytest.raises(ConfigError, match="must be usable as a folder"):
        save_tape(tape)


def test_many_bars_are_quick():
    scenario_tape("gbm", 0)
    started = time.process_time()
    assert scenario_tape("gbm", 1, n_bars=200_000, bar="1m").n_rows == 200_000
    assert time.process_time() - started < 1.5  # 0.25 s on the machine it was written on
