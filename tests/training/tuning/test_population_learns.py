"""A population of PPO on the world that leaks: killed, interrupted, several at a time, and out of a bad start."""

import json
import signal
from types import SimpleNamespace

import pytest

from quantgym.market.errors import ConfigError
from quantgym.training.finished_run import FinishedRun
from quantgym.training.registry.registry import Registry
from quantgym.training.tuning.tune import plan, resume, tune

from .killed_search import killed_search


def ends(folder):
    lines = map(json.loads, (folder / "trials.jsonl").read_text().splitlines())
    return {line["number"]: {name: value for name, value in line.items() if name not in ("at_ns", "seconds")}
            for line in lines if line["event"] == "ended"}  # fmt: skip


@pytest.fixture(scope="module")
def search(search_of):
    """Three members, two of which begin with a learning rate of next to nothing."""
    changes = {"training.iterations": 6, "training.num_envs": 32, "training.rollout_bars": 64, "training.minibatch": 256,
               "training.epochs": 4, "env.episode_bars": 128, "agent.hidden": [64, 64]}  # fmt: skip

    def make(**more):
        return search_of(
            seed=2, set=changes, metric="validation/score", scheduler={"kind": "pbt", "every": 2, "quantile": 0.5, "factor": 2.0},
            space={"training.lr": {"kind": "loguniform", "low": 1e-6, "high": 2e-3}}, **more,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def found(ray, search, tmp_path_factory):
    """A search that was killed, resumed, interrupted and resumed again, and one that was left alone, two members at a time."""
    folder, home, told = tmp_path_factory.mktemp("population"), tmp_path_factory.mktemp("home"), []

    def interrupt(share, text):
        told.append((share, text))
        signal.raise_signal(signal.SIGINT)

    before = killed_search(search(), folder / "a", home, '"generation": 2')
    interrupted = resume(folder / "a", progress=interrupt)
    stood = sorted(path.name for path in (folder / "a").iterdir())
    readable = FinishedRun.read(folder / "a/best").bundle.digest
    resumed = resume(folder / "a")
    return SimpleNamespace(
        home=home, before=before, interrupted=interrupted, stood=stood, readable=readable, resumed=resumed, told=told,
        whole=tune(search(concurrent=2), folder / "b"),
    )  # fmt: skip


def test_killed_and_interrupted_it_finds_what_one_finds_that_was_left_alone_with_two_at_a_time(found):
    log = found.resumed.folder / "trials.jsonl"
    assert log.read_bytes().startswith(found.before)
    assert b'"ended"' not in found.before
    assert (found.resumed.status, found.whole.status) == ("done", "done")
    assert ends(found.resumed.folder) == ends(found.whole.folder)
    judged = [json.loads(line) for line in log.read_text().splitlines() if '"judged"' in line]
    assert len({(one["generation"], one["number"]) for one in judged}) == len(judged) == 9  # what had ended was not repeated


def test_ctrl_c_keeps_what_is_known(found):
    assert found.interrupted.status == "interrupted"
    assert len(found.told) == 1
    assert [one.status for one in found.interrupted.trials] == ["running"] * 3
    assert {"best", "generations", "parallel_coordinates.svg"} <= set(found.stood)
    assert found.readable == found.interrupted.best.bundle
    assert found.interrupted.registered is None


def test_members_that_began_with_bad_learning_rates_end_with_good_policies(found):
    began = {one.number: one.checkpoints[0].value for one in found.whole.trials}
    assert sum(value < 0.1 for value in began.values()) == 2
    for one in found.whole.trials:
        assert one.value > 0.9
        if began[one.number] < 0.1:
            assert one.lineage
    assert found.whole.best.value > 0.9


def test_every_judged_policy_counts_for_deflation_and_the_table_says_who_took_over_from_whom(found):
    summary = json.loads((found.whole.folder / "search.json").read_text())
    assert summary["deflation"]["checkpoints"] == 9
    assert summary["deflation"]["checkpoint_sharpe_variance"] > 0.0
    assert summary["trials"] == {"asked": 3, "done": 3, "stopped": 0, "failed": 0, "takeovers": 2}
    header, rows = found.whole.table()
    assert header[-1] == "took over"
    heirs = {str(one.number): one.lineage for one in found.whole.trials if one.lineage}
    told = {row[0]: row[-1] for row in rows}
    assert [told[number] for number in set(told) - set(heirs)] == ["-"] * (3 - len(heirs))
    for number, (first, *_) in heirs.items():
        assert told[number].startswith(f"{first.source} at {first.iteration}")
    header, rows = found.whole.takeovers()
    assert header == ["iteration", "trial", "took over", "training.lr", "why"]
    assert [row[0] for row in rows] == ["2", "4"]
    for iteration, number, source, lr, why in rows:
        (one,) = (taken for taken in heirs[number] if str(taken.iteration) == iteration)
        assert (str(one.source), f"{one.settings['training.lr']:.4g}", "among the lowest") == (source, lr, why)


def test_the_best_is_a_run_of_the_settings_it_was_judged_with_and_is_registered(found, registry):
    whole = found.whole
    run = FinishedRun.read(whole.folder / "best")
    assert run.bundle.digest == whole.best.bundle
    assert run.job.training.lr == whole.best.settings["training.lr"]
    assert run.record["status"] == "done"
    assert run.record["job_digest"] == run.job.digest
    entries = {entry.facts["bundle"] for entry in Registry(registry).entries()}
    assert whole.best.bundle in entries


def test_nothing_is_left_but_what_the_page_names(found):
    names = {"best", "job.yaml", "lock", "parallel_coordinates.png", "parallel_coordinates.svg", "search.json", "search.yaml",
             "trials", "trials.jsonl"}  # fmt: skip
    assert {path.name for path in found.resumed.folder.iterdir()} == names
    assert {path.name for path in found.whole.folder.iterdir()} == names
    assert not (found.home / "ray_results").exists()


def test_the_number_of_members_stays(found):
    with pytest.raises(ConfigError, match=r"--trials must stay 3 in .*, the members of its population, was 5"):
        resume(found.whole.folder, trials=5)


def test_the_plan_says_what_would_be_done(search):
    facts = plan(search())
    assert facts["trials"] == "3, 1 at a time, the first 3 at random"
    assert facts["iterations"] == "at most 6 a trial, judged every 2"
    assert facts["stopping"] == (
        "pbt: nobody stops; every 2 iterations the lowest 0.5 take over from the highest, settings times or divided by 2"
    )
