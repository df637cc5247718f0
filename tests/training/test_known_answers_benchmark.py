"""The benchmark of known answers trains shipped jobs to their bounds, goes on where it was stopped, and says what it missed."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
CERTIFICATE = ROOT / "docs" / "certificate.json"


def load(name, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def known(monkeypatch):
    return load("known_answers", monkeypatch)


@pytest.fixture
def certificate(monkeypatch):
    return load("certificate", monkeypatch)


@pytest.fixture
def run(known, monkeypatch, tmp_path, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["known_answers.py", "--folder", str(tmp_path / "runs"), *words])
        code = known.main()
        return code, capsys.readouterr().out.splitlines()

    return run


@pytest.mark.slow
def test_two_jobs_reach_their_bounds_with_one_seed_and_are_not_trained_twice(run, known, monkeypatch, tmp_path):
    for name in ("leak_ppo", "almgren_chriss_ppo"):  # the certificate holds the time of a quiet machine, this one may be busy
        monkeypatch.setitem(known.CASES, name, replace(known.CASES[name], limit_s=1e9))
    code, lines = run("--cases", "leak_ppo,almgren_chriss_ppo", "--seeds", "1", "--json", "--certificate", str(tmp_path / "c.json"))
    first, second = map(json.loads, lines)
    assert code == 0
    assert (first["case"], second["case"]) == ("leak_ppo", "almgren_chriss_ppo")
    assert min(first["low"], second["low"]) >= 0.95
    assert json.loads((tmp_path / "c.json").read_text())["results"] == [first, second]

    monkeypatch.setattr(known, "train", None)  # whoever trains again fails
    assert run("--cases", "leak_ppo,almgren_chriss_ppo", "--seeds", "1", "--json") == (0, lines)


def test_a_case_that_was_stopped_goes_on(run, known, monkeypatch, tmp_path):
    monkeypatch.setitem(known.CASES, "leak_ppo", replace(known.CASES["leak_ppo"], changes=("training.iterations=4",), least=-9.0))

    def stop(one):
        if one.number == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(known, "train", lambda job, folder, train=known.train: train(job, folder, progress=stop))
        with pytest.raises(KeyboardInterrupt):
            run("--cases", "leak_ppo", "--seeds", "1")
    assert not list((tmp_path / "runs").glob("*.json"))  # half a training is no result
    monkeypatch.setattr(known, "train", None)
    code, lines = run("--cases", "leak_ppo", "--seeds", "1")
    assert (code, lines[0].split()[-1]) == (0, "met")


@pytest.mark.parametrize("change", [{"least": 1.5}, {"limit_s": 0.0}])
def test_a_missed_bound_is_the_exit_code(run, known, monkeypatch, change):
    shortened = {"changes": ("training.iterations=1",), "least": -9.0, **change}
    monkeypatch.setitem(known.CASES, "leak_ppo", replace(known.CASES["leak_ppo"], **shortened))
    code, lines = run("--cases", "leak_ppo", "--seeds", "1")
    assert (code, lines[0].split()[-1]) == (1, "missed")


def test_an_unknown_case_is_refused_with_those_that_are_known(run, capsys):
    with pytest.raises(SystemExit) as raised:
        run("--cases", "kely_ppo")
    assert raised.value.code == 2
    assert "unknown case 'kely_ppo'; known: leak_ppo, kelly_ppo" in capsys.readouterr().err


@pytest.fixture
def results():
    one = {"case": "a", "measure": "score", "least": 0.95, "most": None, "limit_s": 180.0, "steps": 1_000, "commit": "abc"}
    good = one | {"value": 0.99, "low": 0.98, "high": 1.0, "seconds": 10.0, "met": True}
    weak = one | {"value": 0.96, "low": 0.94, "high": 0.98, "seconds": 12.4, "met": False}
    idle = one | {"case": "b", "least": None, "most": 0.7, "value": 0.1, "low": 0.0, "high": 0.2, "seconds": 9.0, "met": True}
    return [good, weak, idle]


def test_the_table_shows_the_worst_seed(certificate, results):
    lines = certificate.table(results).splitlines()
    assert lines[1].split() == ["a", "score", "2", "0.960", "0.940", "to", "0.980", "from", "0.95", "1,000", "12", "180", "missed"]
    assert lines[2].split()[-1] == "met"
    assert lines[-1] == "measured at abc"


def test_the_picture_is_drawn(certificate, results, tmp_path, monkeypatch, capsys):
    (tmp_path / "c.json").write_text(json.dumps({"results": results}))
    monkeypatch.setattr(sys, "argv", ["certificate.py", str(tmp_path / "c.json"), "--picture", str(tmp_path / "c.png")])
    certificate.main()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert "measured at abc" in capsys.readouterr().out


def test_the_certificate_holds_every_case_with_three_seeds_and_all_are_met(known):
    results = json.loads(CERTIFICATE.read_text())["results"]
    held = {name: [found for found in results if found["case"] == name] for name in known.CASES}
    for name, found in held.items():
        assert len({one["seed"] for one in found}) >= 3, name
        assert all(one["met"] for one in found), name
        case = known.CASES[name]
        assert {(one["least"], one["most"], one["limit_s"]) for one in found} == {(case.least, case.most, case.limit_s)}, name
