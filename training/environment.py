"""The environments of a run: what they play on, made for RLlib, for validation, for recording."""

from dataclasses import dataclass, field, replace
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator
from gymnasium.vector import AutoresetMode, VectorEnv

from ..data.tape import Tape
from ..encoders.table import FeatureTable
from ..envs.batch import TradingVectorEnv
from ..envs.registration import IDS, register
from ..market.cost import CostSettings
from ..market.errors import ConfigError, UnknownNameError
from .meter import MeteredVectorEnv

__all__ = ["Blueprint", "assert_next_step", "make_for_rllib"]


@dataclass(frozen=True)
class Blueprint:
    """Everything that it takes to make an environment of a run again, in any process.

    Attributes:
        id: `quantgym/...`.
        tape: What is traded; None where the world draws its own paths.
        table: Features of every row of the tape; None with `tape`.
        rows: First row and the row after the last that episodes may touch; None: all.
        costs: What trading costs; None: the world's own.
        settings: Options of the environment, as `EnvSettings` names them.
        reward_scale: Factor on the rewards that RLlib learns from; metrics are in units of the reward itself.
    """

    id: str
    tape: Tape | None
    table: FeatureTable | None
    rows: tuple[int, int] | None
    costs: CostSettings | None
    settings: dict[str, Any] = field(default_factory=dict)
    reward_scale: float = 1.0

    def make(self, num_envs: int, **changes: Any) -> TradingVectorEnv:
        """Return the native batch of `num_envs` environments, with some options changed."""
        _check_world(self.id)
        made: TradingVectorEnv = gym.make_vec(  # type: ignore[assignment]
            self.id,
            num_envs=num_envs,
            vectorization_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT,
            tape=self.tape,
            features=self.table,
            costs=self.costs,
            **{"rows": self.rows, **self.settings, **changes},
        )
        return made

    def on_rows(self, rows: tuple[int, int]) -> "Blueprint":
        """Return the same world on other rows of the tape."""
        return replace(self, rows=rows)


def _check_world(env_id: str) -> None:
    """Raise where `env_id` is unknown, or makes no native batch over the simulator."""
    register()
    if env_id not in gym.registry:
        meant = f"quantgym/{env_id.removeprefix('quantgym/').removesuffix('-v0')}-v0"
        if meant in IDS:  # the bare name, as one says it
            raise ConfigError(f"unknown environment {env_id!r}; did you mean {meant}? (env.id)")
        raise UnknownNameError("environment", env_id, IDS, "env.id")
    batch = gym.registry[env_id].vector_entry_point
    maker = load_env_creator(batch) if isinstance(batch, str) else batch
    if not (isinstance(maker, type) and issubclass(maker, TradingVectorEnv)):
        raise ConfigError(f"env.id {env_id} is no batch over the simulator, which training needs; ours are {', '.join(IDS)}")


def assert_next_step(env: VectorEnv[Any, Any, Any]) -> None:
    """Raise ConfigError where `env` does not reset in the step after an episode's end.

    Stock RLlib assumes NEXT_STEP and never checks: with SAME_STEP it records the first observation of the new episode as the last
    one of the old, silently.
    """
    mode = env.metadata.get("autoreset_mode")
    if mode is not AutoresetMode.NEXT_STEP:
        raise ConfigError(f"stock RLlib needs autoreset mode NEXT_STEP, the environment has {getattr(mode, 'name', mode)}")


def make_for_rllib(context: Any) -> MeteredVectorEnv:
    """Return the environment that RLlib asks for.

    Args:
        context: RLlib's `EnvContext`: `num_envs`, and `blueprint`, the object reference of a `Blueprint` in Ray's store.
    """
    import ray

    blueprint: Blueprint = ray.get(context["blueprint"])
    env = blueprint.make(context["num_envs"], autoreset_mode="next_step", info=())
    assert_next_step(env)
    return MeteredVectorEnv(env, blueprint.reward_scale)
