"""Regime switching: a Markov chain of market states, each with its own drift and volatility."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError
from ...market.kernel import kernel
from ..tape import Tape
from .setting import WalkSettings
from .stream import Purpose, drawn
from .walk import diffusion

__all__ = ["RegimeSettings", "regime_paths", "regime_tapes"]


@dataclass(frozen=True, kw_only=True)
class RegimeSettings(WalkSettings):
    """K states of the whole market; a bar's state follows from that of the bar before. Source: Hamilton 1989, section 4.

    Attributes:
        drifts: K growths of the expected price a year, added to `drift`.
        volatilities: K standard deviations of the log return of a year.
        transition: (K, K) probabilities that a bar in state i (row) is followed by one in state j; rows add up to 1.
    """

    drifts: tuple[float, ...] = (0.15, -0.25)
    volatilities: tuple[float, ...] = (0.12, 0.40)
    transition: tuple[tuple[float, ...], ...] = ((0.99, 0.01), (0.03, 0.97))

    def __post_init__(self) -> None:
        super().__post_init__()
        n = len(self.drifts)
        if n < 1 or len(self.volatilities) != n or {len(row) for row in self.transition} != {n} or len(self.transition) != n:
            sizes = f"{n}, {len(self.volatilities)} and {[len(row) for row in self.transition]}"
            raise ConfigError(f"drifts, volatilities and transition must be of one number of states, were {sizes}")
        matrix = np.array(self.transition)
        if not ((matrix >= 0.0).all() and (np.abs(matrix.sum(axis=1) - 1.0) < 1e-9).all()):
            raise ConfigError(f"rows of transition must be probabilities that add up to 1, was {self.transition}")
        if not (np.isfinite(self.drifts).all() and np.isfinite(self.volatilities).all() and min(self.volatilities) >= 0.0):
            raise ConfigError(f"drifts must be finite and volatilities not negative, was {self.drifts} and {self.volatilities}")

    @property
    def occupation(self) -> np.ndarray:
        """Share of time spent in each state in the long run, (K,): a row vector p with p transition = p."""
        n = len(self.drifts)
        equations = np.vstack([np.array(self.transition).T - np.eye(n), np.ones(n)])
        share: np.ndarray = np.linalg.lstsq(equations, np.append(np.zeros(n), 1.0), rcond=None)[0]
        positive: np.ndarray = np.maximum(share, 0.0)
        positive /= positive.sum()
        return positive


def regime_paths(settings: RegimeSettings, seeds: Sequence[int]) -> np.ndarray:
    """Return the state of each bar, int64 (S, T): the first from `occupation`, the others by the chain."""
    uniform = drawn(seeds, 0, Purpose.VARIANCE, (settings.n_bars,), np.random.Generator.random)
    state = np.zeros(uniform.shape, np.int64)
    follow_chain(uniform, np.cumsum(settings.occupation), np.cumsum(settings.transition, axis=1), state)
    return state


def regime_tapes(settings: RegimeSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape with switching drift and volatility for each seed; all assets share the state."""
    state = regime_paths(settings, seeds)[:, None, :]
    variance = np.array(settings.volatilities) ** 2 * settings.year
    growth = (np.array(settings.drifts) + settings.drift) * settings.year
    usual = float((variance * settings.occupation).sum())
    walk = diffusion(seeds, settings, variance[state], growth[state], usual)
    return walk.tapes("regime", seeds, settings, f"{len(variance)} regimes, volatilities {settings.volatilities} a year")


@kernel
def follow_chain(uniform, first, following, state):  # type: ignore[no-untyped-def]
    # uniform numbers (S, T), cumulated probabilities (K,) and (K, K) -> states (S, T) in place
    last = first.shape[0] - 1
    for s in range(uniform.shape[0]):
        k = 0
        while k < last and uniform[s, 0] >= first[k]:
            k += 1
        state[s, 0] = k
        for t in range(1, uniform.shape[1]):
            row, k = k, 0
            while k < last and uniform[s, t] >= following[row, k]:
                k += 1
            state[s, t] = k
