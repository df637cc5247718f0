"""One strict loader: what is right loads, what is wrong is named with its place, its rule and its cure."""

import re

import pytest

from quantgym.configs.load import load_job, parse_yaml, shipped_jobs
from quantgym.market.errors import ConfigError, UnknownNameError


@pytest.mark.parametrize("name", shipped_jobs())
def test_every_shipped_job_loads_and_carries_its_own_name(name):
    job = load_job(name)
    assert job.name == name
    assert job.digest == load_job(f"configs/{name}.yaml").digest


def test_an_override_changes_the_value_and_the_digest():
    before, after = load_job("portfolio_ppo"), load_job("portfolio_ppo", ["training.lr=1e-3", "encoders.2.states=4"])
    assert (after.training.lr, after.encoders[2]["states"]) == (1e-3, 4)
    assert before.digest != after.digest


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("training.lrr=3e-4", "unknown setting training.lrr; did you mean training.lr?"),
        ("costs.fee_rat=0.1", "unknown setting costs.fee_rat; did you mean costs.fee_rate?"),
        ("trainin.lr=3e-4", "unknown setting trainin; did you mean training?"),
        ("training.lr=-1", "training.lr: input should be greater than 0, was -1"),
        ("training.lr=.nan", "training.lr: input should be a finite number"),
        ("training.lr=fast", "training.lr: input should be a valid number, was 'fast'"),
        ("seed=1.5", "seed: input should be a valid integer, was 1.5"),
        ("seed=4294967296", "seed: input should be less than 4294967296, was 4294967296"),
        ("seed=true", "seed: input should be a valid integer, was True"),
        ("costs.fee_rate=-1", "costs.fee_rate must be finite and not negative, was -1"),
        ("costs.path=worst", "costs.path: input should be 'adverse', 'adaptive', 'ohlc' or 'olhc', was 'worst'"),
        ("agent.algorithm=PPOO", "was 'PPOO'; did you mean PPO?"),
        ("encoders.9.states=3", "--set encoders.9: the list has 4 entries, numbered from 0, was '9'"),
        ("encoders.0=5", "encoders.0"),
        ("encoders=[{states: 3}]", "every encoder needs a kind"),
        ("name=../escape", "name: string should match pattern"),
        ("training", "--set training: must look like section.key=value"),
        ("seed.deep=1", "seed is no section but 7"),
        ("evaluation.baselines=[random, random]", "evaluation.baselines must be different ones, was random, random"),
        ("data.train=[2000-01-01]", "setting data.train.1 is missing"),
    ],
)
def test_a_wrong_setting_is_named_with_its_rule_and_value(override, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        load_job("portfolio_ppo", [override])


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        load_job("portfolio_ppo", ["training.lrr=1", "costs.fee_rat=1"])
    assert len(str(caught.value).splitlines()) == 2


def test_an_unknown_job_gets_a_suggestion_and_a_missing_file_the_list():
    with pytest.raises(UnknownNameError, match="did you mean portfolio_ppo"):
        load_job("portfolio_pp")
    with pytest.raises(ConfigError, match="no such job file; shipped jobs: "):
        load_job("nowhere/job.yaml")


def test_yaml_reads_exponents_as_numbers_and_refuses_a_key_written_twice():
    assert parse_yaml("lr: 3e-4", "x.yaml") == {"lr": 3e-4}
    with pytest.raises(ConfigError, match=r"x.yaml: line 2: the key 'lr' stands twice"):
        parse_yaml("lr: 1\nlr: 2", "x.yaml")
    with pytest.raises(ConfigError, match=r"x.yaml: line 1: not valid YAML"):
        parse_yaml("a: [1", "x.yaml")


def test_a_file_that_is_no_mapping_or_no_text_is_refused(tmp_path):
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(ConfigError, match=r"list.yaml: must be a mapping"):
        load_job(tmp_path / "list.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match=r"binary.yaml"):
        load_job(tmp_path / "binary.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"is empty; a job says at least \{name: mine, env: .*\}; the shipped jobs are examples: leak_ppo, "),
        ("# nothing but words\n", "is empty"),
        ("- a\n", r"must be a mapping of settings such as \{name: mine, .* was a list$"),
        ("name: x\nenv: {id: [\n", r"line 3: not valid YAML"),
        ("name: x\ntraining:\n  lr: 1\n  lr: 2\n", r"line 4: the key 'lr' stands twice"),
        ("name: x\nenvs: {id: quantgym/Leak-v0}\n", r"unknown setting envs; did you mean env\?"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_whole_path(tmp_path, text, says):
    place = tmp_path / "jobs" / "mine.yaml"
    place.parent.mkdir()
    place.write_text(text)
    with pytest.raises(ConfigError, match=f"^{place}: {says}"):
        load_job(place)


def test_a_folder_is_no_job_and_a_run_folder_has_one(tmp_path):
    with pytest.raises(ConfigError, match=rf"^{tmp_path}: is a folder, not a job file$"):
        load_job(tmp_path)
    (tmp_path / "job.yaml").write_text("name: x")
    with pytest.raises(ConfigError, match=rf"^{tmp_path}: is a folder, not a job file; did you mean {tmp_path}/job.yaml\?"):
        load_job(tmp_path)


def test_a_wrong_algorithm_is_one_fault_and_a_list_is_called_a_list():
    with pytest.raises(ConfigError) as caught:
        load_job("leak_ppo", ["agent.algorithm=PPOO"])
    assert str(caught.value).splitlines() == [
        "leak_ppo.yaml: agent.algorithm: input should be 'PPO', 'DQN', 'SAC' or 'BC', was 'PPOO'; did you mean PPO?"
    ]
    with pytest.raises(ConfigError, match=r"encoders: input should be a list, was 'price'"):
        load_job("portfolio_ppo", ["encoders=price"])


def test_a_misspelt_world_that_draws_its_own_paths_gets_a_suggestion_and_one_that_needs_data_none():
    with pytest.raises(ConfigError, match=r"quantgym/Leek-v0 .* setting data is missing; did you mean quantgym/Leak-v0\?"):
        load_job("leak_ppo", ["env.id=quantgym/Leek-v0"])
    with pytest.raises(ConfigError, match=r"setting data is missing; only quantgym/Kelly-v0, .* draw their own paths$"):
        load_job("leak_ppo", ["env.id=quantgym/Trading-v0"])
