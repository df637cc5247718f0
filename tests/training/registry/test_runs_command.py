"""`quantgym runs`: tables for people, JSON for machines, exit codes, errors of one line."""

import json
import shutil
import sys

import pytest
import structlog
import yaml

from quantgym.cli.main import main
from quantgym.training.registry.registry import Registry


@pytest.fixture
def quantgym(monkeypatch, capsys):
    """Call the command in this process: `quantgym("runs", "list")` returns exit code, stdout and stderr."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["quantgym", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    yield call
    structlog.reset_defaults()


@pytest.fixture
def two(registry, run_of, quantgym):
    """Two runs of one job, entered: `a` with bundle 0 and `b` with bundle 1 and another learning rate."""
    folders = run_of("a", parent="b-1"), run_of("b", seed=1, bundle=1, lr=0.01, tape_digest="78")
    code, out, err = quantgym("runs", "import", registry.parent)
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["entered", *map(str, folders)]
    return folders


def test_list_shows_name_stage_status_and_what_was_reached(two, quantgym):
    code, out, err = quantgym("runs", "list")
    rows = [line.split() for line in out.splitlines()]
    ids = [one.short for one in Registry().entries()]
    assert (code, err) == (0, "")
    assert rows == [
        ["run", "id", "name", "stage", "status", "began", "steps", "validation"],
        ["a", ids[0], "small", "none", "done", "2023-11-14", "22:13", "128", "return", "+10.00%"],
        ["b", ids[1], "small", "none", "done", "2023-11-14", "22:13", "128", "return", "+11.00%"],
    ]


def test_filters_narrow_the_list(two, quantgym):
    assert quantgym("runs", "promote", "a", "live", "--reason", "best")[0] == 0
    _, out, _ = quantgym("runs", "list", "--name", "small", "--stage", "live", "--status", "done", "--json")
    assert [one["run"] for one in json.loads(out)["runs"]] == ["a"]
    assert quantgym("runs", "list", "--status", "failed")[1].startswith("no runs in ")


def test_show_tells_lineage_and_prints_the_job_that_trains_it_again(two, quantgym):
    _, out, _ = quantgym("runs", "show", "a")
    for said in ("walk (77)", "0.1.0, commit abc", "torch 2.13.0", "parent       b (", "equity 1.1", "128 steps, 2 iterations"):
        assert said in out
    assert "children     a (" in quantgym("runs", "show", "b")[1]
    assert yaml.safe_load(quantgym("runs", "show", "a", "--job")[1]) == yaml.safe_load((two[0] / "job.yaml").read_text())
    assert json.loads(quantgym("runs", "show", "a", "--json")[1])["lineage"]["tape_digest"] == "77"


def test_compare_shows_settings_that_differ_and_figures_side_by_side(two, quantgym):
    code, out, err = quantgym("runs", "compare", "a", "b")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert ["training.lr", "0.001", "0.01"] in lines
    assert ["seed", "0", "1"] in lines
    assert ["tape_digest", "77", "78"] in lines
    assert ["validation/equity", "1.1", "1.11"] in lines
    assert not any(line[:1] in (["data.tape"], ["train/reward"]) for line in lines)
    assert "not trained and validated on the same market" in err
    everything = quantgym("runs", "compare", "a", "b", "--all")[1].splitlines()
    assert ["train/reward", "0.5", "0.5"] in [line.split() for line in everything]
    told = json.loads(quantgym("runs", "compare", "a", "b", "--json")[1])
    assert (told["settings"]["training.lr"], told["same_market"]) == ([0.001, 0.01], False)


def test_promote_says_who_came_and_who_went_and_show_remembers(two, quantgym):
    quantgym("runs", "promote", "a", "live", "--reason", "first")
    code, out, _ = quantgym("runs", "promote", "b", "live", "--reason", "better than a")
    assert code == 0
    assert "from none to live" in out
    assert "archived   a (" in out
    assert "none -> live: better than a" in quantgym("runs", "show", "b")[1]


def test_delete_wants_yes_and_refuses_what_is_deployed(two, quantgym):
    code, out, err = quantgym("runs", "delete", "a")
    assert (code, out) == (2, "")
    assert "say --yes to do it" in err
    quantgym("runs", "promote", "a", "paper", "--reason", "why")
    assert quantgym("runs", "delete", "a", "--yes")[0] == 2
    assert two[0].is_dir()
    assert quantgym("runs", "delete", "b", "--yes")[0] == 0
    assert not two[1].exists()
    assert [one.folder for one in Registry().entries()] == [two[0]]


def test_what_is_missing_or_went_on_is_said_with_its_cure(two, quantgym):
    shutil.rmtree(two[0])
    record = json.loads((two[1] / "run.json").read_text())
    (two[1] / "run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    _, out, err = quantgym("runs", "list")
    assert [line.split()[4] for line in out.splitlines()[1:]] == ["missing", "interrupted"]
    assert "is missing; quantgym runs import FOLDER finds it" in err
    assert f"entered as done, now interrupted; quantgym runs import {two[1]}" in err


def test_run_folders_that_nobody_entered_are_said(two, run_of, quantgym):
    killed = run_of("c", seed=2, status="running", bundle=None)
    (two[0].parent / "other").mkdir()
    (two[0].parent / "other/run.json").write_text("[]")  # no run of ours
    assert quantgym("runs", "list")[2] == (
        f"c: not in the registry, perhaps killed before the end; quantgym runs import {killed} enters what is there\n"
    )
    run_of("d", seed=3)
    assert f"c and 1 more: not in the registry, perhaps killed before the end; quantgym runs import {killed.parent}" in (
        quantgym("runs", "list")[2]
    )


def test_the_advice_to_import_runs_is_not_refused_where_some_are_copies(registry, run_of, quantgym):
    first = run_of("c", seed=2, status="running", bundle=None)
    shutil.copytree(first, first.parent / "c-copy")
    said = quantgym("runs", "list")[2]
    assert said == f"c: not in the registry, perhaps killed before the end; quantgym runs import {first} enters what is there\n"
    code, out, err = quantgym("runs", "import", first.parent)
    assert (code, str(first) in out) == (0, True)
    assert err.startswith(f"left out: {first.parent}/c-copy is a copy of {first}, entered as ")
    code, _, err = quantgym("runs", "import", first.parent / "c-copy")
    assert code == 1
    assert err.endswith("a run is entered once; to enter this one instead, move the other one away\n")
    assert quantgym("runs", "list")[2].count("not in the registry") == 0


def test_import_takes_what_it_can_and_exits_1_where_one_is_refused(registry, run_of, tmp_path, quantgym):
    good, bad = run_of("good"), tmp_path / "no-run"
    bad.mkdir()
    code, out, err = quantgym("runs", "import", good, bad)
    assert code == 1
    assert str(good) in out
    assert "no-run: no run folder" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("show", "nothing"), 2, "unknown run 'nothing'"),
        (("list", "--stage", "liv"), 2, "did you mean live?"),
        (("list", "--status", "don"), 2, "did you mean done?"),
        (("list", "--name", "smal"), 2, "did you mean small?"),
        (("compare", "a"), 2, "needs two or more different runs"),
        (("compare", "a", "a"), 2, "needs two or more different runs"),
        (("promote", "a", "papr", "--reason", "x"), 2, "did you mean paper?"),
        (("promote", "a", "paper"), 2, "--reason"),
        (("list", "--registry", "http://host"), 2, "must be the path of a SQLite file"),
        (("import", "nowhere"), 1, "nowhere: no run folder"),
    ],
)
def test_bad_input_is_one_clear_error(two, quantgym, words, code, says):
    found, out, err = quantgym("runs", *words)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_reading_the_registry_needs_no_mlflow(two, quantgym, monkeypatch):
    for name in ("mlflow", "sqlalchemy", "ray"):
        monkeypatch.setitem(sys.modules, name, None)
    for words in (("list",), ("show", "a"), ("compare", "a", "b")):
        assert quantgym("runs", *words)[0] == 0
