from types import SimpleNamespace
from typing import Any

import pytest
import torch

from quantgym.agents.networks.network import NetworkSettings
from quantgym.agents.networks.reading import Reading
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout

SYMBOLS = tuple("ABCDE")


def new_layout(n_assets=3, window=4, edges=((0, 1), (2, 0)), n_actions=4):
    """Global column, edges, two columns of each asset, cash, an action mask and the weight of each asset."""
    weights = tuple(Column(f"edge_{index}", "edge_weight", -1.0, 1.0) for index in range(len(edges)))
    own = (Column("ret", "score", -5.0, 5.0), Column("tradable", "flag", 0.0, 1.0))
    legal = tuple(Column(f"legal_{index}", "flag", 0.0, 1.0) for index in range(n_actions))
    held = tuple(Column(f"weight_{symbol}", "fraction", -10.0, 10.0) for symbol in SYMBOLS[:n_assets])
    private = (Column("cash_fraction", "fraction", -1.0, 1.0), *legal, *held)
    calm = (Column("calm", "probability", 0.0, 1.0), *weights)
    return Layout(SYMBOLS[:n_assets], calm, own, private, window, edges=tuple(edges))


def settings_of(layout, kind="actor_critic", body=None, *, continuous=False, n_out=4, **more):
    given: dict[str, Any] = {"n_in": layout.size, "n_out": n_out, "hidden": (8,), "reading": Reading.of(layout), **more}
    return NetworkSettings(kind=kind, continuous=continuous or kind == "soft_actor_critic", body=body, **given)


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def build():
    return SimpleNamespace(layout=new_layout, settings=settings_of)
