from typing import Any

import pytest
import torch

from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import NetworkSettings, build_network
from quantgym.agents.policy import sample_observation
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.pipeline import Pipeline


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def walk():
    # two assets, the second listed at row 40
    return gbm_tape(1, 200, 2, late=40)


@pytest.fixture(scope="session")
def pipeline(walk):
    entries: list[dict[str, Any]] = [{"kind": "price", "lags": [1, 5]}, {"kind": "ma_cross", "fast": 3, "slow": 8}]
    return Pipeline.build(entries).fit(walk.slice(0, 150))


@pytest.fixture(scope="session")
def layout(pipeline):
    return pipeline.layout.with_private((Column("cash_fraction", "fraction", -10.0, 10.0),), 2)


@pytest.fixture(scope="session")
def vectors(layout):
    return sample_observation(layout, 64, seed=3).flat()


@pytest.fixture(params=["gaussian", "categorical", "values"])
def network_policy(request, layout):
    kind: Any
    kind, continuous = "q_network" if request.param == "values" else "actor_critic", request.param == "gaussian"
    settings = NetworkSettings(kind=kind, n_in=layout.size, n_out=3, continuous=continuous, hidden=(8,))
    scheme = "weights" if continuous else "six_actions"
    return NetworkPolicy(build_network(settings, 1), settings, layout, scheme, name="small", seed=4)

