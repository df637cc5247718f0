"""What it takes to build a network again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ...configs.strict import validate
from ...market.errors import ConfigError, did_you_mean
from .bodies.registry import body_settings, check_body, is_recurrent
from .perceptron import ACTIVATIONS
from .reading import Reading

__all__ = ["Kind", "NetworkSettings"]

Kind = Literal["actor_critic", "q_network", "soft_actor_critic"]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Plain data, part of a bundle.

    Attributes:
        kind: `actor_critic` (PPO, behaviour cloning), `q_network` (DQN) or `soft_actor_critic` (SAC).
        n_in: Length of the flat observation.
        n_out: Number of actions, or of action dimensions where `continuous`.
        continuous: Whether actions are real numbers in [-1, 1].
        hidden: Sizes of the hidden layers of each head.
        activation: `relu` or `tanh`.
        dueling: Whether a Q-network has separate heads for value and advantage.
        log_std: First log standard deviation of a Gaussian policy.
        body: What stands beneath the heads, a mapping with `kind`; None: nothing.
        reading: What the numbers of an observation are; a body needs it, and an action mask is read by it.
        forecast: Number of auxiliary targets that are forecast from the body; 0: none.
    """

    kind: Kind
    n_in: int
    n_out: int
    continuous: bool = False
    hidden: tuple[int, ...] = (64, 64)
    activation: Literal["relu", "tanh"] = "relu"
    dueling: bool = True
    log_std: float = -0.5
    body: dict[str, Any] | None = None
    reading: Reading | None = None
    forecast: int = 0

    def __post_init__(self) -> None:
        self._check_names()
        sizes = {"n_in": self.n_in, "n_out": self.n_out} | {f"hidden.{index}": size for index, size in enumerate(self.hidden)}
        for name, value in sizes.items():
            if value < 1:
                raise ConfigError(f"network.{name} must be at least 1, was {value}")
        if self.forecast < 0:
            raise ConfigError(f"network.forecast must not be negative, was {self.forecast}")
        if self.kind == "q_network" and self.continuous:
            raise ConfigError("network.kind q_network needs a discrete action scheme; train continuous actions with PPO or SAC")
        if self.kind == "soft_actor_critic" and not self.continuous:
            raise ConfigError("network.kind soft_actor_critic needs continuous actions; train discrete ones with PPO or DQN")
        if self.reading is not None and self.reading.size != self.n_in:
            raise ConfigError(f"network.reading is of observations of {self.reading.size} numbers, network.n_in is {self.n_in}")
        if self.body is not None:
            if self.reading is None:
                raise ConfigError("network.body needs network.reading; make it with Reading.of(layout)")
            check_body(self.body, self.reading, self.kind, "network.body")

    def _check_names(self) -> None:
        for name, value, known in (("kind", self.kind, get_args(Kind)), ("activation", self.activation, tuple(ACTIVATIONS))):
            if value not in known:
                near = did_you_mean(value, known)
                raise ConfigError(f"network.{name} must be one of {', '.join(known)}, was {value!r}{near}")

    @property
    def recurrent(self) -> bool:
        """Whether the network carries a state from one step to the next."""
        return is_recurrent(self.body)

    @property
    def frozen(self) -> bool:
        """Whether the body's weights stay as they begin."""
        return self.body is not None and bool(body_settings(self.body).frozen)

    @property
    def legal_at(self) -> tuple[int, ...]:
        """Places of the action mask in a flat observation; empty where there is none for these actions."""
        if self.continuous or self.reading is None or len(self.reading.legal) != self.n_out:
            return ()
        return self.reading.legal_at

    def plain(self) -> dict[str, Any]:
        """Return the settings as JSON data."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @classmethod
    def of(cls, mapping: Mapping[str, Any], where: str = "network") -> "NetworkSettings":
        """Return the settings that `plain` wrote; unknown keys are refused."""
        return validate(cls, mapping, where)
