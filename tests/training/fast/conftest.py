import pytest

from quantgym.agents.distribution import distribution_of
from quantgym.agents.networks.network import build_network
from quantgym.training.fast.sampler import Sampler
from quantgym.training.preparation import prepare


@pytest.fixture(scope="session")
def fast_job(job_of):
    """Small PPO jobs on the fast path: `fast_job(discrete=True, agent={...}, training={...})`."""

    def make(*, discrete=False, agent=None, **changes):
        if discrete:
            changes["env"] = {"id": "quantgym/Trading-v0", "asset": "S0"} | changes.get("env", {})
        return job_of("PPO", agent={"algorithm": "PPO", "hidden": [16], "backend": "fast"} | (agent or {}), **changes)

    return make


@pytest.fixture(scope="session")
def sampler_of():
    """Samplers without Ray: `sampler_of(prepared, n_steps=8)`."""

    def make(prepared, n_envs=4, seed=3, world=None, **settings):
        network = build_network(prepared.network, prepared.job.seed)
        env = (world or prepared.train).make(n_envs, autoreset_mode="same_step", info=())
        return Sampler(env, network, distribution_of(prepared.network), seed=seed, **{"n_steps": 16, **settings})

    return make


@pytest.fixture(scope="session")
def continuous(fast_job):
    return prepare(fast_job())


@pytest.fixture(scope="session")
def discrete(fast_job):
    return prepare(fast_job(discrete=True))


@pytest.fixture(scope="session")
def recurrent(fast_job):
    return prepare(fast_job(agent={"body": {"kind": "lstm", "units": 8}}, training={"sequence_bars": 8}))
