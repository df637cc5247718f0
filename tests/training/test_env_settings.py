"""Rewards, parts, starts, limits and frictions come from the job by name, reach the environment, and go with the bundle."""

import json

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation
from quantgym.configs.job import OWN_PATHS
from quantgym.configs.load import load_job
from quantgym.envs.registration import IDS
from quantgym.envs.worlds.drawn import DrawnVectorEnv
from quantgym.evaluation.candidate import Candidate
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.training.preparation import prepare

DATA = """
name: pieces
data: {{tape: "{tape}", train: [2000-01-01, 2000-08-31], validation: [2000-09-01, 2000-11-30], test: [2000-12-01, 2001-02-20]}}
encoders: [{{kind: price, lags: [1, 5]}}]
"""
AGENT = "agent: {algorithm: PPO, hidden: [8]}\n"
PIECES = """
env:
  id: quantgym/Trading-v0
  asset: S0
  episode_bars: 9
  reward: [log_return, {kind: drawdown_penalty, weight: 0.1}, {kind: differential_sortino, scale: 0.5}]
  private: [account, margin, action_mask]
  start: {kind: rows, rows: [40, 60]}
  limits: {max_leverage: 0.5}
  randomise: {fees: [0.5, 2.0]}
"""


@pytest.fixture
def job_file(tape_folder, tmp_path):
    def write(env, data=DATA):
        path = tmp_path / "pieces.yaml"
        path.write_text(data.format(tape=tape_folder) + env + AGENT)
        return load_job(path)

    return write


def test_pieces_that_are_named_in_a_job_reach_the_environment(job_file):
    prepared = prepare(job_file(PIECES))
    env = prepared.train.make(4)
    env.reset(seed=0)
    assert [type(part).__name__ for part in env.view.parts] == ["AccountPart", "MarginPart", "ActionMaskPart"]
    assert [type(term).__name__ for term in env.reward.terms] == ["LogReturn", "DrawdownPenalty", "DifferentialSortino"]
    assert set(env.simulator.rows.tolist()) <= {40, 60}
    assert env.limits.settings.max_leverage == 0.5
    assert len(set(env.simulator.rules["fee_rate"].tolist())) == 4
    assert json.loads(json.dumps(prepared.context)) == prepared.context


def test_a_bundle_brings_them_back_to_the_backtest(job_file, tmp_path):
    torch.set_num_threads(1)
    prepared = prepare(job_file(PIECES))
    policy = NetworkPolicy(build_network(prepared.network, 1), prepared.network, prepared.layout, prepared.scheme, name="pieces")
    vectors = sample_observation(prepared.layout, 64, seed=3).flat()
    save_bundle(tmp_path / "bundle", policy, prepared.layout, prepared.pipeline, vectors, prepared.context)
    session = Candidate.of(load_bundle(tmp_path / "bundle"), prepared.tape).backtest((100, 110))
    assert session.observations.shape == (9, prepared.layout.size)
    legal = [index for index, column in enumerate(prepared.layout.private) if column.name.startswith("legal_")]
    masks = session.observations[:, prepared.layout.n_market + np.array(legal)]
    assert set(masks.ravel().tolist()) == {0.0, 1.0}
    assert masks[0].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]  # nothing is held that could be sold


def test_a_world_takes_its_own_options(job_file):
    job = job_file("env: {id: quantgym/Kelly-v0, episode_bars: 8, options: {daily: true}}\n", "name: kelly\n")
    env = prepare(job).train.make(2)
    assert env.optimal_value() == pytest.approx(8 * 0.00045, rel=0.02)


def test_the_worlds_that_draw_their_paths_are_those_that_jobs_know():
    from gymnasium.envs.registration import load_env_creator

    drawn = [name for name, (_, batch) in IDS.items() if issubclass(load_env_creator(batch), DrawnVectorEnv)]
    assert sorted(drawn) == sorted(OWN_PATHS)


@pytest.mark.parametrize("world", OWN_PATHS)
def test_every_such_world_can_be_the_environment_of_a_job(world, job_file):
    prepared = prepare(job_file(f"env: {{id: {world}}}\n", "name: world\n"))
    assert prepared.tape is None
    assert prepared.layout.size > 0


@pytest.mark.parametrize(("env", "error", "says"), [
    ("{id: quantgym/Trading-v0, asset: S0, private: acount}", UnknownNameError, "did you mean account"),
    ("{id: quantgym/Trading-v0, asset: S0, reward: [log_retrun]}", UnknownNameError, "did you mean log_return"),
    ("{id: quantgym/Trading-v0, asset: S0, limits: {max_leverge: 1.0}}", ConfigError, "did you mean max_leverage"),
    ("{id: quantgym/Trading-v0, asset: S0, start: {kind: regme}}", ConfigError, "did you mean regime"),
    ("{id: quantgym/Trading-v0, asset: S0, options: {window: 3}}", ConfigError, "must be said as env.window"),
    ("{id: quantgym/Trading-v0, asset: S0, options: {daily: true}}", ConfigError, "unknown option 'daily' of Trading-v0"),
])
def test_wrong_pieces_are_told_before_anything_is_learned(env, error, says, job_file):
    with pytest.raises(error, match=says):
        prepare(job_file(f"env: {env}\n"))
