"""The settings of an action scheme come from the job and go with the bundle, to evaluation and to live."""

import json

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation
from quantgym.configs.load import load_job
from quantgym.evaluation.candidate import Candidate
from quantgym.live.session import Strategy
from quantgym.market.errors import ConfigError
from quantgym.training.environment import Blueprint
from quantgym.training.job import plan
from quantgym.training.preparation import prepare

JOB = """
name: menu
data: {{tape: "{tape}", train: [2000-01-01, 2000-08-31], validation: [2000-09-01, 2000-11-30], test: [2000-12-01, 2001-02-20]}}
encoders: [{{kind: price, lags: [1, 5]}}]
env: {{id: quantgym/{env}, {asset} episode_bars: 9, action: {action}}}
agent: {{algorithm: {algorithm}, hidden: [8]}}
"""
TRADING, PORTFOLIO = ("Trading-v0", "asset: S0,", "DQN"), ("Portfolio-v0", "", "PPO")
ACTIONS = {
    "{kind: levels, levels: [0.0, 0.4, 0.8]}": TRADING,
    "{kind: positions, short: true}": TRADING,
    "{kind: orders, kinds: [limit], offsets: [0.002], sizes: [0.5], time_in_force: [DAY], max_working: 2}": TRADING,
    "{kind: exposure, scale: 0.5}": ("Trading-v0", "asset: S0,", "PPO"),
    "{kind: weights, short: true, max_weight: 0.4, leverage: 1.5}": PORTFOLIO,
    "{kind: target_weights, max_weight: 0.3}": PORTFOLIO,
}


@pytest.fixture
def job_file(tape_folder, tmp_path):
    def write(action, env, asset, algorithm):
        path = tmp_path / "menu.yaml"
        path.write_text(JOB.format(tape=tape_folder, env=env, asset=asset, action=action, algorithm=algorithm))
        return load_job(path)

    return write


def bundle_of(prepared, folder):
    """A bundle of a policy that has learned nothing, as training writes it."""
    torch.set_num_threads(1)
    policy = NetworkPolicy(build_network(prepared.network, 1), prepared.network, prepared.layout, prepared.scheme, name="menu")
    vectors = sample_observation(prepared.layout, 64, seed=3).flat()
    save_bundle(folder, policy, prepared.layout, prepared.pipeline, vectors, prepared.context)
    return load_bundle(folder)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_job_names_an_action_with_settings_and_the_bundle_brings_them_back(action, job_file, tmp_path):
    prepared = prepare(job_file(action, *ACTIONS[action]))
    given = prepared.job.plain()["env"]["action"]
    trained = prepared.train.make(1).scheme
    assert given.items() <= trained.plain().items()
    bundle = bundle_of(prepared, tmp_path / "bundle")
    candidate = Candidate.of(bundle, prepared.tape)
    assert candidate.scheme == trained
    assert Strategy.of(candidate).scheme == trained
    session = candidate.backtest((100, 110))
    assert session.facts["action"] == trained.plain() == json.loads(json.dumps(trained.plain()))


def test_what_is_decided_means_the_same_after_training(job_file, tmp_path):
    prepared = prepare(job_file("{kind: levels, levels: [0.3, 0.7]}", *TRADING))
    session = Candidate.of(bundle_of(prepared, tmp_path / "bundle"), prepared.tape).backtest((100, 102))
    # 30 % or 70 % of the equity, not -1 or -0.5 of it as the settings' default says
    assert session.weights[0, 0] == pytest.approx([0.3, 0.7][session.actions[0]], abs=0.03)


def test_settings_of_an_environments_own_default_are_not_lost_either(job_file, tmp_path, monkeypatch):
    from quantgym.envs.batch import TradingVectorEnv

    monkeypatch.setattr(TradingVectorEnv, "defaults", {"action": {"kind": "levels", "levels": (0.0, 0.25)}})
    prepared = prepare(job_file("null", *TRADING))
    assert prepared.context["env"]["action"] == {"kind": "levels", "levels": [0.0, 0.25]}
    assert Candidate.of(bundle_of(prepared, tmp_path / "bundle"), prepared.tape).scheme.plain()["levels"] == [0.0, 0.25]


def test_plain_names_work_as_before(job_file):
    prepared = prepare(job_file("six_actions", *TRADING))
    assert prepared.context["env"]["action"] == {"kind": "six_actions"}
    assert plan(prepared.job)["action"] == "six_actions"


@pytest.mark.parametrize(("action", "says"), [
    ("{kind: levels, levels: []}", "action levels: levels must be two or more different finite numbers"),
    ("{kind: levels, level: [0, 1]}", r"unknown setting levels\.level; did you mean levels\?"),
    ("{kind: level}", r"unknown action scheme 'level'; did you mean levels\?"),
    ("{levels: [0, 1]}", "action needs a kind"),
    ("7", "action"),
    ("[levels]", "action"),
])  # fmt: skip
def test_a_wrong_action_of_a_job_is_told_before_anything_is_learned(action, says, job_file):
    with pytest.raises(ConfigError, match=says):
        prepare(job_file(action, *TRADING))


def test_dqn_is_told_which_actions_it_can_have(job_file):
    with pytest.raises(ConfigError, match=r"DQN needs discrete actions, env\.action exposure is continuous"):
        prepare(job_file("{kind: exposure, scale: 2.0}", *TRADING))


def test_a_blueprint_makes_the_same_scheme_in_every_process(job_file):
    prepared = prepare(job_file("{kind: levels, levels: [0.0, 1.0]}", *TRADING))
    again = Blueprint(**{name: getattr(prepared.train, name) for name in Blueprint.__dataclass_fields__})
    assert again.make(2).scheme == prepared.validation.make(1).scheme
    assert np.array_equal(again.make(2).single_action_space.n, 2)
