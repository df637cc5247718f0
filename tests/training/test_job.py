"""One job, from data to a bundle, and everything that can go wrong on the way."""

import json
import shutil

import numpy as np
import pytest

from quantgym.agents.bundle import load_bundle
from quantgym.agents.policy import check_policy
from quantgym.market.errors import ConfigError, DataError, IntegrityError, UnknownNameError
from quantgym.training import job as job_module
from quantgym.training.job import plan, train
from quantgym.training.preparation import prepare
from quantgym.training.progress import Iteration
from quantgym.training.stock.learner import StockLearner
from quantgym.training.validation import show, show_baselines


def clock():
    return 1_000


@pytest.fixture(scope="module", params=["PPO", "DQN"])
def trained(request, job_of, tmp_path_factory, ray):
    told: list[Iteration] = []
    job = job_of(request.param, training={"iterations": 3, "validate_every": 2})
    folder = tmp_path_factory.mktemp("runs") / request.param
    return job, train(job, folder, progress=told.append, clock=clock), told


def test_a_run_leaves_job_record_metrics_events_and_bundle(trained):
    job, result, _ = trained
    names = sorted(path.name for path in result.folder.iterdir())
    assert names == ["bundle", "job.yaml", "lock", "metrics.jsonl", "run.json", "tensorboard"]
    record = json.loads((result.folder / "run.json").read_text())
    assert (record["status"], record["iterations"], record["steps"]) == ("done", 3, result.steps)
    assert (record["job_digest"], record["bundle"], record["started_at_ns"]) == (job.digest, result.digest, 1_000)
    assert {"quantgym", "torch", "ray", "numpy"} <= set(record["versions"])
    assert record["rows"]["train"][0] == 0
    assert len(list((result.folder / "tensorboard").iterdir())) == 1


def test_every_iteration_is_told_and_written(trained):
    _, result, told = trained
    lines = [json.loads(line) for line in (result.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["iteration"] for line in lines] == [one.number for one in told] == [1, 2, 3]
    # validated every second iteration and at the end
    assert ["validation/equity" in line for line in lines] == [False, True, True]
    # the better of the two is kept
    equities = {line["iteration"]: line["validation/equity"] for line in lines[1:]}
    assert (result.chosen, result.validation["validation/equity"]) == max(equities.items(), key=lambda item: item[1])
    assert all(one.total == 3 and one.steps_per_s > 0 for one in told)


def test_the_bundle_acts_as_the_policy_that_was_validated(trained):
    job, result, _ = trained
    bundle = load_bundle(result.bundle)
    assert bundle.digest == result.digest
    check_policy(bundle.policy, bundle.layout)
    again = show(prepare(job).validation, bundle.policy)
    assert again.equity[-1] == result.validation["validation/equity"]
    assert bundle.context["job_digest"] == job.digest
    tape = prepare(job).tape
    assert tape is not None
    assert bundle.context["tape"]["digest"] == tape.digest


def test_recorded_vectors_are_observations_of_the_validation(trained):
    job, result, _ = trained
    bundle = load_bundle(result.bundle)
    shown = show(prepare(job).validation, bundle.policy)
    with np.load(result.bundle / "vectors.npz") as vectors:
        flat = vectors["flat"]
    seen = {row.tobytes() for row in shown.observations}
    assert all(row.tobytes() in seen for row in flat)


def test_the_result_speaks_to_programs_and_to_people(trained):
    _, result, _ = trained
    assert json.loads(json.dumps(result.summary()))["status"] == "done"
    facts = result.facts()
    assert facts["status"] == "done"
    assert "buy and hold" in facts


def test_baselines_are_shown_on_the_same_rows(job_of):
    prepared = prepare(job_of("PPO"))
    shown = show_baselines(prepared.validation)
    assert set(shown) == {"buy_and_hold", "equal_weight"}
    assert prepared.split is not None
    start, stop = prepared.split.validation
    assert {len(one.equity) for one in shown.values()} == {stop - start}
    # buys at the first open what it holds to the last close: one fill an asset, costs in one bar alone
    assert shown["buy_and_hold"].figures["train/turnover"] * (stop - start - 1) == pytest.approx(0.98, abs=0.03)


def test_a_single_asset_is_not_compared_with_itself_twice(job_of):
    assert set(show_baselines(prepare(job_of("DQN")).validation)) == {"buy_and_hold"}


def test_a_plan_is_made_without_writing(job_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = plan(job_of("PPO"))
    assert (facts["algorithm"], facts["action"], facts["steps"]) == ("PPO", "weights", 2 * 4 * 16)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_saves_what_was_learned_and_says_so(job_of, tmp_path, ray):
    def stop(one):
        if one.number == 2:
            raise KeyboardInterrupt

    result = train(job_of("PPO", training={"iterations": 9}), tmp_path / "run", progress=stop)
    assert (result.status, len(result.iterations)) == ("interrupted", 2)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "interrupted"
    assert "interrupted" in result.facts()["status"]
    assert load_bundle(result.bundle).context["iterations"] == 2


def test_the_time_limit_ends_a_run_after_the_iteration_that_passed_it(job_of, tmp_path, ray):
    result = train(job_of("PPO", training={"iterations": 500, "seconds": 0.01}), tmp_path / "run")
    assert (result.status, len(result.iterations)) == ("done", 1)
    assert "validation/equity" in result.validation


@pytest.mark.parametrize("iteration", [1, 2])
def test_an_error_leaves_a_failed_run_or_none_and_never_a_bundle(job_of, tmp_path, ray, monkeypatch, iteration):
    honest = StockLearner.iterate

    def breaks(self):
        figures = honest(self)
        if self.iteration == iteration:
            raise DataError("something broke")
        return figures

    monkeypatch.setattr(StockLearner, "iterate", breaks)
    with pytest.raises(DataError, match="something broke"):
        train(job_of("PPO", agent={"backend": "stock"}), tmp_path / "run")
    if iteration == 1:
        assert list(tmp_path.iterdir()) == []
    else:
        record = json.loads((tmp_path / "run" / "run.json").read_text())
        assert (record["status"], record["error"]) == ("failed", "DataError: something broke")
        assert not (tmp_path / "run" / "bundle").exists()


def test_a_folder_that_exists_is_refused_before_any_work(job_of, tmp_path, monkeypatch):
    monkeypatch.setattr(job_module, "prepare", lambda job: pytest.fail("work was done"))
    with pytest.raises(ConfigError, match="exists; choose another name"):
        train(job_of("PPO"), tmp_path)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": {"tape": "sample:us-teck"}}, UnknownNameError, "did you mean sample:us-tech"),
        ({"data": {"train": ["2000-01-01", "2000-01-20"]}}, DataError, "the training part needs"),
        ({"env": {"episode_bars": 400}}, DataError, "tape too short"),
        ({"env": {"id": "quantgym/Trading-v0", "asset": "S9"}}, UnknownNameError, "S9"),
        ({"env": {"action": "wieghts"}}, UnknownNameError, "did you mean weights"),
        ({"env": {"reward": "sharp"}}, UnknownNameError, "reward"),
        ({"encoders": [{"kind": "prices"}]}, UnknownNameError, "did you mean price"),
        ({"evaluation": {"baselines": ["buy_and_hol"]}}, UnknownNameError, "did you mean buy_and_hold"),
        ({"evaluation": {"baselines": []}}, ConfigError, "evaluation.baselines must name at least one"),
        ({"training": {"minibatch": 1_000}}, ConfigError, "training.minibatch must not exceed"),
    ],
)
def test_wrong_jobs_are_refused_with_nothing_written(job_of, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        train(job_of("PPO", **changes), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_plan_tells_of_sizes_that_do_not_fit_and_of_levels_that_mean_nothing(job_of):
    with pytest.raises(ConfigError, match=r"training\.update_every must be a multiple of num_envs"):
        plan(job_of("DQN", training={"update_every": 18}))
    for level in (0.0, 1.0):
        with pytest.raises(ConfigError, match=r"evaluation\.level"):
            job_of("PPO", evaluation={"level": level})


def test_a_saved_tape_that_was_changed_is_refused(job_of, tape_folder, tmp_path):
    copied = tmp_path / "walk"
    shutil.copytree(tape_folder, copied)
    bars = np.load(copied / "bars.npy")
    bars["volume"][200, 0] += 1.0
    np.save(copied / "bars.npy", bars)
    with pytest.raises(IntegrityError, match="these are other data"):
        prepare(job_of("PPO", data={"tape": str(copied)}))
    bars["close"][200, 0] = np.nan
    np.save(copied / "bars.npy", bars)
    with pytest.raises(DataError, match="1 bars with a missing price"):
        prepare(job_of("PPO", data={"tape": str(copied)}))
