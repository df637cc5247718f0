"""Log moves of a model become tapes: levels, exact highs and lows, volumes, the price grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...market.instrument import Instrument
from ..instant import to_ns
from ..record import bar_records, clock_records
from ..tape import Tape
from .bridge import bridge_extremes
from .grid import whole_volume
from .setting import WalkSettings
from .stream import Purpose, drawn

__all__ = ["Walk", "correlated", "diffusion", "step_shares"]

UNROUNDED_TICK = 1e-8


@dataclass(frozen=True, eq=False)
class Walk:
    """Log moves of S paths, A assets, T bars and the K steps of each bar, in order of time.

    Attributes:
        move: Log move of each step, float64 (S, A, T, K). Where the settings have a gap, step 0 is the one before the open.
        sd: Standard deviation of each step's Brownian motion, its end not fixed, (S, A, T, K) or what broadcasts to it.
        usual: Variance of a usual bar, to which volumes are scaled.
        jump: Log jump between the last step but one and the last, (S, A, T); None: no model of jumps.
    """

    move: np.ndarray
    sd: np.ndarray
    usual: float
    jump: np.ndarray | None = None

    def tapes(self, name: str, seeds: Sequence[int], settings: WalkSettings, note: str) -> list[Tape]:
        """Return a tape for each path; path i draws its ranges and volumes from the streams of `seeds[i]`."""
        columns = self._columns(seeds, settings)
        open_at = to_ns(settings.start) + settings.bar_ns * np.arange(settings.n_bars, dtype=np.int64)
        clock = clock_records(open_at, open_at + settings.bar_ns)
        tick = settings.tick if settings.tick > 0.0 else UNROUNDED_TICK
        instruments = [Instrument(symbol=f"S{asset}", lot=settings.lot, tick=tick) for asset in range(settings.n_assets)]
        return [
            Tape.build(f"{name}-{seed}", instruments, clock, bar_records(*(column[path].T for column in columns)), notes=(note,))
            for path, seed in enumerate(seeds)
        ]

    def _columns(self, seeds: Sequence[int], settings: WalkSettings) -> list[np.ndarray]:
        """Return open, high, low, close and volume, five float64 (S, A, T)."""
        shape = self.move.shape
        n_paths, n_assets, n_bars, n_steps = shape
        sd = np.broadcast_to(self.sd, shape)
        move = self.move
        gap = int(settings.gap_share > 0.0)
        if gap:
            move[:, :, 0, 0] = 0.0
        travelled = move if self.jump is None else move + _last(self.jump, n_steps)
        end = np.cumsum(travelled.reshape(n_paths, n_assets, -1), axis=2).reshape(shape)
        start = np.zeros((n_paths, n_assets, n_bars * n_steps))
        start[..., 1:] = end.reshape(start.shape)[..., :-1]
        start = start.reshape(shape)
        if self.jump is not None:
            start[..., -1] += self.jump
        uniform = drawn(seeds, n_assets, Purpose.RANGE, (n_steps - gap, 2, n_bars), np.random.Generator.random)
        high, low = np.full(shape[:3], -np.inf), np.full(shape[:3], np.inf)
        for step in range(gap, n_steps):
            pieces = (start[..., step], end[..., step], sd[..., step], uniform[:, :, step - gap, 0], uniform[:, :, step - gap, 1])
            extremes = bridge_extremes(*(np.ascontiguousarray(piece).ravel() for piece in pieces))
            np.maximum(high, extremes[0].reshape(shape[:3]), out=high)
            np.minimum(low, extremes[1].reshape(shape[:3]), out=low)
        variance = np.einsum("satk,satk->sat", sd, sd) + (0.0 if self.jump is None else self.jump**2)
        noise = drawn(seeds, n_assets, Purpose.VOLUME, (n_bars,))
        activity = np.sqrt(variance / self.usual) if self.usual > 0.0 else 1.0
        volume = whole_volume(settings.volume * activity * np.exp(settings.volume_noise * noise), settings.lot)
        levels = (start[..., gap], high, low, end[..., -1])
        return [*(_priced(level, settings) for level in levels), volume]


def correlated(noise: np.ndarray, settings: WalkSettings) -> np.ndarray:
    """Return standard normal `noise` (S, A, ...) of independent assets mixed into correlated ones."""
    if settings.n_assets == 1 or settings.correlation == 0.0:
        return noise
    result = np.zeros_like(noise)
    # term by term: a matrix product may round differently with the number of paths
    for asset, row in enumerate(settings.mixing):
        for other in range(asset + 1):
            result[:, asset] += row[other] * noise[:, other]
    return result


def step_shares(settings: WalkSettings, n_steps: int = 1) -> np.ndarray:
    """Return the shares of a bar's variance that fall on its steps, (K,): the gap first, where there is one."""
    inside = np.full(n_steps, (1.0 - settings.gap_share) / n_steps)
    return np.concatenate([[settings.gap_share], inside]) if settings.gap_share > 0.0 else inside


def diffusion(
    seeds: Sequence[int], settings: WalkSettings, variance: np.ndarray | float, growth: np.ndarray | float, usual: float
) -> Walk:
    """Return the walk whose bars have one variance each.

    Args:
        seeds: S seeds, of the moves.
        settings: What all walks share.
        variance: Of each bar's log move, (S, A, T) or what broadcasts to it.
        growth: Of the log of the expected price over each bar, likewise; half the variance is taken from it.
        usual: Variance of a usual bar.
    """
    shares = step_shares(settings)
    noise = correlated(drawn(seeds, settings.n_assets, Purpose.MOVE, (settings.n_bars, len(shares))), settings)
    bar_variance = np.asarray(variance, np.float64)[..., None]
    sd = np.sqrt(bar_variance * shares)
    move = noise * sd + (np.asarray(growth, np.float64)[..., None] - 0.5 * bar_variance) * shares
    return Walk(move, sd, usual)


def _last(jump: np.ndarray, n_steps: int) -> np.ndarray:
    result = np.zeros((*jump.shape, n_steps))
    result[..., -1] = jump
    return result


def _priced(level: np.ndarray, settings: WalkSettings) -> np.ndarray:
    with np.errstate(over="ignore"):  # the tape's contract refuses a price that is not finite
        price: np.ndarray = np.exp(level)
        price *= settings.price
    if settings.tick > 0.0:
        price = np.maximum(np.round(price / settings.tick), 1.0) * settings.tick
    return price
