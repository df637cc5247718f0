"""What an environment must share with the one whose state it takes, as plain values that can be compared and shown."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..market.errors import IntegrityError
from .spec import EnvSettings
from .start import StartSettings

if TYPE_CHECKING:
    from .batch import TradingVectorEnv

__all__ = ["STATE_VERSION", "identity", "require_identity"]

STATE_VERSION = 3
PLAIN = (str, int, float, bool, type(None))
CONSTRUCTOR = ("tape", "features", "num_envs", "asset", "rows", "costs", "render_mode")


def identity(env: "TradingVectorEnv") -> dict[str, Any]:
    """Return what decides how episodes go on, beside their state: the rows that are played and how they are divided into tapes,
    what is drawn for the next episodes, what orders cost and are held to, what is paid.

    Forms of observation, threads, infos and pictures may differ.
    """
    world, settings, starts = env.world, env.settings, env.starts
    content = env.tape if world.pool is None else world.pool
    own = {name: value for name, value in env._given.items() if name not in CONSTRUCTOR and name not in KNOWN}
    return {
        "version": STATE_VERSION, "env": env.name, "num_envs": env.num_envs, "layout": env.layout.to_json(),
        "tape": content.digest if world.source is not None else "", "action": repr(env.scheme), "costs": repr(env.costs),
        "episode_bars": settings.episode_bars, "mode": settings.mode.value, "cash": float(settings.cash),
        "reward_settings": plain(settings.reward), "start": plain(StartSettings.of(settings.start)),
        "rows": np.atleast_2d(world.rows).tolist(), "tape_weights": plain(starts.weights),
        "limit_settings": None if env.limits is None else plain(env.limits.settings),
        "randomise": None if env.frictions is None else plain(env.frictions.laws),
        "max_orders": env.simulator.orders.shape[1], "options": plain(own),
    }  # fmt: skip


def require_identity(env: "TradingVectorEnv", state: Any) -> None:
    """Raise IntegrityError, naming the first difference, where `state` is not of an environment with the arguments of `env`."""
    for name, value in identity(env).items():
        if not isinstance(state, Mapping) or name not in state:
            raise IntegrityError(f"state of {env.name}: {name} is missing; pass what get_state returned")
        if state[name] != value:
            raise IntegrityError(f"state of {env.name}: {name} must be {_short(value)}, was {_short(state[name])}; make the "
                                 "environment with the arguments of the one that was saved")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


KNOWN = tuple(field.name for field in fields(EnvSettings))


def plain(value: Any) -> Any:
    """Return a value in plain types: names of classes for objects that are none, so that it is the same in another process."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if is_dataclass(value) and not isinstance(value, type):
        return {"class": kind} | {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return kind
