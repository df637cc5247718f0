"""Searches through Ray: stopped, failed, interrupted and killed ones."""

import json
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest

from quantgym.market.errors import QuantgymError
from quantgym.training.finished_run import FinishedRun
from quantgym.training.registry.registry import Registry
from quantgym.training.tuning.search_folder import SearchFolder
from quantgym.training.tuning.tune import plan, resume, tune

from .killed_search import killed_search

FIXED = ("number", "settings", "status", "iterations", "steps", "value", "sharpe", "checkpoints", "bundle", "error")


def ends(folder):
    lines = map(json.loads, (folder / "trials.jsonl").read_text().splitlines())
    return [{name: line[name] for name in FIXED} for line in lines if line["event"] == "ended"]


@pytest.fixture(scope="module")
def search(search_of):
    """Four trials, the third of which fails: a learning rate of 1e30 passes every check and makes infinite weights."""
    space = {
        "training.lr": {"kind": "choice", "values": [3e-4, 1e-2, 1e30]},
        "agent.hidden": {"kind": "choice", "values": [[8], [4, 4]]},
    }
    return search_of(trials=4, seed=3, space=space)


@pytest.fixture(scope="module")
def found(ray, search, tmp_path_factory):
    """A search that was killed, resumed, interrupted and resumed again, and one that was left alone."""
    folder, home, told = tmp_path_factory.mktemp("search"), tmp_path_factory.mktemp("home"), []

    def interrupt(share, text):
        told.append((share, text))
        if text.startswith("trial 2"):
            signal.raise_signal(signal.SIGINT)

    before = killed_search(search, folder / "a", home, '"number": 2')
    interrupted = resume(folder / "a", progress=interrupt)
    resumed = resume(folder / "a")
    return SimpleNamespace(
        home=home, before=before, interrupted=interrupted, resumed=resumed, whole=tune(search, folder / "b"), told=told
    )


def test_a_search_that_was_killed_and_interrupted_finds_what_one_finds_that_was_left_alone(found):
    log = found.resumed.folder / "trials.jsonl"
    assert log.read_bytes().startswith(found.before)
    begun = [json.loads(line)["number"] for line in log.read_text().splitlines() if "began" in line]
    assert begun.count(1) == 1  # what had ended was not run again
    assert begun.count(2) >= 2
    assert (found.resumed.status, found.whole.status) == ("done", "done")
    assert ends(found.resumed.folder) == ends(found.whole.folder)


def test_ctrl_c_keeps_what_is_known(found):
    assert found.interrupted.status == "interrupted"
    assert 1 <= len(found.interrupted.trials) < 4
    assert found.interrupted.best is not None
    assert [share for share, _ in found.told] == sorted(share for share, _ in found.told)


def test_poor_trials_are_stopped_and_count_for_deflation(found):
    whole = found.whole
    learned = [one for one in whole.trials if one.status != "failed"]
    assert {one.status for one in learned} == {"done", "stopped"}
    assert all(one.iterations == (1 if one.status == "stopped" else 2) for one in learned)
    record = json.loads((whole.folder / "search.json").read_text())
    assert record["deflation"]["trials"] == 3
    assert record["deflation"]["sharpe_variance"] > 0.0
    assert record["deflation"]["checkpoints"] == sum(one.iterations for one in learned)


def test_the_best_is_a_run_that_can_be_read_and_its_bundle_loads(found):
    whole = found.whole
    run = FinishedRun.read(whole.folder / "best")
    assert whole.best is not None
    assert run.bundle.digest == whole.best.bundle
    assert run.job.training.lr == whole.best.settings["training.lr"]
    assert whole.best.value == max(one.value for one in whole.ranking)


def test_the_best_is_entered_in_the_registry_once(found, registry):
    entries = {entry.facts["bundle"]: entry.folder for entry in Registry(registry).entries()}
    assert found.whole.registered == str(registry)
    assert entries[found.whole.best.bundle].parent == found.whole.folder / "trials"
    assert found.interrupted.registered is None


def test_the_entry_of_the_best_says_of_which_search_and_code_it_is(found, registry):
    (best,) = [one for one in Registry(registry).entries() if found.whole.folder in one.folder.parents]
    assert best.facts["parent"] == str(found.whole.folder)
    assert best.facts["code.version"]
    assert best.key == json.loads((best.folder / "run.json").read_text())["id"]
    assert best.run == f"b/trials/{found.whole.best.number:04d}"
    assert Registry(registry).find(best.run).id == best.id


def test_hparams_of_every_trial_stopped_ones_too_are_what_the_search_varies_and_its_metric_first(found):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2

    for trial in found.whole.ranking:
        events = EventAccumulator(str(found.whole.folder / "trials" / f"{trial.number:04d}" / "tensorboard"))
        events.Reload()
        told = {name: plugin_data_pb2.HParamsPluginData.FromString(events.SummaryMetadata(f"_hparams_/{name}").plugin_data.content)
                for name in ("session_start_info", "experiment")}  # fmt: skip
        assert set(told["session_start_info"].session_start_info.hparams) == {"training.lr", "agent.hidden"}
        assert told["experiment"].experiment.metric_infos[0].name.tag == "final/equity"
        assert events.Scalars("final/equity")[-1].value == pytest.approx(trial.value)


def test_an_actor_that_came_up_too_late_does_not_touch_the_trial_that_another_one_learned(search, tmp_path, monkeypatch):
    from ray.tune.trainable import trainable

    from quantgym.training.tuning.trainable import TrialActor
    from quantgym.training.tuning.trial_record import TrialRecord

    monkeypatch.setattr(trainable, "DEFAULT_STORAGE_PATH", str(tmp_path))
    settings, folder = {"training.lr": 3e-4, "agent.hidden": [8]}, tmp_path / "0001"
    config = {"trial": TrialRecord(1, settings).plain(), "job": search.job_of(settings).plain(), "folder": str(folder),
              "metric": "validation/equity", "maximise": True, "parent": "search"}  # fmt: skip
    actor = TrialActor(dict(config))
    actor.step()
    stood = sorted(path.name for path in folder.iterdir())
    late = TrialActor(dict(config))
    assert sorted(path.name for path in folder.iterdir()) == stood
    late.cleanup()
    events = (folder / "tensorboard").iterdir()
    assert any(b"_hparams_/session_start_info" in path.read_bytes() for path in events)  # told before Tune may kill the process
    actor.cleanup()


def test_nothing_is_left_but_what_the_page_names(found):
    names = {"best", "job.yaml", "lock", "parallel_coordinates.png", "parallel_coordinates.svg", "search.json", "search.yaml",
             "trials", "trials.jsonl"}  # fmt: skip
    assert {path.name for path in found.whole.folder.iterdir()} == names
    assert not (found.home / "ray_results").exists()
    assert sorted(path.name for path in (found.whole.folder / "trials").iterdir()) == ["0001", "0002", "0003", "0004"]


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on(found):
    (failed,) = found.whole.failed
    assert (failed.number, failed.settings["training.lr"]) == (3, 1e30)
    assert "NotFiniteError" in failed.error
    run = SearchFolder(found.whole.folder).trial(3)
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    assert found.whole.trials[-1].number == 4


def test_where_every_trial_failed_the_error_says_why(search_of, trial_of, tmp_path):
    place = SearchFolder(tmp_path / "search")
    place.create(search_of(trials=1))
    place.trials().end(replace(trial_of(1, status="failed"), error="NotFiniteError: the loss became nan"), 1)
    with pytest.raises(QuantgymError, match="every one of the 1 trials failed; the first: NotFiniteError: the loss became nan"):
        resume(place.path)
    assert json.loads((place.path / "search.json").read_text())["status"] == "failed"


def test_the_plan_says_what_would_be_done_and_writes_nothing(search_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = plan(search_of(trials=4))
    assert facts["trials"] == "4, 1 at a time, the first 4 at random"
    assert facts["stopping"] == "asha: 1 in 2 goes on after 1"
    assert facts["space"] == ["training.lr: 0.0001 to 0.01, logarithmic", "agent.hidden: one of [8], [4, 4]"]
    assert list(tmp_path.iterdir()) == []
