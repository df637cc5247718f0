"""What a run keeps, when it stops, and what stands after everything that can break it; with a learner of NumPy alone."""

import errno
import json
import os
import re
import shlex

import pytest
import structlog

from quantgym.agents.bundle import load_bundle
from quantgym.configs.load import load_job
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.training import run as run_module
from quantgym.training.job import plan, resume, train
from quantgym.training.learner import NotFiniteError
from quantgym.training.run import DiskFullError
from quantgym.training.trial import Trial

from .fake_learner import FakeLearner


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)


@pytest.fixture
def equities(monkeypatch):
    """Validations find these equities, one after the other."""
    values = iter(())
    honest = run_module.try_policy

    def find(*found):
        nonlocal values
        values = iter(found)

    def try_policy(prepared, policy, baselines):
        trial = honest(prepared, policy, baselines)
        return Trial(trial.figures | {"validation/equity": next(values)}, trial.showing)

    monkeypatch.setattr(run_module, "try_policy", try_policy)
    return find


def read(folder):
    return json.loads((folder / "run.json").read_text())


def test_the_bundle_is_the_best_by_validation_and_the_record_says_which_and_why(job_of, tmp_path, equities):
    equities(1.0, 1.3, 1.3, 1.2)  # of two that are equal the earlier one is kept
    result = train(job_of(training={"iterations": 8, "validate_every": 2}), tmp_path / "one")
    assert (result.chosen, result.validation["validation/equity"]) == (4, 1.3)
    assert read(result.folder)["chosen"] == {"iteration": 4, "why": "highest validation/equity of all validations"}
    assert load_bundle(result.bundle).context["iterations"] == 4
    assert "of iteration 4: highest validation/equity" in result.facts()["bundle"]


def test_a_judge_with_a_minus_wants_less_and_keep_last_keeps_the_last(job_of, tmp_path, equities):
    equities(1.0, 0.9, 1.2)
    least = train(job_of(training={"iterations": 6, "validate_every": 2, "judge": "-validation/equity"}), tmp_path / "least")
    assert (least.chosen, least.why) == (4, "lowest validation/equity of all validations")
    equities(1.0, 0.9, 0.8)
    last = train(job_of(training={"iterations": 6, "validate_every": 2, "keep": "last"}), tmp_path / "last")
    assert (last.chosen, last.why, last.validation["validation/equity"]) == (6, "the last one", 0.8)


def test_a_judge_that_does_not_exist_is_refused_before_anything_is_written(job_of, tmp_path):
    with pytest.raises(UnknownNameError, match=r"'validation/equty'; did you mean validation/equity\? \(training\.judge\)"):
        train(job_of(training={"judge": "validation/equty"}), tmp_path / "one")
    with pytest.raises(ConfigError, match="Portfolio-v0 has no known answer"):
        plan(job_of(training={"judge": "validation/score"}))
    assert list(tmp_path.iterdir()) == []


def test_training_stops_where_validation_gets_no_better(job_of, tmp_path, equities):
    equities(1.0, 1.2, 1.1, 1.15, 1.19)
    result = train(job_of(training={"iterations": 50, "validate_every": 2, "patience": 3}), tmp_path / "one")
    # the best after 4 iterations, then three that are no better: 6, 8, 10
    assert (result.status, result.stopped, len(result.iterations), result.chosen) == ("done", "patience", 10, 4)
    assert result.facts()["status"] == "done; validation has stopped getting better"


def test_seconds_are_those_of_the_timer_and_go_on_after_a_resume(job_of, tmp_path):
    now = iter(range(0, 10_000, 10))

    def stop(one):
        if one.number == 1:
            raise KeyboardInterrupt

    job = job_of(training={"iterations": 500, "seconds": 100.0})
    first = train(job, tmp_path / "one", progress=stop, timer=lambda: float(next(now)))
    second = resume(tmp_path / "one", timer=lambda: float(next(now)))
    assert first.status == "interrupted"
    assert (second.status, second.stopped) == ("done", "seconds")
    assert second.iterations[-1].seconds >= 100.0 > second.iterations[-2].seconds
    assert second.iterations[1].seconds > second.iterations[0].seconds
    assert "validation/equity" in second.iterations[-1].figures


def test_each_iteration_plays_the_world_of_its_stage(job_of, tmp_path, monkeypatch):
    seen = []

    class Watched(FakeLearner):
        def iterate(self):
            figures = super().iterate()
            seen.append((self.worlds[-1].settings["episode_bars"], self.worlds[-1].costs.fee_rate))
            return figures

    monkeypatch.setattr(run_module, "learner_of", Watched)
    stages = [{"start": 0.25, "friction": 0.5}, {"start": 0.5, "friction": 0.0, "env": {"episode_bars": 5}}]
    train(job_of(training={"iterations": 4, "stages": stages}), tmp_path / "one")
    # 0 of 4 done: the job itself; 1 of 4: half of its fee of 5 basis points; from 2 of 4 on: free, and short
    assert seen == [(9, 0.0005), (9, 0.00025), (5, 0.0), (5, 0.0)]


def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint_and_the_cure(job_of, tmp_path, monkeypatch):
    monkeypatch.setattr(FakeLearner, "breaks_at", 5)
    with pytest.raises(NotFiniteError) as caught:
        train(job_of(training={"iterations": 9}), tmp_path / "one")
    job = re.escape(str(tmp_path / "one" / "job.yaml"))
    assert re.search(
        rf"nan in iteration 5 .* checkpoint of iteration 4 stands; begin anew: quantgym train {job} --set training\.lr=0\.00015",
        str(caught.value),
    )
    assert (read(tmp_path / "one")["status"], not (tmp_path / "one/bundle").exists()) == ("failed", True)
    assert json.loads((tmp_path / "one/checkpoint/progress.json").read_text())["progress"]["iteration"] == 4


def test_the_cure_of_a_loss_that_is_not_finite_halves_the_schedule_where_there_is_one(job_of, tmp_path, monkeypatch):
    monkeypatch.setattr(FakeLearner, "breaks_at", 2)
    with pytest.raises(NotFiniteError) as caught:
        train(job_of(training={"iterations": 9, "schedules": {"lr": [[0.0, 1e-3], [1.0, 1e-5]]}}), tmp_path / "one")
    setting = shlex.split(str(caught.value))[-1]
    job = load_job(tmp_path / "one" / "job.yaml", [setting])
    assert job.training.schedules["lr"] == ((0.0, 5e-4), (1.0, 5e-6))


@pytest.mark.parametrize("place", ["metrics", "checkpoint"])
def test_a_full_disk_leaves_the_last_good_checkpoint_and_says_how_to_go_on(job_of, tmp_path, monkeypatch, place):
    folder, whole = tmp_path / "one", train(job_of(training={"iterations": 6}), tmp_path / "whole")

    def fill(one):
        if one.number == 3 and place == "metrics":
            (folder / "metrics.jsonl").rename(tmp_path / "metrics.jsonl")
            (folder / "metrics.jsonl").symlink_to("/dev/full")  # every write says that there is no space left
        if one.number == 3 and place == "checkpoint":
            monkeypatch.setattr(FakeLearner, "save", full)

    def full(self, partial):
        (partial / "weights.npz").write_bytes(b"half of them")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DiskFullError, match=r"no space left on device at iteration \d; the checkpoint of iteration 3 stands; free"):
        train(job_of(training={"iterations": 6}), folder, progress=fill)
    assert read(folder)["status"] == "failed"
    assert not (folder / "checkpoint.partial").exists()
    monkeypatch.undo()
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)
    if place == "metrics":
        (tmp_path / "metrics.jsonl").replace(folder / "metrics.jsonl")
    assert resume(folder).digest == whole.digest
    assert "error" not in read(folder)


def test_a_backend_without_checkpoints_trains_all_the_same_and_is_not_resumed(job_of, tmp_path, monkeypatch):
    def refuses(self, folder):
        raise ConfigError("cannot go on exactly")

    def stop(one):
        if one.number == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(FakeLearner, "save", refuses)
    result = train(job_of(agent={"backend": "stock"}, training={"iterations": 9}), tmp_path / "one", progress=stop)
    assert (result.status, result.resume, load_bundle(result.bundle).context["iterations"]) == ("interrupted", "", 3)
    with pytest.raises(ConfigError, match=r"its backend \(stock\) leaves no checkpoints; train it again"):
        resume(tmp_path / "one")
    assert result.bundle.exists()


def test_training_says_nothing_where_nobody_has_set_up_a_log(job_of, tmp_path, capsys):
    structlog.reset_defaults()
    train(job_of(), tmp_path / "one")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_plan_says_what_training_takes(job_of):
    facts = plan(job_of())
    # 16 hidden units for policy and value: the observation's width times 16 each, biases, heads, deviations
    assert facts["resources"]["parameters"] > 2 * 16 * facts["observation"]
    assert (facts["backend"], facts["resources"]["runners"]) == ("fast", "none: this process plays")
    replay = plan(job_of("DQN", training={"replay_capacity": 1_000}))
    # two observations of float32, an action of 8 bytes, a reward of 4, two flags
    assert replay["resources"]["replay_mb"] == round(1_000 * (8 * replay["observation"] + 14) / 1e6, 1)
