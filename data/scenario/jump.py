"""Jump diffusion: a geometric Brownian motion that now and then jumps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...market.errors import ConfigError, UnknownNameError
from ..tape import Tape
from .setting import WalkSettings, number, positive, within
from .stream import Purpose, drawn
from .walk import Walk, correlated, step_shares

__all__ = ["JumpSettings", "jump_tapes"]

JumpLaw = Literal["merton", "kou"]
MOST_A_BAR = 1e4  # all of them are drawn


@dataclass(frozen=True, kw_only=True)
class JumpSettings(WalkSettings):
    """Jumps come by a Poisson process, each asset's own, and multiply the price; the drift is compensated for them.

    Attributes:
        volatility: Standard deviation of a year's log return without jumps.
        jumps: Mean number of jumps a year.
        law: `merton`: normal log jumps (Merton 1976). `kou`: log jumps up and down with exponential sizes (Kou 2002, eq. 1).
        jump_mean: Mean log jump (merton).
        jump_sd: Standard deviation of a log jump (merton).
        up_share: Share of jumps that go up (kou), in [0, 1].
        up_size: Mean log size of jumps up (kou), in (0, 1).
        down_size: Mean log size of jumps down (kou), positive.
    """

    volatility: float = 0.2
    jumps: float = 10.0
    law: JumpLaw = "merton"
    jump_mean: float = -0.02
    jump_sd: float = 0.04
    up_share: float = 0.4
    up_size: float = 0.02
    down_size: float = 0.03

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 0.0, 100.0, "volatility", "jump_sd")
        within(self, 0.0, 1e6, "jumps")
        rate = self.jumps * self.year
        if rate > MOST_A_BAR:
            raise ConfigError(f"jumps must be at most {MOST_A_BAR:g} a bar, was {self.jumps} a year, {rate:g} a bar")
        within(self, -10.0, 10.0, "jump_mean")
        positive(self, "up_size", "down_size")
        if self.law not in get_args(JumpLaw):
            raise UnknownNameError("law", str(self.law), get_args(JumpLaw))
        if not (0.0 <= number(self, "up_share") <= 1.0 and self.up_size < 1.0):
            raise ConfigError(f"up_share must lie in [0, 1] and up_size in (0, 1), was {self.up_share} and {self.up_size}")

    @property
    def log_mean(self) -> float:
        """Mean of a log jump."""
        if self.law == "merton":
            return self.jump_mean
        return self.up_share * self.up_size - (1.0 - self.up_share) * self.down_size

    @property
    def log_square(self) -> float:
        """Mean square of a log jump."""
        if self.law == "merton":
            return self.jump_mean**2 + self.jump_sd**2
        return 2.0 * (self.up_share * self.up_size**2 + (1.0 - self.up_share) * self.down_size**2)

    @property
    def growth(self) -> float:
        """Mean of a jump as a fraction of the price."""
        if self.law == "merton":
            return float(np.expm1(self.jump_mean + 0.5 * self.jump_sd**2))
        return self.up_share / (1.0 - self.up_size) + (1.0 - self.up_share) / (1.0 + self.down_size) - 1.0


def jump_tapes(settings: JumpSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape of a jump diffusion for each seed; the jumps of one bar come together, at a uniform instant of it."""
    year = settings.year
    jump = drawn(seeds, settings.n_assets, Purpose.JUMP, (2, settings.n_bars), _JumpDraw(settings))
    before = jump[:, :, 1, :, None]
    inside = step_shares(settings)[-1:]
    shares = np.concatenate([inside * before, inside * (1.0 - before)], axis=3)
    if settings.gap_share > 0.0:
        shares = np.concatenate([np.full((*shares.shape[:3], 1), settings.gap_share), shares], axis=3)
    noise = correlated(drawn(seeds, settings.n_assets, Purpose.MOVE, (settings.n_bars, shares.shape[3])), settings)
    variance = settings.volatility**2 * year
    sd = np.sqrt(variance * shares)
    growth = settings.drift * year - settings.jumps * year * settings.growth - 0.5 * variance
    usual = variance + settings.jumps * year * settings.log_square
    note = f"jump diffusion ({settings.law}), volatility {settings.volatility:g}, {settings.jumps:g} jumps a year"
    return Walk(noise * sd + growth * shares, sd, usual, jump[:, :, 0]).tapes("jump", seeds, settings, note)


class _JumpDraw:
    """Draws, for each bar, the sum of its log jumps and the share of the bar that passes before them: (2, T)."""

    def __init__(self, settings: JumpSettings) -> None:
        self.settings = settings

    def __call__(self, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        settings, n_bars = self.settings, shape[1]
        count = random.poisson(settings.jumps * settings.year, n_bars)
        total = int(count.sum())
        if settings.law == "merton":
            sizes = settings.jump_mean + settings.jump_sd * random.standard_normal(total)
        else:
            up = random.random(total) < settings.up_share
            sizes = random.standard_exponential(total) * np.where(up, settings.up_size, -settings.down_size)
        bar = np.repeat(np.arange(n_bars), count)
        return np.stack([np.bincount(bar, sizes, n_bars), random.random(n_bars)])
