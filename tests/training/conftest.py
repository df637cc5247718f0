from typing import Any

import pytest
import torch

from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.data.synthetic import gbm_tape
from quantgym.training.ray_session import ray_session


@pytest.fixture(scope="session")
def tape_folder(tmp_path_factory):
    # 420 days from 2000-01-03, two assets, the second listed at row 30
    folder = tmp_path_factory.mktemp("tapes") / "walk"
    gbm_tape(1, 420, 2, late=30).save(folder)
    return folder


@pytest.fixture(scope="session")
def job_of(tape_folder):
    """Return small jobs: `job_of("PPO", training={"iterations": 3})`."""

    def make(algorithm="PPO", **changes) -> Job:
        mapping: dict[str, Any] = {
            "name": "small",
            "seed": 5,
            "data": {
                "tape": str(tape_folder),
                "train": ["2000-01-01", "2000-08-31"],
                "validation": ["2000-09-01", "2000-11-30"],
                "test": ["2000-12-01", "2001-02-20"],
            },
            "encoders": [{"kind": "price", "lags": [1, 5]}],
            "env": {"id": "quantgym/Portfolio-v0", "episode_bars": 9},
            "agent": {"algorithm": algorithm, "hidden": [16]},
            "training": {"iterations": 2, "num_envs": 4, "rollout_bars": 16, "minibatch": 32, "epochs": 2},
        }
        if algorithm == "DQN":
            mapping["env"] = {"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 9}
        if algorithm in ("DQN", "SAC"):
            mapping["training"] |= {"batch": 16, "update_every": 16, "learning_starts": 32}
        for section, change in changes.items():
            mapping[section] = mapping.get(section, {}) | change if isinstance(change, dict) else change
        return validate(Job, mapping, "small.yaml")

    return make


@pytest.fixture(scope="module")
def ray():
    """One Ray for a module."""
    torch.set_num_threads(1)
    with ray_session():
        yield
