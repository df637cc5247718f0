"""One environment: a batch of one, whatever the id."""

from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete

from ..data.tape import Tape
from ..encoders.layout import Layout
from ..market.errors import ConfigError, ShapeError
from .batch import TradingVectorEnv
from .portfolio import PortfolioVectorEnv
from .world import Features

__all__ = ["PortfolioEnv", "SingleEnv", "TradingEnv"]


class SingleEnv(gymnasium.Env[Any, Any]):
    """A batch of one behind Gymnasium's interface for single environments. Observations never share memory between calls.

    `reset(seed=s)` gives what sub-environment i of a batch gives for `reset(seed=[..., s, ...])` with s in place i.

    Attributes:
        batch: The batch of one.
    """

    batch_class: ClassVar[type[TradingVectorEnv]] = TradingVectorEnv
    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "ansi"], "render_fps": 4, "leaks": False}  # noqa: RUF012

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, render_mode: str | None = None,
                 **settings: Any) -> None:
        """Build it; arguments as those of the batch, less `num_envs` and `autoreset_mode`."""
        for name in ("num_envs", "autoreset_mode"):
            if name in settings:
                raise ConfigError(f"{name} is an option of batches; use gymnasium.make_vec, or leave it out")
        self.batch = self.batch_class(tape, features, num_envs=1, autoreset_mode="disabled", render_mode=render_mode, **settings)
        self.render_mode = render_mode
        self.metadata = {**type(self).metadata, "leaks": self.batch.leaks}
        self.observation_space = self.batch.single_observation_space
        self.action_space = self.batch.single_action_space
        self._action_shape = () if isinstance(self.action_space, Discrete) else self.action_space.shape

    @property
    def layout(self) -> Layout:
        """What the numbers of an observation are."""
        return self.batch.layout

    @property
    def leaks(self) -> bool:
        """Whether observations know the future on purpose."""
        return self.batch.leaks

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode: observation (float32 (D,), or in another form) and info of scalars. See `TradingVectorEnv.reset`."""
        observations, info = self.batch.reset(seed=None if seed is None else [seed], options=options)
        self._np_random = self.batch.streams.generator(0)
        self._np_random_seed = self.batch.streams.seeds[0]
        return _one(observations), _first(info)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decide at the close of the current row and play the next bar. See `TradingVectorEnv.step`."""
        try:
            given = np.asarray(action)
        except (TypeError, ValueError):
            raise ShapeError(f"action must have the shape {self._action_shape}, was a {type(action).__name__} that makes no array; "
                             "give every row the same length") from None
        if given.shape != self._action_shape:
            raise ShapeError(f"action must have the shape {self._action_shape}, was {given.shape}")
        observations, rewards, terminated, truncated, info = self.batch.step(given[None])
        return _one(observations), rewards.item(), terminated.item(), truncated.item(), _first(info) if info else info

    def get_state(self) -> dict[str, Any]:
        """Return copies of everything that decides how the episode goes on. See `TradingVectorEnv.get_state`."""
        return self.batch.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a state that `get_state` returned. See `TradingVectorEnv.set_state`."""
        self.batch.set_state(state)
        self._np_random = self.batch.streams.generator(0)
        self._np_random_seed = self.batch.streams.seeds[0]

    def render(self) -> Any:
        """Return a picture (uint8 (height, width, 3)) or a table (str) of the episode so far; None without a `render_mode`."""
        frames: tuple[Any, ...] | None = self.batch.render()
        return None if frames is None else frames[0]

    def close(self) -> None:
        """Close the batch; stepping afterwards is an error."""
        self.batch.close()


class TradingEnv(SingleEnv):
    """`quantgym/Trading-v0`: see `TradingVectorEnv`."""


class PortfolioEnv(SingleEnv):
    """`quantgym/Portfolio-v0`: see `PortfolioVectorEnv`."""

    batch_class = PortfolioVectorEnv


def _one(observations: Any) -> Any:
    if isinstance(observations, dict):
        return {name: values[0] for name, values in observations.items()}
    return observations[0]


def _first(info: dict[str, Any]) -> dict[str, Any]:
    return {name: values[0] for name, values in info.items() if not name.startswith("_")}
