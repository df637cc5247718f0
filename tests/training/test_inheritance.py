"""A checkpoint goes on under a job with other live settings, to the bit and only on purpose."""

import pickle

import numpy as np
import pytest
import torch

from quantgym.market.errors import ConfigError, IntegrityError
from quantgym.training.inheritance import LIVE, check_heir
from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare

SEQUENCES = {"minibatch": 32, "sequence_bars": 8}
CASES = {
    "ppo": ("PPO", {}, {}, {"lr": 2e-3, "gamma": 0.9, "epochs": 3, "minibatch": 16, "clip": 0.3}),
    "recurrent ppo": (
        "PPO", {"body": {"kind": "lstm", "units": 8}}, SEQUENCES, {"lr": 2e-3, "entropy_coefficient": 0.01, "minibatch": 16}
    ),
    "cloning": ("BC", {"expert": "equal_weight"}, {}, {"lr": 2e-3, "epochs": 1}),
}  # fmt: skip


@pytest.fixture(params=CASES)
def pair(request, job_of):
    """Two jobs that differ in live settings alone."""
    algorithm, agent, training, live = CASES[request.param]
    return job_of(algorithm, agent=agent, training=training), job_of(algorithm, agent=agent, training=training | live)


def same(one, other):
    """Return whether two nested states are equal to the bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, np.random.SeedSequence):
        return one.state == other.state
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def state(folder):
    kept = torch.load(folder / "learner.pt", weights_only=False)
    kept.pop("job", None)
    runners = folder / "runners.pickle"
    if runners.is_file():
        kept["runners"] = {name: value for name, value in pickle.loads(runners.read_bytes()).items() if name != "job"}
    return kept


def test_weights_optimiser_and_everything_else_are_those_of_the_source(pair, ray, tmp_path):
    source, heir = pair
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with learner_of(prepare(source)) as learner:
        for _ in range(2):
            learner.iterate()
        learner.save(tmp_path / "a")
        weights = learner.policy().network.state_dict()
    with learner_of(prepare(heir)) as learner:
        learner.take_over(tmp_path / "a", source)
        assert same(dict(learner.policy().network.state_dict()), dict(weights))
        assert learner.iteration == 2
        learner.save(tmp_path / "b")
        assert same(state(tmp_path / "b"), state(tmp_path / "a"))
        figures = learner.iterate()
    assert figures["learn/learning_rate"] == heir.training.lr
    assert state(tmp_path / "a")["optimiser"]["state"]


def test_a_resume_still_refuses_what_a_takeover_is_told_to_take(pair, ray, tmp_path):
    source, heir = pair
    with learner_of(prepare(source)) as learner:
        learner.save(tmp_path)
    with learner_of(prepare(heir)) as learner:
        with pytest.raises(IntegrityError, match=r"another job|this one is"):
            learner.load(tmp_path)
        with pytest.raises(IntegrityError, match=r"another job|this one is"):
            learner.take_over(tmp_path, heir)  # it is not of the job that one says it is of


def test_a_job_that_differs_in_more_is_refused_with_what_may_differ(job_of):
    source = job_of("PPO")
    check_heir(job_of("PPO", training={"lr": 9e-3}), source)
    for changes, says in (
        ({"agent": {"hidden": [8]}}, "another agent"),
        ({"training": {"num_envs": 2}}, "another training.num_envs; what may differ: training.lr, training.clip"),
        ({"seed": 6}, "another seed"),
        ({"training": {"kl_target": 0.01}}, "adds or drops training.kl_target"),
    ):
        with pytest.raises(ConfigError, match=says):
            check_heir(job_of("PPO", **changes), source)
    with pytest.raises(ConfigError, match="what may differ: none"):
        check_heir(job_of("DQN"), job_of("DQN", training={"lr": 1e-3}))
    assert set(LIVE) == {"PPO", "BC"}
