from typing import Any

import pytest

from quantgym.configs.load import load_job
from quantgym.configs.strict import validate
from quantgym.training.tuning.search import Search, SearchSettings
from quantgym.training.tuning.trial_record import Checkpoint, TrialRecord

TINY = {
    "training.iterations": 2,
    "training.validate_every": 1,
    "training.num_envs": 8,
    "training.rollout_bars": 16,
    "training.minibatch": 64,
    "training.epochs": 1,
    "env.episode_bars": 16,
    "agent.hidden": [8],
}


@pytest.fixture(scope="session")
def search_of():
    """Return small searches on Leak: `search_of(trials=3, set={"training.iterations": 5})`."""

    def make(**changes) -> Search:
        mapping: dict[str, Any] = {
            "name": "small",
            "job": "leak_ppo",
            "trials": 3,
            "seed": 1,
            "scheduler": {"grace": 1, "reduction": 2},
            "space": {
                "training.lr": {"kind": "loguniform", "low": 1e-4, "high": 1e-2},
                "agent.hidden": {"kind": "choice", "values": [[8], [4, 4]]},
            },
        }
        mapping |= changes | {"set": TINY | changes.get("set", {})}
        settings = validate(SearchSettings, mapping, "small.yaml")
        return Search(settings, load_job(settings.job), "small.yaml")

    return make


@pytest.fixture(scope="session")
def trial_of():
    """Return trials that ended: `trial_of(3, value=1.1, lr=1e-3)`."""

    def make(number, *, value=None, lr=1e-3, hidden=(8,), sharpe=0.0, status="done", curve=()) -> TrialRecord:
        checkpoints = tuple(Checkpoint(place, one, sharpe) for place, one in curve) or (Checkpoint(2, value or 0.0, sharpe),)
        return TrialRecord(
            number, {"training.lr": lr, "agent.hidden": list(hidden)}, status=status, iterations=checkpoints[-1].iteration,
            value=value, sharpe=sharpe, bars=16, checkpoints=checkpoints,
        )  # fmt: skip

    return make


@pytest.fixture(scope="module", autouse=True)
def registry(tmp_path_factory):
    """A registry of the test's own."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUANTGYM_REGISTRY", str(path))
        yield path
