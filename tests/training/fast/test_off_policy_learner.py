"""DQN and SAC as learners: the same seed, the same weights; stopped and gone on to the bit; refusals."""

import hashlib
import shutil
from dataclasses import replace

import pytest
import torch

from quantgym.agents.bundle import save_bundle
from quantgym.agents.policy import sample_observation
from quantgym.agents.recorded_vectors import N_VECTORS
from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.market.errors import ConfigError, IntegrityError
from quantgym.training.fast.dqn_learner import FastDQNLearner
from quantgym.training.fast.sac_learner import FastSACLearner
from quantgym.training.learner import NotFiniteError, learner_of
from quantgym.training.preparation import prepare
from quantgym.training.stock.learner import StockLearner

ALGORITHMS = ("DQN", "SAC")
REPLAY = {"batch": 16, "update_every": 16, "learning_starts": 32, "prioritised": True, "n_step": 3, "replay_capacity": 160,
          "target_update_steps": 48}


@pytest.fixture
def learner(job_of):
    """Return `learner(algorithm, seed=..., **training)`: small jobs whose ring wraps in the third iteration."""

    def make(algorithm, seed=5, **training):
        action = {} if algorithm == "DQN" else {"env": {"action": "exposure", "id": "quantgym/Trading-v0", "asset": "S0",
                                                         "episode_bars": 9}}
        job = job_of(algorithm, seed=seed, agent={"backend": "fast"}, training={"iterations": 5, **REPLAY, **training}, **action)
        return learner_of(prepare(job))

    return make


def digest_of(learner):
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in learner.weights().values())).hexdigest()


def without_clocks(figures):
    return {tag: value for tag, value in figures.items() if not tag.startswith("speed/")}


def test_the_fast_path_is_what_a_job_gets_and_stock_stays_selectable(job_of):
    assert isinstance(learner_of(prepare(job_of("DQN"))), FastDQNLearner)
    assert isinstance(learner_of(prepare(job_of("SAC"))), FastSACLearner)
    assert isinstance(learner_of(prepare(job_of("DQN", agent={"backend": "stock"}))), StockLearner)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_job_learns_the_same_weights_and_another_seed_others(learner, ray, algorithm):
    found = []
    for seed in (5, 5, 6):
        torch.rand(3)  # what happened before must not matter
        with learner(algorithm, seed) as one:
            before = digest_of(one)
            one.iterate()
            one.iterate()
            found.append(digest_of(one))
            assert found[-1] != before
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_was_stopped_and_loaded_goes_on_to_the_bit(learner, ray, tmp_path, algorithm):
    with learner(algorithm) as one:
        for number in range(3):
            one.iterate()
            (tmp_path / f"{number}").mkdir()
            one.save(tmp_path / f"{number}")
        expected = [without_clocks(one.iterate()), without_clocks(one.iterate())]
        weights, replay = digest_of(one), one._algorithm.update.replay.sample(32)
    torch.rand(7)
    with learner(algorithm) as other:
        other.load(tmp_path / "2")
        assert (other.iteration, other.steps) == (3, 192)
        assert [without_clocks(other.iterate()), without_clocks(other.iterate())] == expected
        assert digest_of(other) == weights
        for ours, theirs in zip(other._algorithm.update.replay.sample(32), replay, strict=True):
            assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_stage_begins_fresh_episodes_that_no_return_reaches_and_goes_on_after_a_stop(learner, ray, tmp_path, algorithm):
    stages = [{"start": 0.0, "friction": 0.0}, {"start": 0.4, "friction": 1.0, "env": {"episode_bars": 5}}]
    with learner(algorithm, stages=stages) as one:
        figures = [one.iterate(), one.iterate()]
        (tmp_path / "a").mkdir()
        one.save(tmp_path / "a")
        ring = one._algorithm.update.replay.ring
        figures.append(one.iterate())
        # two iterations of 16 rows; the last of them is cut in all four environments, whatever the episodes did
        assert (ring.truncated[31] | ring.terminated[31]).all()
        weights = digest_of(one)
    assert figures[1]["costs/commission_bp"] == 0.0
    assert figures[2]["costs/commission_bp"] > 0.0
    assert figures[2]["train/episode_bars"] == 5.0
    with learner(algorithm, stages=stages) as other:
        other.load(tmp_path / "a")
        assert without_clocks(other.iterate()) == without_clocks(figures[2])
        assert digest_of(other) == weights


def test_an_iteration_counts_its_steps_and_tells_the_figures_of_its_algorithm(learner, ray):
    common = {"train/reward", "train/turnover", "train/episode_return", "costs/commission_bp", "learn/total_loss", "learn/q_mean",
              "learn/td_error", "learn/gradient_norm", "learn/learning_rate", "speed/steps_per_s", "speed/env_us_a_step"}
    with learner("DQN") as one:
        assert one.iterate().keys() >= {*common, "learn/q_loss", "learn/epsilon", "actions/hold"}
        assert (one.steps, one.iteration) == (64, 1)
    with learner("SAC") as one:
        assert one.iterate().keys() >= {*common, "learn/critic_loss", "learn/actor_loss", "learn/temperature", "learn/entropy"}


def test_nothing_is_learned_before_learning_starts(learner, ray):
    with learner("DQN", learning_starts=65) as one:
        before = digest_of(one)
        assert not any(tag.startswith("learn/") for tag in one.iterate())
        assert digest_of(one) == before
        assert "learn/q_loss" in one.iterate()


def test_the_learning_rate_follows_its_schedule(learner, ray):
    with learner("SAC", schedules={"lr": [[0.0, 1e-3], [0.4, 0.0]]}, lr=1e-3) as one:
        # 0, 1/5 and 2/5 of five iterations done
        assert [one.iterate()["learn/learning_rate"] for _ in range(3)] == pytest.approx([1e-3, 5e-4, 0.0])


@pytest.mark.parametrize(("algorithm", "followed"), [("DQN", "net"), ("SAC", "net.critic")])
def test_learning_starts_from_a_bundles_weights_and_the_copy_follows_them(learner, ray, tmp_path, algorithm, followed):
    with learner(algorithm, seed=9) as one:
        one.iterate()
        policy, prepared = one.policy(), one.prepared
        given = one.weights()
    seen = sample_observation(prepared.layout, N_VECTORS, 1).flat()
    save_bundle(tmp_path / "bundle", policy, prepared.layout, prepared.pipeline, seen, prepared.context)
    with learner(algorithm, start_from=str(tmp_path / "bundle")) as other:
        assert all(torch.equal(value, given[name]) for name, value in other.weights().items())
        module = other._algorithm.update.net
        source = module.net if followed == "net" else module.net.critic
        assert all(torch.equal(value, source.state_dict()[name]) for name, value in module.target.state_dict().items())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_policy_is_a_copy_that_later_learning_does_not_touch(learner, ray, algorithm):
    with learner(algorithm) as one:
        early = one.policy()
        weights = {name: value.clone() for name, value in early.network.state_dict().items()}
        one.iterate()
    assert all(torch.equal(value, weights[name]) for name, value in early.network.state_dict().items())


@pytest.mark.parametrize(("algorithm", "part"), [("DQN", "advantage"), ("SAC", "critic")])
def test_a_number_that_is_not_finite_stops_training_and_the_error_says_where(learner, ray, algorithm, part):
    with learner(algorithm) as one:
        with torch.no_grad():
            next(getattr(one._algorithm.update.net.net, part).parameters()).fill_(torch.nan)
        with pytest.raises(NotFiniteError, match=r"no longer finite in iteration 1 \(\d+ steps\); lower training\.lr"):
            one.iterate()


def test_what_belongs_to_another_job_or_is_incomplete_is_refused(learner, ray, tmp_path):
    with learner("DQN") as one:
        one.iterate()
        one.save(tmp_path)
    with learner("DQN", lr=0.5) as other, pytest.raises(IntegrityError, match=r"is of job .* resume with its own job"):
        other.load(tmp_path)
    (tmp_path / "learner.pt").write_bytes(b"half")
    with learner("DQN") as other, pytest.raises(IntegrityError, match=r"learner\.pt: unreadable checkpoint"):
        other.load(tmp_path)


def test_a_checkpoint_survives_being_renamed_and_the_loss_of_those_before(learner, ray, tmp_path):
    with learner("DQN") as one:
        for _ in range(4):
            one.iterate()
            (tmp_path / "partial").mkdir()
            one.save(tmp_path / "partial")
            shutil.rmtree(tmp_path / "checkpoint", ignore_errors=True)
            (tmp_path / "partial").rename(tmp_path / "checkpoint")
        expected = without_clocks(one.iterate())
    with learner("DQN") as other:
        other.load(tmp_path / "checkpoint")
        assert without_clocks(other.iterate()) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replay_capacity": 8}, r"training.replay_capacity must hold a batch of 16, was 8"),
        ({"update_every": 24}, r"training.update_every must divide the steps of an iteration, .* 4 x 16 = 64, was 24"),
        ({"update_every": 32, "replay_capacity": 16}, r"replay_capacity must hold the training.update_every = 32 steps .* was 16"),
        ({"precision": "bfloat16"}, r"training.precision bfloat16 is for PPO, DQN learns in float32"),
        ({"schedules": {"clip": [[0.0, 0.1]]}}, r"training.schedules.clip is of PPO, DQN has no such setting; leave it out"),
        ({"replay_capacity": 10**15}, r"no memory for the replay: 1,000,000,000,000,000 transitions .* are available; set"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_before_anything_is_up(learner, changes, message):
    with pytest.raises(ConfigError, match=message):
        learner("DQN", **changes)


def test_forecasts_and_references_that_a_replay_cannot_serve_are_refused(job_of):
    forecast = prepare(job_of("DQN", agent={"backend": "fast", "body": "mlp", "forecast": {}}))
    with pytest.raises(ConfigError, match=r"agent\.forecast with DQN needs training\.observation reference, .* was flat"):
        learner_of(forecast)
    drawn = {"name": "leak", "env": {"id": "quantgym/Leak-v0"}, "agent": {"algorithm": "DQN", "backend": "fast"}}
    with pytest.raises(ConfigError, match=r"observation reference needs a tape; quantgym/Leak-v0 draws its own paths, use flat"):
        learner_of(prepare(validate(Job, drawn | {"training": {"observation": "reference"}}, "leak")))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_compiled_loss_teaches_what_the_eager_one_does(learner, ray, monkeypatch, algorithm):
    traced = []

    def compiled(call):
        traced.append(call.__name__)
        return honest(call, backend="aot_eager")  # traced, without a C++ compiler

    honest = torch.compile
    monkeypatch.setattr(torch, "compile", compiled)
    found = []
    for way in (False, True):
        with learner(algorithm, compile=way, prioritised=False) as one:
            one.iterate()
            found.append(one.weights())
    assert traced == (["dqn_loss"] if algorithm == "DQN" else ["critic_targets", "critic_loss", "actor_loss"])
    for name, value in found[0].items():
        assert torch.allclose(value, found[1][name], atol=1e-6), name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_frozen_body_stays_while_the_heads_learn(job_of, ray, algorithm):
    action = "six_actions" if algorithm == "DQN" else "exposure"
    env = {"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 9, "action": action}
    agent = {"backend": "fast", "body": {"kind": "mlp", "shared": [8]}}
    prepared = prepare(job_of(algorithm, env=env, agent=agent, training=REPLAY))
    network = replace(prepared.network, body={**prepared.network.body, "frozen": True})
    with learner_of(replace(prepared, network=network)) as one:
        before = one.weights()
        one.iterate()
        moved = {name for name, value in one.weights().items() if not torch.equal(value, before[name])}
    assert moved
    assert not any("trunk" in name for name in moved)
    assert any("trunk" in name for name in before)


def test_actions_that_an_algorithm_cannot_use_are_refused_with_those_it_can(job_of):
    with pytest.raises(ConfigError, match=r"SAC needs continuous actions, env\.action .* is discrete; use PPO or DQN, or"):
        prepare(job_of("SAC", env={"id": "quantgym/Trading-v0", "asset": "S0", "action": "six_actions"}))
    with pytest.raises(ConfigError, match=r"DQN needs discrete actions, env\.action weights is continuous; use PPO or SAC, or the"):
        prepare(job_of("DQN", env={"id": "quantgym/Portfolio-v0", "asset": None}, agent={"backend": "fast"}))
