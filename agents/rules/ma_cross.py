"""Hold what stands above its moving average: a signal of `encoders/signals` and a decision."""

from dataclasses import dataclass

import numpy as np

from ...encoders.layout import Layout
from ...encoders.observation import Observation
from ...market.decision import Decision
from ...market.errors import ConfigError, UnknownNameError
from ..policy import State
from .rule import Rule

__all__ = ["MovingAverageCross", "MovingAverageCrossSettings"]

CURE = "add {kind: ma_cross, fast: 20, slow: 50} to encoders, or name a column that is positive where an asset is to be held"


@dataclass(frozen=True, kw_only=True)
class MovingAverageCrossSettings:
    """Settings of `ma_cross`.

    Attributes:
        column: Per-asset column that is positive where the asset is to be held.
    """

    column: str = "ma_cross_20_50"

    def __post_init__(self) -> None:
        if not self.column:
            raise ConfigError("ma_cross.column must name a column of the observation, was empty")


class MovingAverageCross(Rule):
    """Holds 1/A of equity in each asset whose signal is positive, the rest in cash; trades when a signal changes its sign."""

    kind = "ma_cross"
    settings_class = MovingAverageCrossSettings

    def __init__(self, settings: MovingAverageCrossSettings, layout: Layout) -> None:
        super().__init__(settings, layout)
        for name in self.requires:
            try:
                layout.position(name)
            except UnknownNameError as error:
                raise UnknownNameError("market column", name, error.known, f"ma_cross.column; {CURE}") from None

    @property
    def requires(self) -> tuple[str, ...]:
        """The signal of every asset."""
        return tuple(f"{asset}.{self.settings.column}" for asset in self.layout.assets)

    def initial_state(self, batch: int) -> State:
        """Return that nothing is held."""
        return {"held": np.zeros((batch, self.layout.n_assets), np.bool_)}

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`; an asset that cannot be traded stays as it is."""
        signal = np.stack([observation.columns[name] for name in self.requires], axis=1) > 0.0
        held = np.where(observation.mask, signal, state["held"])
        trades = (held != state["held"]).any(axis=1)
        return self.decision(held / self.layout.n_assets, trades), {"held": held}
