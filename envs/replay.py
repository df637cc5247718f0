"""Playing a batch with given seeds and actions, and everything that came back: what the checker compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

__all__ = ["Replay", "play"]


Envs = slice | Sequence[int]


@dataclass
class Replay:
    """What a batch returned, step by step.

    Attributes:
        first: Observations of the reset, (E, D).
        observations: Observations of each step.
        rewards: (E,) of each step.
        terminated: (E,) of each step.
        truncated: (E,) of each step.
        infos: Of each step.
    """

    first: np.ndarray
    observations: list[np.ndarray] = field(default_factory=list)
    rewards: list[np.ndarray] = field(default_factory=list)
    terminated: list[np.ndarray] = field(default_factory=list)
    truncated: list[np.ndarray] = field(default_factory=list)
    infos: list[dict[str, Any]] = field(default_factory=list)

    def done(self, step: int) -> np.ndarray:
        """Return which sub-environments' episodes ended in a step, bool (E,)."""
        return np.asarray(self.terminated[step] | self.truncated[step])

    def difference(self, other: "Replay", envs: Envs = slice(None), other_envs: Envs = slice(None)) -> str | None:
        """Return in words where the chosen sub-environments first differ from those of another replay in a bit; None: nowhere."""
        if self.first[envs].tobytes() != other.first[other_envs].tobytes():
            return "the observation of the reset"
        for step in range(len(self.rewards)):
            for name in ("observations", "rewards", "terminated", "truncated"):
                mine, theirs = getattr(self, name)[step][envs], getattr(other, name)[step][other_envs]
                if np.ascontiguousarray(mine).tobytes() != np.ascontiguousarray(theirs).tobytes():
                    return f"{name} of step {step}"
        return None


def actions_of(env: VectorEnv[Any, Any, Any], seed: int) -> Iterator[np.ndarray]:
    """Yield random actions of the batch without end."""
    env.action_space.seed(seed)
    while True:
        yield env.action_space.sample()


def play(env: Any, seed: int | Sequence[int], actions: Sequence[np.ndarray], *,
         reset_done: bool = False) -> Replay:
    """Reset with `seed`, step with `actions`, return what came back (copies); `reset_done` resets ended episodes by hand."""
    observations, _ = env.reset(seed=seed)
    replay = Replay(observations.copy())
    for action in actions:
        observations, rewards, terminated, truncated, info = env.step(action)
        replay.observations.append(observations.copy())
        replay.rewards.append(rewards.copy())
        replay.terminated.append(terminated.copy())
        replay.truncated.append(truncated.copy())
        replay.infos.append(info)
        done = terminated | truncated
        if reset_done and done.any():
            env.reset(options={"reset_mask": done})
    return replay
