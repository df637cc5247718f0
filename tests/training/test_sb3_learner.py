"""stable-baselines3 as a backend: it learns, goes on exactly, and refuses what it cannot follow."""

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.policy import sample_observation
from quantgym.configs.load import load_job
from quantgym.evaluation.known_answer import known_answer_score
from quantgym.market.errors import ConfigError, IntegrityError
from quantgym.training.learner import NotFiniteError, learner_of
from quantgym.training.preparation import prepare
from quantgym.training.sb3.learner import Sb3Learner

SB3 = {"backend": "sb3"}
SAC = {"algorithm": "SAC", "backend": "sb3"}
REPLAYED = {"batch": 16, "update_every": 16, "learning_starts": 32, "replay_capacity": 100}  # 100 // 4 = 25 steps: wraps round


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=["PPO", "LSTM", "DQN", "DQN in three steps", "SAC"])
def prepared(request, job_of):
    if request.param == "PPO":
        return prepare(job_of("PPO", agent=SB3, training={"iterations": 4}))
    if request.param == "LSTM":
        return prepare(job_of("PPO", agent=SB3 | {"body": {"kind": "lstm", "units": 8}}, training={"iterations": 4}))
    if request.param == "SAC":
        return prepare(job_of("PPO", agent=SAC, training={"iterations": 4, **REPLAYED}))
    n_step = {"n_step": 3} if "three" in request.param else {}
    return prepare(job_of("DQN", agent=SB3, training={"iterations": 4, **REPLAYED, **n_step}))


def weights(learner):
    return {name: value.clone() for name, value in learner.policy().network.state_dict().items()}


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_ppo_learns_the_world_that_leaks():
    changes = ["training.iterations=4", "training.num_envs=32", "training.epochs=8", "training.minibatch=256", "agent.backend=sb3"]
    job = load_job("leak_ppo", changes)
    with learner_of(prepare(job)) as learner:
        assert isinstance(learner, Sb3Learner)
        settings = learner.prepared.validation.settings
        before = known_answer_score(job.env.id, learner.policy(), settings, n_episodes=256)
        for _ in range(job.training.iterations):
            figures = learner.iterate()
        after = known_answer_score(job.env.id, learner.policy(), settings, n_episodes=256)
    assert before.high < 0.5
    assert after.low > 0.9
    assert learner.steps == 4 * 32 * 64
    wanted = ("policy_loss", "value_loss", "entropy", "explained_variance", "gradient_norm", "learning_rate", "kl", "clip_share")
    assert figures.keys() >= {f"learn/{name}" for name in wanted}
    assert figures.keys() >= {"train/reward", "train/turnover", "costs/spread_bp", "speed/steps_per_s", "speed/learn_steps_per_s"}


def test_the_bundle_decides_as_the_model_does_bit_for_bit(prepared, tmp_path):
    seen = sample_observation(prepared.layout, 64, seed=3).flat()
    with learner_of(prepared) as learner:
        learner.iterate()
        learner.iterate()
        save_bundle(tmp_path / "bundle", learner.policy(), prepared.layout, prepared.pipeline, seen, prepared.context)
        model, memory, expected = learner._algorithm, None, []
        for _ in range(3):
            if prepared.network.recurrent:
                actions, memory = model.predict(seen, state=memory, deterministic=True)
            else:
                actions, _ = model.predict(seen, deterministic=True)
            expected.append(actions)
    policy = load_bundle(tmp_path / "bundle").policy
    state = policy.initial_state(64)
    for actions in expected:
        decision, state = policy.act(sample_observation(prepared.layout, 64, seed=3), state)
        assert np.array_equal(decision.values, actions.astype(decision.values.dtype))


def test_what_was_saved_goes_on_to_the_bit(prepared, tmp_path):
    with learner_of(prepared) as learner:
        for _ in range(2):
            learner.iterate()
        learner.save(tmp_path)
        rest = [learner.iterate() for _ in range(2)]
        expected, steps = weights(learner), learner.steps
    with learner_of(prepared) as learner:
        learner.load(tmp_path)
        assert learner.iteration == 2
        again = [learner.iterate() for _ in range(2)]
        assert same(weights(learner), expected)
        assert (learner.steps, learner.iteration) == (steps, 4)
    for one, other in zip(rest, again, strict=True):
        timeless = [{tag: value for tag, value in told.items() if not tag.startswith("speed/")} for told in (one, other)]
        assert timeless[0] == timeless[1]


def test_the_seed_decides_and_learning_moves_the_weights(prepared):
    found = []
    for _ in range(2):
        with learner_of(prepared) as learner:
            before = weights(learner)
            for _ in range(2):
                learner.iterate()
            found.append(weights(learner))
            assert not same(before, found[-1])
    assert same(*found)


def test_a_checkpoint_of_another_job_and_a_damaged_one_are_refused(job_of, tmp_path):
    with learner_of(prepare(job_of("PPO", agent=SB3))) as learner:
        learner.save(tmp_path)
    with learner_of(prepare(job_of("PPO", agent=SB3, training={"lr": 1e-4}))) as learner:
        with pytest.raises(IntegrityError, match=r"is of job .*resume with its own job"):
            learner.load(tmp_path)
        (tmp_path / "learner.pt").write_bytes(b"half")
        with pytest.raises(IntegrityError, match="unreadable checkpoint"):
            learner.load(tmp_path)


def test_schedules_and_stages_are_followed(job_of):
    settings = {
        "iterations": 2,
        "schedules": {
            "lr": [[0.0, 0.01], [1.0, 0.0]],
            "clip": [[0.0, 0.4], [1.0, 0.2]],
            "entropy_coefficient": [[0.0, 0.1], [1.0, 0.0]],
        },
        "stages": [{"start": 0.0, "friction": 0.0}, {"start": 0.5, "friction": 1.0}],
    }
    with learner_of(prepare(job_of("PPO", agent=SB3, training=settings))) as learner:
        first, clips = learner.iterate(), [learner._algorithm.clip_range(1.0)]
        second = learner.iterate()
        assert learner._algorithm.ent_coef == pytest.approx(0.05)
    # share of iterations done: 0, then 1/2
    assert (first["learn/learning_rate"], second["learn/learning_rate"]) == pytest.approx((0.01, 0.005))
    assert clips == [pytest.approx(0.3)]  # already that of the second iteration
    assert first["costs/commission_bp"] == 0.0
    assert second["costs/commission_bp"] > 0.0


def test_epsilon_falls_with_the_steps(job_of):
    job = job_of("DQN", agent=SB3, training={**REPLAYED, "epsilon_steps": 128, "epsilon_end": 0.2})
    with learner_of(prepare(job)) as learner:
        # 64 steps an iteration: half the way from 1 to 0.2, then all of it
        assert learner.iterate()["learn/epsilon"] == pytest.approx(0.6)
        assert learner.iterate()["learn/epsilon"] == pytest.approx(0.2)


def test_a_double_target_is_judged_by_the_slow_network_where_the_learning_one_chooses():
    from torch import nn

    from quantgym.training.sb3.q_policy import Target

    online = nn.Linear(1, 3, bias=False)
    target = Target(online, double=True)
    with torch.no_grad():
        online.weight[:] = torch.tensor([[1.0], [3.0], [2.0]])  # prefers action 1
        target.net.weight[:] = torch.tensor([[5.0], [4.0], [6.0]])  # is worth 4 in its eyes, though 6 is its best
    assert target(torch.ones(1, 1)).tolist() == [[4.0]]
    assert [name for name, _ in target.named_parameters()] == ["net.weight"]
    target.is_double = False
    assert target(torch.ones(1, 1)).max().item() == 6.0


def test_a_number_that_is_not_finite_stops_training(job_of):
    with learner_of(prepare(job_of("PPO", agent=SB3))) as learner:
        with torch.no_grad():
            next(iter(learner._net.vf.parameters())).fill_(torch.nan)
        with pytest.raises(NotFiniteError, match=r"no longer finite in iteration 1 \(64 steps\); lower training\.lr"):
            learner.iterate()


@pytest.mark.parametrize(
    ("algorithm", "agent", "training", "message"),
    [
        ("PPO", {"forecast": {"weight": 0.1}}, {}, r"agent\.forecast needs agent\.backend fast"),
        ("PPO", {}, {"runners": 2}, r"training\.runners was 2"),
        ("PPO", {}, {"observation": "reference"}, r"training\.observation was reference"),
        ("PPO", {}, {"compile": True}, r"training\.compile was true"),
        ("PPO", {}, {"precision": "bfloat16"}, r"training\.precision was bfloat16: stable-baselines3 learns in float32"),
        ("PPO", {}, {"kl_target": 0.01}, r"training\.kl_target was 0\.01"),
        ("PPO", {"body": "lstm"}, {"sequence_bars": 8}, r"training\.sequence_bars was 8"),
        ("PPO", {}, {"minibatch": 100}, r"training\.minibatch must not exceed"),
        ("DQN", {}, {"prioritised": True}, r"training\.prioritised was true: stable-baselines3 replays uniformly; change it"),
        ("DQN", {}, {"schedules": {"clip": [[0.0, 0.1]]}}, r"training\.schedules\.clip was set"),
    ],
)
def test_settings_that_it_cannot_follow_are_refused_by_name(job_of, algorithm, agent, training, message):
    job = job_of(algorithm, agent=SB3 | agent, training=training)
    with pytest.raises(ConfigError, match=message):
        learner_of(prepare(job))


def test_dqn_with_an_action_mask_is_refused_and_ppo_heeds_it(job_of):
    world = {"id": "quantgym/Trading-v0", "asset": "S0", "private": ["account", "action_mask"], "episode_bars": 9}
    with pytest.raises(ConfigError, match=r"env\.private was action_mask: stable-baselines3 explores without"):
        learner_of(prepare(job_of("DQN", agent=SB3, env=world)))
    with learner_of(prepare(job_of("PPO", agent=SB3, env=world))) as learner:
        learner.iterate()
        buffer, mask = learner._algorithm.rollout_buffer, learner.prepared.network.legal_at
        seen, chosen = buffer.observations.reshape(64, -1), buffer.actions.astype(np.int64).reshape(64)
    legal = seen[:, list(mask)] > 0.5
    assert not legal.all()  # nothing to sell at first
    assert legal[np.arange(64), chosen].all()
