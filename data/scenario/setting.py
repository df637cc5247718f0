"""What every walk of a scenario can be told: its length, its clock, its grid and how its assets move together."""

from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError
from ..instant import DAY, to_ns
from ..timeframe import parse_timeframe

__all__ = ["WalkSettings"]

LAST_NS = 2**63 - 1  # instants are int64 ns


@dataclass(frozen=True, kw_only=True)
class WalkSettings:
    """Settings of every model that draws its own prices. Rates are per year and continuously compounded.

    Attributes:
        n_bars: T, at least 2.
        n_assets: A; symbols S0, S1, ...; an asset is the same whatever A.
        bar: Length of a bar, such as `1m`, `1h` or `1d`; rows follow each other without a break (24/7).
        bars_per_year: Bars that share a year's drift and variance (252 for trading days); None: 365 days over the bar's length.
        start: Open of the first bar.
        price: First open, quote currency.
        drift: Growth of the expected price a year.
        correlation: Of the assets' Brownian motions: one number for all pairs, or a positive definite (A, A) matrix.
        gap_share: Share of a bar's diffusive variance that falls between close and next open, in [0, 1); 0: each bar opens at
            the close before it.
        volume: Usual volume of a bar, units; it grows with the root of the bar's variance. Volumes are whole units, or whole
            lots where a lot is less than a unit.
        volume_noise: Standard deviation of the log of a bar's volume around that.
        tick: Price step of the instruments, to which prices are rounded; 0: not rounded (the instruments say 1e-8).
        lot: Quantity step of the instruments.
    """

    n_bars: int = 1_000
    n_assets: int = 1
    bar: str = "1d"
    bars_per_year: float | None = None
    start: str = "2000-01-03"
    price: float = 100.0
    drift: float = 0.0
    correlation: float | tuple[tuple[float, ...], ...] = 0.0
    gap_share: float = 0.0
    volume: float = 1e6
    volume_noise: float = 0.3
    tick: float = 1e-4
    lot: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, 2, "n_bars")
        at_least(self, 1, "n_assets")
        positive(self, "price", "lot")
        within(self, 0.0, np.inf, "volume", "tick")
        within(self, 0.0, 10.0, "volume_noise")
        within(self, -np.inf, np.inf, "drift")
        within(self, 0.0, 1.0, "gap_share")
        if self.bars_per_year is not None:
            within(self, 1e-3, np.inf, "bars_per_year")
        if not isinstance(self.bar, str):
            raise ConfigError(f"bar must be a length such as 1m, 1h or 1d, was {self.bar!r}")
        if abs(to_ns(self.start)) + self.n_bars * self.bar_ns > LAST_NS:
            raise ConfigError(f"{self.n_bars} bars of {self.bar} from {self.start} on must lie within 292 years of 1970")
        _ = self.mixing

    @property
    def bar_ns(self) -> int:
        """Length of a bar, ns."""
        return parse_timeframe(self.bar)

    @property
    def year(self) -> float:
        """Length of a bar, years."""
        return 1.0 / self.bars_per_year if self.bars_per_year is not None else self.bar_ns / (365 * DAY)

    @property
    def mixing(self) -> np.ndarray:
        """Lower triangle L, (A, A), with L L' the correlation matrix: asset i mixes the noises of assets 0 to i."""
        n = self.n_assets
        if not isinstance(self.correlation, tuple):
            number(self, "correlation")
            if not -1.0 <= self.correlation <= 1.0:
                raise ConfigError(f"correlation must lie in [-1, 1], was {self.correlation}")
        if isinstance(self.correlation, tuple):
            matrix = np.array(self.correlation, np.float64) if len({len(row) for row in self.correlation}) == 1 else np.zeros(0)
        else:
            matrix = np.full((n, n), float(self.correlation))
            np.fill_diagonal(matrix, 1.0)
        try:
            if matrix.shape != (n, n) or (matrix != matrix.T).any() or (np.diag(matrix) != 1.0).any():
                raise np.linalg.LinAlgError
            triangle: np.ndarray = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            rule = f"a number or a symmetric ({n}, {n}) matrix with ones on its diagonal, positive definite"
            raise ConfigError(f"correlation must be {rule}, was {self.correlation}") from None
        return triangle


def number(settings: object, name: str, *, whole: bool = False) -> float:
    """Return the setting `name`; raise `ConfigError` where it is no number, or no whole one where that is asked for."""
    value = getattr(settings, name)
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ConfigError(f"{name} must be a {'whole ' if whole else ''}number, was {value!r}")
    return float(value)


def positive(settings: object, *names: str) -> None:
    """Raise `ConfigError` where a setting is not positive and finite."""
    for name in names:
        value = number(settings, name)
        if not (value > 0.0 and np.isfinite(value)):
            raise ConfigError(f"{name} must be positive and finite, was {value}")


def at_least(settings: object, least: int, *names: str) -> None:
    """Raise `ConfigError` where a whole number is below `least`."""
    for name in names:
        if number(settings, name, whole=True) < least:
            raise ConfigError(f"{name} must be at least {least}, was {getattr(settings, name)}")


def within(settings: object, low: float, high: float, *names: str) -> None:
    """Raise `ConfigError` where a setting lies outside [low, high), or is not finite."""
    for name in names:
        value = number(settings, name)
        if not (low <= value < high and np.isfinite(value)):
            raise ConfigError(f"{name} must be finite and lie in [{low:g}, {high:g}), was {value}")
