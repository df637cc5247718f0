"""Every backend, algorithm and body writes figures that docs/tensorboard.md explains, the same ones for the same thing."""

import re
from fnmatch import fnmatch

import pytest

from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare

LSTM = {"agent": {"body": {"kind": "lstm", "over": "steps", "units": 8}}}
SAID = {
    "PPO": {"policy_loss", "value_loss", "entropy", "explained_variance", "gradient_norm", "learning_rate", "total_loss"},
    "DQN": {"q_loss", "epsilon", "gradient_norm", "learning_rate", "total_loss"},
    "SAC": {"actor_loss", "critic_loss", "temperature", "gradient_norm", "learning_rate"},
    "BC": {"clone_loss", "gradient_norm", "learning_rate"},
}
CASES = [
    *((backend, algorithm, {}) for backend in ("fast", "sb3", "stock") for algorithm in ("PPO", "DQN", "SAC")),
    ("fast", "PPO", LSTM),
    ("sb3", "PPO", LSTM),
    ("fast", "PPO", {"agent": {"forecast": {"weight": 0.5}}, "training": {"kl_target": 0.01}}),
    ("fast", "BC", {"agent": {"expert": {"kind": "equal_weight"}}}),
]


@pytest.fixture(scope="module")
def explained(request):
    lines = (request.config.rootpath / "docs" / "tensorboard.md").read_text().splitlines()
    return {tag for line in lines if line.startswith("| `") for tag in re.findall(r"`([^`]+)`", line.split("|")[1])}


@pytest.mark.parametrize(("backend", "algorithm", "changes"), CASES)
def test_what_a_learner_writes_is_explained_and_has_the_names_of_its_algorithm(
    backend, algorithm, changes, explained, job_of, ray
):
    job = job_of(algorithm, **changes | {"agent": {"backend": backend} | changes.get("agent", {})})
    with learner_of(prepare(job)) as learner:
        figures = learner.iterate() | learner.iterate()
    tags = {tag for tag in figures if "/" in tag}
    assert {tag for tag in tags if not any(fnmatch(tag, known) for known in explained)} == set()
    assert {f"learn/{name}" for name in SAID[algorithm]} - tags == set()
    assert {"train/reward", "train/turnover", "costs/total_bp", "speed/steps_per_s"} - tags == set()
