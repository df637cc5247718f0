"""Geometric Brownian motion."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..tape import Tape
from .setting import WalkSettings, within
from .walk import diffusion

__all__ = ["GbmSettings", "gbm_tapes"]


@dataclass(frozen=True, kw_only=True)
class GbmSettings(WalkSettings):
    """Geometric Brownian motion: dS / S = drift dt + volatility dW.

    Attributes:
        volatility: Standard deviation of the log return of a year.
    """

    volatility: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 0.0, 100.0, "volatility")


def gbm_tapes(settings: GbmSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape of geometric Brownian motions for each seed."""
    variance = settings.volatility**2 * settings.year
    walk = diffusion(seeds, settings, variance, settings.drift * settings.year, variance)
    return walk.tapes("gbm", seeds, settings, f"geometric Brownian motion, volatility {settings.volatility:g} a year")
