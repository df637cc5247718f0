"""A search is checked to the last key before anything starts."""

import re

import pytest

from quantgym.configs.job import Job
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.training.tuning.feasibility import check_search
from quantgym.training.tuning.reader import READERS, check_read
from quantgym.training.tuning.search import load_search, shipped_searches

LR = {"kind": "loguniform", "low": 1e-4, "high": 1e-2}


def written(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\njob: leak_ppo\n{text}")
    return path


@pytest.mark.parametrize("name", shipped_searches())
def test_every_shipped_search_can_run(name):
    prepared = check_search(load_search(name))
    assert prepared.job.env.id == "quantgym/Leak-v0"


def test_a_trial_is_the_job_with_a_value_for_every_path(search_of):
    job = search_of().job_of({"training.lr": 0.002, "agent.hidden": [4, 4]})
    assert isinstance(job, Job)
    assert (job.training.lr, job.agent.hidden, job.training.iterations, job.name) == (0.002, (4, 4), 2, "leak_ppo")


def test_a_path_may_go_into_a_list_and_into_a_section_that_is_null(search_of, job_of):
    from quantgym.training.tuning.search import Search

    settings = search_of().settings.model_copy(
        update={"set": {}, "space": {"encoders.0.lags": {"kind": "choice", "values": [[1], [1, 5]]},
                                     "agent.forecast.weight": {"kind": "uniform", "low": 0.1, "high": 1.0}}}
    )  # fmt: skip
    job = Search(settings, job_of("PPO")).job_of({"encoders.0.lags": [1], "agent.forecast.weight": 0.5})
    assert job.encoders[0]["lags"] == [1]
    assert (job.agent.forecast.weight, job.agent.forecast.horizon) == (0.5, 1)


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"training.lrr": LR}, "unknown setting training.lrr; did you mean training.lr?"),
        ({"trainig.lr": LR}, "unknown setting trainig.lr; did you mean training?"),
        ({"training.lr": {**LR, "kind": "logunifrm"}}, "unknown kind 'logunifrm'; did you mean loguniform?"),
        ({"training.lr": {**LR, "hihg": 1.0}}, "unknown setting hihg; did you mean high?"),
        ({"training.lr": {"low": 1e-4, "high": 1e-2}}, "space.training.lr: needs a kind, one of uniform, loguniform"),
        ({"training.lr": {**LR, "low": 1e-2, "high": 1e-4}}, "low must be below high, was 0.01 and 0.0001"),
        ({"training.lr": {**LR, "low": 0.0}}, "low of a loguniform must be positive, was 0.0"),
        ({"training.lr": {**LR, "kind": "uniform", "low": -1.0}}, "training.lr = -1.0 makes no job that can run"),
        ({"training.gamma": {"kind": "uniform", "low": 0.9, "high": 1.5}}, "training.gamma = 1.5 makes no job that can run"),
        ({"training.epochs": {"kind": "integer", "low": 2, "high": 8, "step": 9}}, "step must not exceed high - low = 6, was 9"),
        ({"training.epochs": {"kind": "integer", "low": 1.5, "high": 8}}, "low: input should be a valid integer, was 1.5"),
        ({"training.epochs": {"kind": "choice", "values": [2]}}, "values: tuple should have at least 2 items"),
        ({"training.epochs": {"kind": "choice", "values": [2, 2]}}, "values must be different ones, 2 stands twice"),
        ({"training.epochs": {"kind": "choice", "values": [2, "four"]}}, 'training.epochs = "four" makes no job that can run'),
        ({"training.minibatch": {"kind": "choice", "values": [64, 999]}}, "must not exceed num_envs x rollout_bars = 8 x 16 = 128"),
        ({"training.iterations": {"kind": "integer", "low": 1, "high": 4}}, "scheduler.grace = 2 exceeds training.iterations = 1"),
        ({"agent.algorithm": {"kind": "choice", "values": ["PPO", "SAC"]}}, 'agent.algorithm = "SAC" makes no job that can run'),
        ({"env.action": {"kind": "choice", "values": ["weights", "wieghts"]}}, "did you mean weights?"),
        ({"seed": {"kind": "integer", "low": 0, "high": 9}}, "space.seed: seed decides what a result means"),
        ({"costs.fee_rate": {"kind": "uniform", "low": 0.0, "high": 1.0}}, "costs decides what a result means"),
        ({"agent.body": {"kind": "choice", "values": [None, "mlp"]}, "agent.body.kind": LR}, "set the same"),
        ({"training.tau": {**LR, "high": 1.0}}, "space.training.tau: is not read by PPO (SAC alone)"),
    ],
)
def test_a_wrong_space_is_refused_before_anything_starts(space, says, search_of):
    with pytest.raises(ConfigError) as refused:
        check_search(search_of(space=space, scheduler={"grace": 2}))
    assert says in str(refused.value)


def test_a_job_that_only_the_space_makes_fit_is_searched(search_of):
    # 8 environments x 16 bars = 128 steps hold no minibatch of 1,024, but no trial has one
    space = {"training.minibatch": {"kind": "choice", "values": [64, 128]}, "training.lr": LR}
    check_search(search_of(set={"training.minibatch": 1024}, space=space))


def test_a_job_that_no_value_of_the_space_makes_fit_is_refused_and_the_space_is_not_blamed_for_one_value(search_of):
    says = "small.yaml: job leak_ppo with what is under set cannot run: training.minibatch must not exceed"
    with pytest.raises(ConfigError, match=says):
        check_search(search_of(set={"training.minibatch": 1024}, space={"training.lr": LR}))


def test_a_setting_that_one_of_the_algorithms_reads_may_vary(search_of):
    algorithms, steps = {"kind": "choice", "values": ["PPO", "DQN"]}, {"kind": "integer", "low": 1, "high": 3}
    check_read(search_of(space={"agent.algorithm": algorithms, "training.n_step": steps}))


def test_who_reads_a_setting_is_what_the_page_says(request):
    """Behaviour cloning learns with PPO's passes, so the page's PPO stands for both there."""
    page = (request.config.rootpath / "docs" / "training.md").read_text()
    table = page.split("\n## Settings\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    said = {key: cell.strip() for keys, cell in cells for key in re.findall(r"`([a-z_]+)`", keys)}
    for key, readers in READERS.items():
        assert said[key].split(" with ")[0] == ", ".join(name for name in readers if name != "BC"), key


def test_values_that_fit_alone_and_not_together_are_refused_with_both(search_of):
    # 128 steps an iteration; 64 environments x 1 bar hold no minibatch of 128, either alone is fine
    space = {
        "training.rollout_bars": {"kind": "choice", "values": [8, 16]},
        "training.minibatch": {"kind": "choice", "values": [64, 128]},
    }
    with pytest.raises(ConfigError) as refused:
        check_search(search_of(space=space))
    assert "training.rollout_bars = 8, training.minibatch = 128 makes no job that can run" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("space: {training.lr: {kind: uniform, low: 0.1, high: 0.2}}\ntrails: 3", "unknown setting trails; did you mean trials?"),
        ("space: {}", "space: dictionary should have at least 1 item"),
        ("space: {a: {}}\nmetric: validation/equty", "unknown metric 'validation/equty'; did you mean validation/equity?"),
        ("space: {a: {}}\nmetric: train/reward", "unknown metric 'train/reward'"),
        ("space: {a: {}}\nmode: maximum", "mode: input should be 'max' or 'min', was 'maximum'; did you mean max?"),
        ("space: {a: {}}\ntrials: 0", "trials: input should be greater than or equal to 1, was 0"),
        ("space: {a: {}}\nscheduler: {kind: asha, graec: 2}", "unknown setting scheduler.graec; did you mean scheduler.grace?"),
        ("space: {a: {}}\nscheduler: {grace: 17}", "scheduler.grace must not exceed training.iterations = 16, was 17"),
        ("space: {a: {}}\nset: {training.lrr: 1}", "mine.yaml: set: unknown setting training.lrr; did you mean training.lr?"),
        ("space: {a: {}}\nagent: {algorithm: PPO}", "mine.yaml: is a job; a search names its job under the key job"),
    ],
)
def test_a_wrong_file_is_one_clear_error(text, says, tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_search(written(tmp_path, text))
    assert says in str(refused.value)


def test_an_unknown_search_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown search 'leak_serch'; did you mean leak_search"):
        load_search("leak_serch")


def test_a_job_beside_the_file_is_found(tmp_path, job_of):
    import yaml

    (tmp_path / "own.yaml").write_text(yaml.safe_dump(job_of("PPO").plain()))
    path = written(tmp_path, "scheduler: {grace: 1}\nspace: {training.lr: {kind: uniform, low: 0.1, high: 1}}")
    path.write_text(path.read_text().replace("leak_ppo", "own.yaml"))
    assert load_search(path).base.env.id == "quantgym/Portfolio-v0"


def test_a_score_needs_a_world_that_has_one(search_of, job_of):
    from quantgym.training.tuning.search import Search

    settings = search_of(metric="validation/score").settings.model_copy(update={"set": {}})
    with pytest.raises(ConfigError, match="metric validation/score needs a world whose best policy is known"):
        check_search(Search(settings, job_of("PPO")))


def test_the_number_of_trials_is_no_part_of_what_a_search_is(search_of):
    assert search_of(trials=3).digest == search_of(trials=9).digest
    assert search_of(seed=2).digest != search_of(seed=3).digest
