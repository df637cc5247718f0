"""Our recurrent actor-critic as the RecurrentPPO of sb3-contrib wants it."""

from types import SimpleNamespace
from typing import Any

import torch
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from ...agents.distribution import distribution_of
from ...agents.networks.actor_critic import ActorCritic
from ...agents.networks.network import build_network
from ...agents.networks.settings import NetworkSettings
from .optimiser import ClippedAdam

__all__ = ["RecurrentPolicy"]

Cell = tuple[Tensor, ...]


class RecurrentPolicy(RecurrentActorCriticPolicy):  # type: ignore[misc]
    """The plain network stands in `net`.

    Its whole state is one tensor (B, S); sb3-contrib sees an LSTM of one layer and S units whose hidden state it is, and whose cell
    state stays zero. Arguments are those of `ActorCriticPolicy`.
    """

    def __init__(
        self, observation_space: Any, action_space: Any, lr_schedule: Any, use_sde: bool = False, *, network: NetworkSettings,
        seed: int, max_norm: float | None,
    ) -> None:  # fmt: skip
        BasePolicy.__init__(self, observation_space, action_space)  # its parents would build networks of their own
        net = build_network(network, seed)
        assert isinstance(net, ActorCritic)
        self.net, self.distribution = net, distribution_of(network)
        self.continuous = network.continuous
        size = self.net.initial(1).shape[1]
        self.lstm_actor: Any = SimpleNamespace(num_layers=1, hidden_size=size)
        self.lstm_hidden_state_shape = (1, 1, size)
        self.optimizer = ClippedAdam(self.net.parameters(), lr_schedule(1), max_norm)

    def forward(
        self, obs: Tensor, lstm_states: RNNStates, episode_starts: Tensor, deterministic: bool = False
    ) -> tuple[Tensor, Tensor, Tensor, RNNStates]:
        """Return actions, values (B,), log probabilities (B,) and the states after observations (B, n_in)."""
        inputs, value, cell = self._advance(obs, lstm_states.pi, episode_starts)
        actions = self._act(inputs, deterministic)
        return actions, value, self.distribution.log_prob(inputs, actions), RNNStates(cell, cell)

    def predict_values(self, obs: Tensor, lstm_states: Cell, episode_starts: Tensor) -> Tensor:
        """Return values, (B,)."""
        return self._advance(obs, lstm_states, episode_starts)[1]

    def evaluate_actions(
        self, obs: Tensor, actions: Tensor, lstm_states: RNNStates, episode_starts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return values, log probabilities and entropies, each (n x T,), of n padded sequences of T steps one after the other."""
        state = lstm_states.pi[0][0]
        n_sequences = len(state)
        steps = obs.reshape(n_sequences, -1, obs.shape[-1]).swapaxes(0, 1)
        began = (episode_starts > 0.5).reshape(n_sequences, -1).swapaxes(0, 1)
        inputs, value = self.net.sequence(steps, state, began)
        inputs, value = inputs.swapaxes(0, 1).flatten(0, 1), value.swapaxes(0, 1).flatten()
        return value, self.distribution.log_prob(inputs, actions), self.distribution.entropy(inputs)

    def _predict(
        self, observation: Tensor, lstm_states: Cell, episode_starts: Tensor, deterministic: bool = False
    ) -> tuple[Tensor, Cell]:
        inputs, _, cell = self._advance(observation, lstm_states, episode_starts)
        return self._act(inputs, deterministic), cell

    def _advance(self, obs: Tensor, cell: Cell, episode_starts: Tensor) -> tuple[Tensor, Tensor, Cell]:
        state = cell[0][0] * (1.0 - episode_starts)[:, None]
        inputs, value, state = self.net.advance(obs, state)
        return inputs, value, (state[None], torch.zeros_like(state)[None])

    def _act(self, inputs: Tensor, deterministic: bool) -> Tensor:
        if not deterministic:
            return self.distribution.sample(inputs, self.distribution.noise(inputs))
        return inputs.chunk(2, -1)[0] if self.continuous else torch.argmax(inputs, -1)
