"""A network that decides: plain torch, one thread, no Ray."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from ..encoders.layout import Layout
from ..encoders.observation import Observation
from ..market.decision import Decision
from ..market.errors import ConfigError, ShapeError
from .networks.actor_critic import ActorCritic
from .networks.network import Network, NetworkSettings
from .networks.reading import Reading
from .noise import first_stream, next_stream, normals, uniforms
from .policy import State

__all__ = ["NetworkPolicy", "one_thread"]

MEMORY = "memory"


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread inside the block: small networks are faster so, and the sums keep their order."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


class NetworkPolicy:
    """Acts on flat observations.

    Discrete schemes take the action of the highest logit or value among those that the action mask allows; continuous ones take the
    mean, clipped to [-1, 1] as training clipped it, or its tanh (SAC). Where asked to draw, it draws from the distribution of
    training; a Q-network stays greedy. A recurrent network's memory is part of the state, float32 (B, S).

    Args:
        network: The weights, in evaluation mode.
        settings: What the network was built with.
        layout: What the observation's numbers are.
        scheme: Name of the action scheme.
        name: For tables and logs.
        seed: Of the stream that draws.
    """

    def __init__(
        self, network: Network, settings: NetworkSettings, layout: Layout, scheme: str, *, name: str = "network", seed: int = 0
    ) -> None:
        if settings.n_in != layout.size:
            raise ConfigError(f"the network reads {settings.n_in} numbers, the layout has {layout.size}; train it on this layout")
        if settings.reading is not None and settings.reading != Reading.of(layout):
            raise ConfigError("the network reads other columns than the layout has; train it on this layout")
        self.network, self.settings, self.layout = network.eval(), settings, layout
        self.scheme, self.name, self.seed = scheme, name, seed

    @property
    def requires(self) -> tuple[str, ...]:
        """Every column of the layout."""
        return (*self.layout.names, *(column.name for column in self.layout.private))

    def initial_state(self, batch: int) -> State:
        """Return the streams, and where the network remembers the empty memories, of `batch` accounts."""
        if isinstance(self.network, ActorCritic) and self.network.recurrent:
            return {**first_stream(batch), MEMORY: self.network.initial(batch).cpu().numpy()}
        return first_stream(batch)

    def answer(self, flat: np.ndarray, state: State | None = None) -> np.ndarray:
        """Return what decisions are made of: logits, action values, means or their tanh.

        Args:
            flat: Observations, float32 (B, n_in).
            state: What the network remembers; None: nothing yet.

        Returns:
            float32 (B, n_out).

        Raises:
            ShapeError: `flat` has another shape.
        """
        inputs = self._inputs(flat, self.initial_state(len(flat)) if state is None else state)[0]
        return self._best_of(inputs)

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """Decide for each account of a batch; see `Policy.act`."""
        inputs, memory = self._inputs(observation.flat(), state)
        following = {**state, **memory}
        if deterministic or self.settings.kind == "q_network":
            best = self._best_of(inputs)
            return Decision(self.scheme, self._bounded(best) if self.settings.continuous else best.argmax(axis=1)), following
        return Decision(self.scheme, self._drawn(inputs, state)), {**following, **next_stream(dict(state))}

    def _inputs(self, flat: np.ndarray, state: State) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return the network's own numbers (B, K) and what it remembers afterwards."""
        if flat.ndim != 2 or flat.shape[1] != self.settings.n_in:
            raise ShapeError(f"observations must have the shape (B, {self.settings.n_in}), was {flat.shape}")
        with one_thread(), torch.inference_mode():
            seen = torch.from_numpy(np.ascontiguousarray(flat, np.float32))
            if isinstance(self.network, ActorCritic) and self.network.recurrent:
                inputs, _, memory = self.network.advance(seen, torch.from_numpy(np.ascontiguousarray(state[MEMORY])))
                return inputs.numpy(), {MEMORY: memory.numpy()}
            return self.network(seen).numpy(), {}

    def _best_of(self, inputs: np.ndarray) -> np.ndarray:
        if not self.settings.continuous:
            return inputs
        mean = inputs[:, : self.settings.n_out]
        return torch.from_numpy(mean).tanh().numpy() if self.settings.kind == "soft_actor_critic" else mean

    def _bounded(self, actions: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip(actions, -1.0, 1.0), np.float64)

    def _drawn(self, inputs: np.ndarray, state: State) -> np.ndarray:
        stream, draw = state["stream"], state["draw"]
        if self.settings.continuous:
            mean, log_std = np.split(inputs.astype(np.float64), 2, axis=1)
            drawn = mean + np.exp(log_std) * normals(self.seed, stream, draw, mean.shape[1])
            return self._bounded(np.tanh(drawn) if self.settings.kind == "soft_actor_critic" else drawn)
        weight = np.exp(inputs.astype(np.float64) - inputs.max(axis=1, keepdims=True))
        share = np.cumsum(weight, axis=1)
        chosen = (share <= uniforms(self.seed, stream, draw, 1) * share[:, -1:]).sum(axis=1)
        return np.asarray(np.minimum(chosen, inputs.shape[1] - 1), np.int64)
