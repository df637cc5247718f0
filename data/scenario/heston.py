"""Heston's stochastic volatility."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ...market.errors import ConfigError
from ...market.kernel import kernel
from ..tape import Tape
from .setting import WalkSettings, at_least, number, within
from .stream import Purpose, drawn
from .walk import Walk, correlated, step_shares

__all__ = ["HestonSettings", "heston_tapes"]


@dataclass(frozen=True, kw_only=True)
class HestonSettings(WalkSettings):
    """dS / S = drift dt + sqrt(v) dW, dv = reversion (volatility^2 - v) dt + vol_of_vol sqrt(v) dZ. Source: Heston 1993, eq. 1, 4.

    Attributes:
        volatility: Root of the mean variance of a year; each path begins there.
        reversion: Speed at which the variance returns to its mean, per year.
        vol_of_vol: Volatility of the variance, per root of a year.
        leverage: Correlation of an asset's move with that of its variance, in (-1, 1).
        steps: Steps of a bar; highs and lows are exact for the variance of each step.
    """

    volatility: float = 0.2
    reversion: float = 4.0
    vol_of_vol: float = 0.5
    leverage: float = -0.6
    steps: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 0.0, 100.0, "volatility", "vol_of_vol")
        within(self, 0.0, 1e6, "reversion")
        at_least(self, 1, "steps")
        if not -1.0 < number(self, "leverage") < 1.0:
            raise ConfigError(f"leverage must lie in (-1, 1), was {self.leverage}")


def heston_tapes(settings: HestonSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape of Heston's model for each seed, by the Euler scheme with full truncation.

    Source: Lord, Koekkoek & Van Dijk 2010, table 1: the variance may go below 0 and counts as 0 there.
    """
    shares = step_shares(settings, settings.steps)
    shape = (settings.n_bars, len(shares))
    noise = correlated(drawn(seeds, settings.n_assets, Purpose.MOVE, shape), settings)
    own = drawn(seeds, settings.n_assets, Purpose.VARIANCE, shape)
    shock = settings.leverage * noise + np.sqrt(1.0 - settings.leverage**2) * own
    variance = np.empty(noise.shape)
    columns = (len(seeds) * settings.n_assets, -1)
    years = shares * settings.year
    mean = settings.volatility**2
    revert_variance(
        shock.reshape(columns), variance.reshape(columns), years, mean, settings.reversion, settings.vol_of_vol
    )
    spent = variance * years
    sd = np.sqrt(spent)
    move = noise * sd + settings.drift * years - 0.5 * spent
    note = f"Heston, volatility {settings.volatility:g} a year, vol of vol {settings.vol_of_vol:g}, leverage {settings.leverage:g}"
    return Walk(move, sd, mean * settings.year).tapes("heston", seeds, settings, note)


@kernel
def revert_variance(shock, variance, years, mean, reversion, vol_of_vol):  # type: ignore[no-untyped-def]
    # standard normal shocks (N, T K) of steps that last years (K,) -> truncated variance a year at their beginning, in place
    n_steps = years.shape[0]
    for n in range(shock.shape[0]):
        v = mean
        for t in range(shock.shape[1]):
            dt = years[t % n_steps]
            positive = v if v > 0.0 else 0.0
            variance[n, t] = positive
            v += reversion * (mean - positive) * dt + vol_of_vol * sqrt(positive * dt) * shock[n, t]
