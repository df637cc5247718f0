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
from .noise import first_stream, next_stream, normals, uniforms
from .policy import State

__all__ = ["NetworkPolicy", "one_thread"]


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

    Discrete schemes take the action of the highest logit or value; continuous ones take the mean, clipped to [-1, 1] as training
    clipped it. Where asked to draw, a categorical or Gaussian policy draws; a Q-network stays greedy.

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
        self.network, self.settings, self.layout = network.eval(), settings, layout
        self.scheme, self.name, self.seed = scheme, name, seed

    @property
    def requires(self) -> tuple[str, ...]:
        """Every column of the layout."""
        return (*self.layout.names, *(column.name for column in self.layout.private))

    def initial_state(self, batch: int) -> State:
        """Return the streams of `batch` accounts."""
        return first_stream(batch)

    def answer(self, flat: np.ndarray) -> np.ndarray:
        """Return what decisions are made of: logits, action values or means.

        Args:
            flat: Observations, float32 (B, n_in).

        Returns:
            float32 (B, n_out).

        Raises:
            ShapeError: `flat` has another shape.
        """
        if flat.ndim != 2 or flat.shape[1] != self.settings.n_in:
            raise ShapeError(f"observations must have the shape (B, {self.settings.n_in}), was {flat.shape}")
        with one_thread(), torch.inference_mode():
            answer: np.ndarray = self.network.answer(torch.from_numpy(np.ascontiguousarray(flat, np.float32))).numpy()
        return answer

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """Decide for each account of a batch; see `Policy.act`."""
        answer = self.answer(observation.flat())
        if deterministic:
            return Decision(self.scheme, self._best(answer)), state
        return Decision(self.scheme, self._drawn(answer, state)), next_stream(dict(state))

    def _best(self, answer: np.ndarray) -> np.ndarray:
        if self.settings.continuous:
            return np.asarray(np.clip(answer, -1.0, 1.0), np.float64)
        return np.asarray(np.argmax(answer, axis=1), np.int64)

    def _drawn(self, answer: np.ndarray, state: State) -> np.ndarray:
        if not isinstance(self.network, ActorCritic):
            return self._best(answer)
        stream, draw = state["stream"], state["draw"]
        if self.network.log_std is not None:
            deviation = np.exp(self.network.log_std.detach().clamp(-5.0, 1.0).numpy().astype(np.float64))
            return np.asarray(np.clip(answer + deviation * normals(self.seed, stream, draw, answer.shape[1]), -1.0, 1.0))
        weight = np.exp(answer.astype(np.float64) - answer.max(axis=1, keepdims=True))
        share = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        chosen = (uniforms(self.seed, stream, draw, 1) > share).sum(axis=1)
        return np.asarray(np.minimum(chosen, answer.shape[1] - 1), np.int64)
