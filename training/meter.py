"""What happened in the environments while they were sampled, summed up in arrays instead of lists of infos."""

import time
from copy import deepcopy
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from ..envs.batch import TradingVectorEnv
from ..envs.info import gross_exposure
from ..market.account import COSTS
from ..market.order import Refusal

__all__ = ["MeteredVectorEnv"]

BASIS_POINT = 1e-4
MICROSECOND = 1e-6
ENDS = ("train/equity", "train/drawdown", "train/ruined", "train/episode_return", "train/episode_bars")
KEPT = (
    "_bars", "_episodes", "_seconds", "_sums", "_ends", "_costs", "_refused", "_actions", "_worst", "_paid", "_length",
)  # fmt: skip


class MeteredVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """Passes a batch through, scales its rewards, and keeps sums of what the simulator recorded.

    It counts as a watcher of the batch (`envs.watcher`), before accounts of ended episodes are opened anew, so every autoreset mode
    gives the same figures.

    Args:
        env: A batch.
        reward_scale: Factor on the rewards.
    """

    def __init__(self, env: TradingVectorEnv, reward_scale: float = 1.0) -> None:
        self.env, self.reward_scale = env, reward_scale
        self.num_envs, self.metadata = env.num_envs, env.metadata
        self.single_observation_space, self.observation_space = env.single_observation_space, env.observation_space
        self.single_action_space, self.action_space = env.single_action_space, env.action_space
        self.spec, self.render_mode = env.spec, env.render_mode
        self._worst = np.zeros(self.num_envs)  # deepest drawdown of the running episode
        self._paid, self._length = np.zeros(self.num_envs), np.zeros(self.num_envs, np.int64)  # of the running episode
        self._exposure = np.zeros(self.num_envs)
        self._clear()
        env.watchers.append(self)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """See Gymnasium; running episodes are forgotten."""
        return self.env.reset(seed=seed, options=options)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """See Gymnasium; rewards are scaled."""
        began = time.perf_counter()
        observation, reward, terminated, truncated, info = self.env.step(actions)
        self._seconds += time.perf_counter() - began
        return observation, reward * self.reward_scale, terminated, truncated, info

    def close(self, **options: Any) -> None:
        """Close the batch."""
        self.env.close(**options)
        self.closed = True

    def begin(self, envs: np.ndarray, env: TradingVectorEnv) -> None:
        """See `Watcher`."""
        self._worst[envs], self._paid[envs], self._length[envs] = 0.0, 0.0, 0

    def note(self, env: TradingVectorEnv) -> None:
        """See `Watcher`; nothing."""

    def observed(self, written: np.ndarray) -> None:
        """See `Watcher`; nothing."""

    def stepped(
        self, env: TradingVectorEnv, actions: np.ndarray, written: np.ndarray, rewards: np.ndarray, terminated: np.ndarray,
        truncated: np.ndarray, resetting: np.ndarray | None,
    ) -> None:  # fmt: skip
        """See `Watcher`; counts the bar."""
        played = None if resetting is None else ~resetting
        chosen = slice(None) if played is None else played
        self._count(np.asarray(actions)[chosen], rewards[chosen], chosen, True if played is None else played)
        self._finish(np.flatnonzero(terminated | truncated))

    def state(self) -> dict[str, Any]:
        """Return copies of all sums, and of what is known of running episodes."""
        return {name: deepcopy(getattr(self, name)) for name in KEPT}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        for name in KEPT:
            setattr(self, name, deepcopy(state[name]))

    def read(self) -> dict[str, float]:
        """Return the figures since the last call, by TensorBoard tag, and begin anew; tags without data are left out.

        Per bar: `train/reward` (unscaled), `train/exposure` (gross, over equity), `train/turnover` (notional over equity),
        `costs/*_bp` (basis points of equity), `refused/*` (orders a bar). Per episode that ended: `train/equity` (last over
        first), `train/drawdown` (deepest), `train/ruined` (share), `train/episode_return` (sum of unscaled rewards),
        `train/episode_bars`. Discrete actions: `actions/<label>` (share). Time of the simulator: `speed/env_us_a_step`.
        """
        bars, episodes = max(self._bars, 1), max(self._episodes, 1)
        figures = {name: value / bars for name, value in self._sums.items()} if self._bars else {}
        if self._bars:
            figures["speed/env_us_a_step"] = self._seconds / bars / MICROSECOND
            figures |= {f"costs/{line}_bp": self._costs[index] / bars / BASIS_POINT for index, line in enumerate(COSTS)}
            counts = zip(Refusal, self._refused, strict=True)
            figures |= {f"refused/{reason.name.lower()}": count / bars for reason, count in counts if count}
            figures |= {f"actions/{label}": count / bars for label, count in zip(self._labels, self._actions, strict=True)}
        if self._episodes:
            figures |= {name: value / episodes for name, value in self._ends.items()}
        self._clear()
        return {name: float(value) for name, value in figures.items()}

    def _clear(self) -> None:
        scheme = self.env.scheme
        self._bars, self._episodes, self._seconds = 0, 0, 0.0
        self._sums = {"train/reward": 0.0, "train/exposure": 0.0, "train/turnover": 0.0}
        self._ends = dict.fromkeys(ENDS, 0.0)
        self._costs, self._refused = np.zeros(len(COSTS)), np.zeros(len(Refusal), np.int64)
        self._labels = scheme.labels if scheme.discrete else ()
        self._actions = np.zeros(len(self._labels), np.int64)

    def _count(self, actions: np.ndarray, reward: np.ndarray, chosen: Any, played: Any) -> None:
        simulator = self.env.simulator
        record, account = simulator.record[chosen], simulator.account
        before = np.where(record["equity_before"] > 0.0, record["equity_before"], np.inf)
        self._bars += len(record)
        self._sums["train/reward"] += float(reward.sum())
        self._sums["train/turnover"] += float((record["traded_notional"] / before).sum())
        gross_exposure(simulator.instruments, account, simulator.position, self._exposure)
        self._sums["train/exposure"] += float(self._exposure[chosen].sum())
        self._costs += [float((record[line] / before).sum()) for line in COSTS]
        self._refused += simulator.refused[chosen].sum(axis=0)
        if self._labels:
            self._actions += np.bincount(actions, minlength=len(self._labels))
        peak = np.where(account["peak_equity"] > 0.0, account["peak_equity"], np.inf)
        np.maximum(self._worst, 1.0 - account["equity"] / peak, out=self._worst, where=played)
        self._paid[chosen] += reward
        self._length[chosen] += 1

    def _finish(self, ended: np.ndarray) -> None:
        if not len(ended):
            return
        account = self.env.simulator.account[ended]
        self._episodes += len(ended)
        self._ends["train/equity"] += float((account["equity"] / account["initial_equity"]).sum())
        self._ends["train/drawdown"] += float(self._worst[ended].sum())
        self._ends["train/ruined"] += float((account["ruined"] != 0).sum())
        self._ends["train/episode_return"] += float(self._paid[ended].sum())
        self._ends["train/episode_bars"] += float(self._length[ended].sum())
