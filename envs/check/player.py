"""Playing anything of Gymnasium's in one way: a vector environment, or single ones in a row."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from ...market.errors import IntegrityError

__all__ = ["Player", "SinglePlayer", "Turn", "VectorPlayer"]

Seeds = int | Sequence[int | None] | None


@dataclass
class Turn:
    """What E sub-environments returned in one call, each list of length E.

    Attributes:
        observations: What a policy sees next; after an episode's end the first observation of the next one.
        reached: The true observation after the step; another one than `observations` where an episode ended.
        rewards: As they came.
        terminated: As they came.
        truncated: As they came.
        infos: Of the step itself, without what belongs to the next episode.
        begun: Whether this call only began an episode (mode NEXT_STEP): its action meant nothing.
        raw: Observations, rewards and flags just as the call returned them.
    """

    observations: list[Any]
    reached: list[Any]
    rewards: list[Any]
    terminated: list[Any]
    truncated: list[Any]
    infos: list[dict[str, Any]]
    begun: list[bool]
    raw: tuple[Any, ...]

    def done(self, e: int) -> bool:
        """Return whether an episode ended in sub-environment e."""
        return bool(self.terminated[e] or self.truncated[e])


class Player(ABC):
    """E sub-environments: reset with seeds, step with a list of E actions; ended episodes begin again at once."""

    n: int
    observation_space: Any
    action_space: Any

    @abstractmethod
    def reset(self, seed: Seeds = None) -> Turn:
        """Begin new episodes; rewards and flags of the turn are empty."""

    @abstractmethod
    def step(self, actions: Sequence[Any]) -> Turn:
        """Step every sub-environment."""

    @abstractmethod
    def close(self) -> None:
        """Close them."""

    @property
    @abstractmethod
    def unwrapped(self) -> list[Any]:
        """The environments themselves: one batch, or E single ones."""


class VectorPlayer(Player):
    """A vector environment, whatever its autoreset mode."""

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        self.env, self.n = env, env.num_envs
        self.observation_space, self.action_space = env.single_observation_space, env.single_action_space
        self.mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self._done = np.zeros(self.n, np.bool_)

    def reset(self, seed: Seeds = None) -> Turn:
        """See `Player.reset`."""
        observations, info = _pair(self.env.reset(seed=seed))  # type: ignore[arg-type]
        self._done[:] = False
        rows = self._rows(observations)
        return Turn(rows, rows, [], [], [], self._infos(info), [True] * self.n, (observations,))

    def step(self, actions: Sequence[Any]) -> Turn:
        """See `Player.step`."""
        before = self._done.copy()
        raw = _five(self.env.step(self.batched(actions)))
        observations, rewards, terminated, truncated, info = raw
        begun = before if self.mode is AutoresetMode.NEXT_STEP else np.zeros(self.n, np.bool_)
        rows, infos = self._rows(observations), self._infos(info)
        reached = list(rows)
        done = np.logical_or(terminated, truncated)
        if self.mode is AutoresetMode.SAME_STEP:
            for e in np.flatnonzero(done):
                final = info.get("final_obs")
                reached[e] = None if final is None else final[e]
                infos[e] = _info_of(info.get("final_info", {}), int(e))
        elif self.mode is AutoresetMode.DISABLED and done.any():
            raw = (deepcopy(observations), *raw[1:])
            reached = self._rows(raw[0])
            rows = self._rows(_pair(self.env.reset(options={"reset_mask": np.array(done)}))[0])
        self._done = np.array(done)
        return Turn(rows, reached, list(rewards), list(terminated), list(truncated), infos, begun.tolist(), raw[:4])

    def batched(self, actions: Sequence[Any]) -> Any:
        """Return E actions as the environment's `step` takes them."""
        if isinstance(actions, np.ndarray):
            return actions
        if isinstance(actions[0], (np.ndarray, np.generic, int, float)):
            return np.stack([np.asarray(action) for action in actions])
        return concatenate(self.action_space, actions, create_empty_array(self.action_space, self.n))

    def close(self) -> None:
        """See `Player.close`."""
        self.env.close()

    @property
    def unwrapped(self) -> list[Any]:
        """See `Player.unwrapped`."""
        return [self.env.unwrapped]

    def _rows(self, observations: Any) -> list[Any]:
        if isinstance(observations, np.ndarray):
            return list(observations)
        return list(iterate(self.env.observation_space, observations))

    def _infos(self, info: dict[str, Any]) -> list[dict[str, Any]]:
        return [_info_of(info, e) for e in range(self.n)]


def _info_of(info: Any, e: int) -> dict[str, Any]:
    """Return the info of one sub-environment from the arrays of a batch."""
    out = {}
    for name, values in info.items():
        if name.startswith("_") or name in ("final_obs", "final_info"):
            continue
        mask = info.get(f"_{name}")
        if (mask is None or mask[e]) and not isinstance(values, dict):
            out[name] = values[e]
    return out


def _pair(given: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[1], dict):
        raise IntegrityError(f"reset must return (observation, info), info a dict, returned {_named(given)}")
    return given


def _five(given: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    if not isinstance(given, tuple) or len(given) != 5 or not isinstance(given[4], dict):
        raise IntegrityError("step must return (observation, reward, terminated, truncated, info), info a dict, returned "
                             f"{_named(given)}")
    return given


def _named(given: Any) -> str:
    if not isinstance(given, tuple):
        return f"a {type(given).__name__}"
    return f"{len(given)} values, the last one a {type(given[-1]).__name__}" if given else "an empty tuple"


class SinglePlayer(Player):
    """Single environments in a row; each is reset in the step in which its episode ends."""

    def __init__(self, envs: Sequence[Env[Any, Any]]) -> None:
        self.envs, self.n = list(envs), len(envs)
        self.observation_space, self.action_space = envs[0].observation_space, envs[0].action_space

    def reset(self, seed: Seeds = None) -> Turn:
        """See `Player.reset`; an int s seeds environment i with s + i."""
        given = [None if seed is None else seed + e for e in range(self.n)] if not isinstance(seed, Sequence) else list(seed)
        pairs = [_pair(env.reset(seed=one)) for env, one in zip(self.envs, given, strict=True)]
        seen = [pair[0] for pair in pairs]
        return Turn(seen, seen, [], [], [], [dict(pair[1]) for pair in pairs], [True] * self.n, (seen,))

    def step(self, actions: Sequence[Any]) -> Turn:
        """See `Player.step`."""
        results = [_five(env.step(deepcopy(action))) for env, action in zip(self.envs, actions, strict=True)]
        given, rewards, terminated, truncated = ([result[place] for result in results] for place in range(4))
        seen, reached = list(given), list(given)
        infos = [dict(result[4]) for result in results]
        for e, env in enumerate(self.envs):
            if terminated[e] or truncated[e]:
                reached[e] = deepcopy(given[e])  # the reset may write into what was given
                seen[e] = _pair(env.reset())[0]
        return Turn(seen, reached, rewards, terminated, truncated, infos, [False] * self.n,
                    (given, rewards, terminated, truncated))

    def close(self) -> None:
        """See `Player.close`."""
        for env in self.envs:
            env.close()  # type: ignore[no-untyped-call]

    @property
    def unwrapped(self) -> list[Any]:
        """See `Player.unwrapped`."""
        return [env.unwrapped for env in self.envs]
