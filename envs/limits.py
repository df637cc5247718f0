"""The guard's limits inside an environment: what live would not send is not played either."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..configs.strict import validate
from ..market.errors import ConfigError
from ..market.limits import LimitSettings, limit_records, new_limit_use, new_pending
from ..market.record import copied
from ..simulator.simulator import Simulator
from .limit_screen import screen_batch

__all__ = ["Limits", "limit_settings"]


def limit_settings(limits: LimitSettings | Mapping[str, Any] | None) -> LimitSettings | None:
    """Return the settings of a mapping, or as they are.

    Raises:
        ConfigError: A key is unknown (with a suggestion) or a value is wrong.
    """
    if limits is None or isinstance(limits, LimitSettings):
        return limits
    if not isinstance(limits, Mapping):
        raise ConfigError(f"limits must be a LimitSettings, a mapping of its settings, or None, was {limits!r}")
    return validate(LimitSettings, limits, "limits")


class Limits:
    """What `live.guard` holds an account to, in every sub-environment, by the same kernel.

    Intents are looked at by asset, then tickets by slot, each with those before it and the working orders in mind; an order that
    waits for another's fill goes or stays with it. What breaks a limit is dropped and counted in `Simulator.declined` by its
    `Refusal`. Working orders that are being cancelled do not count, unless the account has latency: until a cancel has arrived they
    may be filled. Days and minutes are those of the decision row's close, UTC; memory begins with an episode.

    Attributes:
        use: LIMIT_USE records, (E,): the day's first equity, orders of the minute.
    """

    def __init__(self, settings: LimitSettings, n_envs: int, n_assets: int) -> None:
        self.settings = settings
        self.use = new_limit_use(n_envs)
        self._records, self._pending = limit_records(settings, n_envs), new_pending(n_envs, n_assets)
        self._everyone = np.ones(n_envs, np.bool_)

    def begin(self, envs: np.ndarray) -> None:
        """Remember nothing in the environments of the mask `envs` (E,), whose episodes begin."""
        self.use[envs] = new_limit_use()[0]

    def screen(self, simulator: Simulator, active: np.ndarray | None = None) -> None:
        """Drop what breaks a limit, between decoding and the step.

        Args:
            simulator: Its intents and tickets are those of the decision at the closes of `rows`; both and `declined` change.
            active: Which environments step, bool (E,); None: all.
        """
        sim = simulator
        screen_batch(
            sim.rows, self._everyone if active is None else active, sim.clock, sim.instruments, self._records, sim.account,
            sim.position, sim.orders, sim.intents, sim.tickets, sim.declined, sim.rules, self._pending, self.use,
        )  # fmt: skip

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of what is remembered."""
        return {"use": copied(self.use)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self.use[:] = state["use"]
