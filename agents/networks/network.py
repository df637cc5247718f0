"""From settings to a network with seeded weights."""

from collections.abc import Mapping

import torch

from ...market.errors import IntegrityError
from .actor_critic import ActorCritic
from .q_network import QNetwork
from .settings import NetworkSettings
from .soft_actor_critic import SoftActorCritic

__all__ = ["Network", "NetworkSettings", "build_network", "load_weights"]

Network = ActorCritic | QNetwork | SoftActorCritic
CLASSES: dict[str, type[Network]] = {"actor_critic": ActorCritic, "q_network": QNetwork, "soft_actor_critic": SoftActorCritic}


def build_network(settings: NetworkSettings, seed: int) -> Network:
    """Return a network whose weights are a function of `settings` and `seed`; torch's global generators stay as they were.

    Those of GPUs, too, which `torch.manual_seed` would begin anew: a validation in between must not repeat an exploration's noise.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return CLASSES[settings.kind](settings)


def load_weights(settings: NetworkSettings, weights: Mapping[str, torch.Tensor]) -> Network:
    """Return the network of `settings` with `weights`, its `state_dict()`.

    Raises:
        IntegrityError: A weight is missing, unknown, of another shape, or not finite.
    """
    network = build_network(settings, seed=0)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if expected != found:
        odd = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise IntegrityError(f"weights do not fit the network: {odd[0]} is {found.get(odd[0])}, must be {expected.get(odd[0])}")
    for name, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise IntegrityError(f"weight {name} holds a number that is not finite")
    network.load_state_dict(dict(weights))
    return network.eval()
