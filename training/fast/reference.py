"""Networks that look rows up in the encoded tape, where environments return references to it."""

import warnings

import torch
from torch import nn

from ...agents.networks.bodied import read_references
from ...agents.networks.gather import Gather
from ..environment import Blueprint

__all__ = ["read_table"]


def read_table(network: nn.Module, world: Blueprint, observation: str) -> None:
    """Let `network` read what environments of `world` return: references where `observation` says so, else flat observations."""
    if observation != "reference":
        read_references(network, None)
        return
    assert world.table is not None
    trial = world.make(1)
    window, n_private, table = trial.settings.window, trial.layout.n_private, trial.world.table
    trial.close()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # shared memory: it is only read
        values = torch.from_numpy(table.values)
    read_references(network, Gather(values, window, n_private))
