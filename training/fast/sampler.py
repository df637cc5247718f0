"""Plays a native batch with a network, a rollout at a time, with no Python for single sub-environments."""

import time
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from torch import Tensor

from ...agents.distribution import Distribution
from ...agents.networks.actor_critic import ActorCritic
from ...envs.batch import TradingVectorEnv
from ...market.errors import ConfigError
from ..meter import MeteredVectorEnv
from .rollout import Rollout
from .sampled import Cuts, Sampled

__all__ = ["Sampler"]


class Sampler:
    """A batch of environments, the network that plays it, and where both stand.

    Args:
        env: A batch that begins anew in the step that ends an episode.
        network: The actor-critic.
        distribution: What these numbers mean.
        n_steps: T of a rollout.
        sequence_bars: L, after how many steps a recurrent network's state is kept, a divisor of T; None: T.
        reward_scale: Factor on the rewards.
        seed: Of the noise; environments are seeded in `begin`.
        device: Where the network stands.

    Raises:
        ConfigError: The batch begins anew at another time.
    """

    def __init__(
        self,
        env: TradingVectorEnv,
        network: ActorCritic,
        distribution: type[Distribution],
        *,
        n_steps: int,
        sequence_bars: int | None = None,
        reward_scale: float = 1.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ConfigError(f"the fast path needs autoreset mode SAME_STEP, the environment has {getattr(mode, 'name', mode)}")
        self.env, self.network, self.distribution = env, network, distribution
        self.n_steps, self.sequence_bars = n_steps, sequence_bars or n_steps
        self.device = device
        self.recurrent = network.recurrent
        self.meter, self._cuts = MeteredVectorEnv(env, reward_scale), Cuts()
        env.watchers.append(self._cuts)
        self._noise = torch.Generator().manual_seed(seed)
        self._seen: np.ndarray | None = None
        self._state = torch.zeros(env.num_envs, 0)

    @property
    def begun(self) -> bool:
        """Whether there is an observation to decide on."""
        return self._seen is not None

    def begin(self, seed: int, noise: int | None = None) -> None:
        """Begin new episodes everywhere, with new noise where a seed of it is given."""
        if noise is not None:
            self._noise.manual_seed(noise)
        self._seen, _ = self.meter.reset(seed=seed)
        if self.recurrent:
            self._state = self.network.initial(self.env.num_envs).cpu()

    @torch.inference_mode()
    def sample(self) -> tuple[Rollout, Sampled]:
        """Play T steps from where the last rollout stopped; return them and the sums of what happened."""
        assert self._seen is not None, "begin() comes first"
        started, n_steps, n_envs, seen = time.perf_counter(), self.n_steps, self.env.num_envs, self._seen
        cuts, simulator, step = self._cuts, self.env.simulator, self.meter.step
        cuts.clear()
        obs = np.empty((n_steps, *seen.shape), np.float32)
        rewards, rows = np.empty((n_steps, n_envs), np.float32), np.empty((n_steps, n_envs), np.int32)
        terminated, truncated = np.empty((n_steps, n_envs), np.bool_), np.empty((n_steps, n_envs), np.bool_)
        numbers, drawn, states, final_states = [], [], [], []
        noise: Tensor | None = None
        for t in range(n_steps):
            obs[t], rows[t] = seen, simulator.rows
            if t % self.sequence_bars == 0:
                states.append(self._state)
            dist_inputs = self._decide(seen)
            if noise is None:
                noise = self.distribution.noise(dist_inputs.new_empty(()).expand(n_steps, *dist_inputs.shape), self._noise)
            action = self.distribution.sample(dist_inputs, noise[t])
            numbers.append(dist_inputs)
            drawn.append(action)
            played = action if action.dtype == torch.int64 else action.clamp(-1.0, 1.0)
            seen, rewards[t], terminated[t], truncated[t], _ = step(played.numpy())
            if self.recurrent:
                if cuts.at and cuts.at[-1][0, 0] == t:
                    final_states.append(self._state[torch.from_numpy(cuts.at[-1][1])])
                self._state = self._state * torch.from_numpy(~(terminated[t] | truncated[t]))[:, None]
        self._seen = seen
        dist_inputs, actions = torch.stack(numbers), torch.stack(drawn)
        final_at = np.concatenate([np.zeros((2, 0), np.int64), *cuts.at], axis=1)
        rollout = Rollout(
            obs=obs,
            actions=actions.numpy(),
            rewards=rewards,
            terminated=terminated,
            truncated=truncated,
            log_probs=self.distribution.log_prob(dist_inputs, actions).numpy(),
            dist_inputs=dist_inputs.numpy(),
            rows=rows,
            states=torch.stack(states).numpy(),
            last_obs=seen.copy(),
            last_state=self._state.numpy().copy(),
            final_at=final_at,
            final_obs=np.concatenate([np.zeros((0, obs.shape[2]), np.float32), *cuts.obs]),
            final_states=torch.cat(final_states).numpy() if final_states else self._state.numpy()[final_at[1]],
        )
        return rollout, Sampled(self.meter.take(), time.perf_counter() - started)

    def _decide(self, seen: np.ndarray) -> Tensor:
        flat = torch.from_numpy(seen).to(self.device)
        dist_inputs: Tensor
        if self.recurrent:
            dist_inputs, _, state = self.network.advance(flat, self._state.to(self.device))
            self._state = state.cpu()
        else:
            dist_inputs = self.network(flat)
        return dist_inputs.cpu()

    def state(self) -> dict[str, Any]:
        """Return copies of all that decides how sampling goes on, besides the weights.

        Raises:
            EpisodeError: Nothing was sampled yet.
        """
        return {
            "env": self.env.get_state(),
            "seen": None if self._seen is None else self._seen.copy(),
            "state": self._state.numpy().copy(),
            "noise": self._noise.get_state().numpy().copy(),
            "meter": self.meter.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises:
            IntegrityError: It is of another environment.
        """
        self.env.set_state(state["env"])
        self._seen, self._state = state["seen"].copy(), torch.from_numpy(state["state"].copy())
        self._noise.set_state(torch.from_numpy(state["noise"]))
        self.meter.load(state["meter"])
