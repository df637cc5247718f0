"""From settings to a network with seeded weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch

from ...configs.strict import validate
from ...market.errors import ConfigError, IntegrityError
from .actor_critic import ActorCritic
from .perceptron import ACTIVATIONS
from .q_network import QNetwork

__all__ = ["Network", "NetworkSettings", "build_network", "load_weights"]

Network = ActorCritic | QNetwork
Kind = Literal["actor_critic", "q_network"]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What it takes to build a network again.

    Attributes:
        kind: `actor_critic` (PPO) or `q_network` (DQN).
        n_in: Length of the flat observation.
        n_out: Number of actions, or of action dimensions where `continuous`.
        continuous: Whether actions are real numbers in [-1, 1].
        hidden: Sizes of the hidden layers.
        activation: `relu` or `tanh`.
        dueling: Whether a Q-network has separate heads for value and advantage.
        log_std: First log standard deviation of a Gaussian policy.
    """

    kind: Kind
    n_in: int
    n_out: int
    continuous: bool = False
    hidden: tuple[int, ...] = (64, 64)
    activation: Literal["relu", "tanh"] = "relu"
    dueling: bool = True
    log_std: float = -0.5

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigError(f"network.kind must be one of {', '.join(get_args(Kind))}, was {self.kind!r}")
        if self.activation not in ACTIVATIONS:
            raise ConfigError(f"network.activation must be one of {', '.join(ACTIVATIONS)}, was {self.activation!r}")
        sizes = {"n_in": self.n_in, "n_out": self.n_out} | {f"hidden.{index}": size for index, size in enumerate(self.hidden)}
        for name, value in sizes.items():
            if value < 1:
                raise ConfigError(f"network.{name} must be at least 1, was {value}")
        if self.kind == "q_network" and self.continuous:
            raise ConfigError("network.kind q_network needs a discrete action scheme; train continuous actions with PPO")

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON data."""
        return {**asdict(self), "hidden": list(self.hidden)}

    @classmethod
    def of(cls, mapping: Mapping[str, Any], where: str = "network") -> "NetworkSettings":
        """Return the settings that `plain` wrote; unknown keys are refused."""
        return validate(cls, mapping, where)


def build_network(settings: NetworkSettings, seed: int) -> Network:
    """Return a network whose weights are a function of `settings` and `seed`; torch's global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if settings.kind == "q_network":
            return QNetwork(settings.n_in, settings.n_out, settings.hidden, settings.activation, dueling=settings.dueling)
        return ActorCritic(
            settings.n_in,
            settings.n_out,
            settings.hidden,
            settings.activation,
            continuous=settings.continuous,
            log_std=settings.log_std,
        )


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
