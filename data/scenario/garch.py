"""GARCH(1,1): a bar's variance follows the squares of the moves before it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError
from ...market.kernel import kernel
from ..tape import Tape
from .setting import WalkSettings, within
from .stream import Purpose, drawn
from .walk import Walk, correlated, step_shares

__all__ = ["GarchSettings", "garch_tapes"]


@dataclass(frozen=True, kw_only=True)
class GarchSettings(WalkSettings):
    """h[t+1] = omega + alpha e[t]^2 + beta h[t] for the variance h of a bar and its surprise e. Source: Bollerslev 1986, eq. 1.

    Omega is chosen so that the mean variance is that of `volatility`; the first bar has it.

    Attributes:
        volatility: Root of the mean variance of a year.
        alpha: Weight of the last squared surprise.
        beta: Weight of the last variance; alpha + beta < 1.
    """

    volatility: float = 0.2
    alpha: float = 0.08
    beta: float = 0.90

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 0.0, 100.0, "volatility")
        within(self, 0.0, 1.0, "alpha", "beta")
        if self.alpha + self.beta >= 1.0:
            raise ConfigError(f"alpha + beta must be less than 1 for a mean variance to exist, was {self.alpha + self.beta:g}")


def garch_tapes(settings: GarchSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape of GARCH(1,1) returns with normal surprises for each seed; inside a bar the variance is constant."""
    shares = step_shares(settings)
    noise = correlated(drawn(seeds, settings.n_assets, Purpose.MOVE, (settings.n_bars, len(shares))), settings)
    surprise = np.zeros(noise.shape[:3])
    for step, share in enumerate(shares):
        surprise += np.sqrt(share) * noise[..., step]
    usual = settings.volatility**2 * settings.year
    variance = np.empty(surprise.shape)
    columns = (len(seeds) * settings.n_assets, settings.n_bars)
    follow_variance(surprise.reshape(columns), variance.reshape(columns), usual, settings.alpha, settings.beta)
    sd = np.sqrt(variance[..., None] * shares)
    move = noise * sd + (settings.drift * settings.year - 0.5 * variance[..., None]) * shares
    note = f"GARCH(1,1), alpha {settings.alpha:g}, beta {settings.beta:g}, volatility {settings.volatility:g} a year"
    return Walk(move, sd, usual).tapes("garch", seeds, settings, note)


@kernel
def follow_variance(surprise, variance, usual, alpha, beta):  # type: ignore[no-untyped-def]
    # standardised surprises (N, T) -> variance (N, T) in place
    omega = usual * (1.0 - alpha - beta)
    for n in range(surprise.shape[0]):
        h = usual
        for t in range(surprise.shape[1]):
            variance[n, t] = h
            h = omega + (alpha * surprise[n, t] * surprise[n, t] + beta) * h
