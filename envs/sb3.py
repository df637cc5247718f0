"""A native batch as stable-baselines3 wants it: a thin VecEnv, importable where stable-baselines3 is installed."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from ..market.errors import ConfigError

__all__ = ["BatchVecEnv"]

Indices = None | int | Iterable[int]


class BatchVecEnv(VecEnv):  # type: ignore[misc]
    """E sub-environments of a native batch behind stable-baselines3's `VecEnv`; nothing is copied but final infos.

    Observations are those of the batch (an array, or a dict of them), rewards float32 (E,) as in `DummyVecEnv`. `infos` are E
    dicts of their own: empty while an episode runs; at its end `terminal_observation` (the true last one),
    `TimeLimit.truncated` and the numbers of `final_info`. The arrays of the last step's `info` are in `info`.

    `seed(s)` has `DummyVecEnv`'s meaning: the next reset gives sub-environment i what `gymnasium.make(id).reset(seed=s + i)` has.

    Attributes:
        envs: The batch.
        info: What its last `reset` or `step` returned as `info`.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        """Wrap a batch; ConfigError where its autoreset mode is not `same_step`."""
        mode = envs.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ConfigError("stable-baselines3 needs autoreset mode SAME_STEP, the batch has "
                              f"{getattr(mode, 'name', mode)}; make it with autoreset_mode='same_step'")
        self.envs = envs
        self.info: dict[str, Any] = {}
        self._actions: np.ndarray | None = None
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Any:
        """Begin new episodes, with the seeds and options that were set since the last time; return observations."""
        options = self._options[0]
        if any(other != options for other in self._options):
            raise ConfigError(f"a batch has one set of reset options for all sub-environments, had {self._options}")
        seeds: Any = list(self._seeds)
        observations, self.info = self.envs.reset(seed=seeds, options=options or None)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step; return observations, rewards float32 (E,), dones bool (E,) and infos."""
        observations, rewards, terminated, truncated, self.info = self.envs.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for e in np.flatnonzero(done):
            final = self.info.get("final_info", {})
            infos[e] = {name: values[e] for name, values in final.items() if not name.startswith("_")}
            infos[e]["terminal_observation"] = self.info["final_obs"][e]
            infos[e]["TimeLimit.truncated"] = bool(truncated[e] and not terminated[e])
        return observations, rewards.astype(np.float32), done, infos

    def close(self) -> None:
        """Close the batch."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return a picture of each sub-environment, where the batch was made with `render_mode="rgb_array"`."""
        frames: Any = self.envs.render()
        return [None] * self.num_envs if frames is None else list(frames)

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """Return an attribute of the batch, once for each of `indices`: sub-environments have none of their own."""
        return [getattr(self.envs, attr_name)] * len(self._places(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute of the batch; ConfigError for some sub-environments alone."""
        if len(self._places(indices)) != self.num_envs:
            raise ConfigError(f"{attr_name} belongs to the whole batch of {self.num_envs}, cannot be set for {indices} alone")
        setattr(self.envs, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> list[Any]:
        """Refuse: a batch has no single environments."""
        raise ConfigError(f"a batch has no single environments to call {method_name} on; call envs.{method_name}(...) of the batch")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: Indices = None) -> list[bool]:
        """Return False for each: sub-environments are never wrapped one by one."""
        return [False] * len(self._places(indices))

    def _places(self, indices: Indices) -> list[int]:
        if indices is None:
            return list(range(self.num_envs))
        return [indices] if isinstance(indices, int) else list(indices)
