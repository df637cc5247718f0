"""The constant fraction of an investor with constant relative risk aversion, exactly, for returns of a truncated normal.

Source: Merton 1969, Lifetime Portfolio Selection under Uncertainty, Review of Economics and Statistics 51(3), pp. 247-257 (the
fraction mu / (gamma sigma^2) of continuous time); Samuelson 1969, ibid. pp. 239-246 (in discrete time the fraction maximises the
expected utility of one period, whatever the horizon).
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from ...market.errors import ConfigError

__all__ = ["MertonMarket", "crra", "crra_inverse"]

NODES = 64  # of Gauss-Legendre quadrature: exact to 1e-14 for what is integrated here


def crra(growth: np.ndarray | float, risk_aversion: float) -> np.ndarray:
    """Return (G^(1 - gamma) - 1) / (1 - gamma) of the growth of wealth G > 0, any shape; ln G where gamma is 1."""
    logs = np.log(np.asarray(growth, np.float64))
    power = 1.0 - risk_aversion
    return logs if power == 0.0 else np.expm1(power * logs) / power


def crra_inverse(utility: float, risk_aversion: float) -> float:
    """Return the simple return whose utility is `utility`: what one would take for certain in its place."""
    power = 1.0 - risk_aversion
    return math.expm1(utility if power == 0.0 else math.log1p(power * utility) / power)


@dataclass(frozen=True, kw_only=True)
class MertonMarket:
    """An asset of independent simple returns mean + volatility z, z standard normal inside [-truncation, truncation].

    Cash earns nothing. A bar pays the utility of its growth of wealth, so that bars do not depend on each other.

    Attributes:
        mean: mu of a bar's return.
        volatility: sigma, before truncation.
        truncation: Bound of |z|.
        risk_aversion: gamma, relative; 1 is log utility.

    Raises:
        ConfigError: A number is out of its range, or a bar may take the whole price.
    """

    mean: float = 0.02
    volatility: float = 0.1
    truncation: float = 3.0
    risk_aversion: float = 4.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and (value > 0.0 or field.name == "mean")):
                rule = "finite" if field.name == "mean" else "finite and positive"
                raise ConfigError(f"{field.name} of a Merton market must be {rule}, was {value}")
        if not self.lowest > -1.0:
            raise ConfigError(f"mean - truncation x volatility of a Merton market must be above -1, was {self.lowest}")

    @property
    def lowest(self) -> float:
        """Smallest return of a bar."""
        return self.mean - self.truncation * self.volatility

    @property
    def highest(self) -> float:
        """Largest return of a bar."""
        return self.mean + self.truncation * self.volatility

    @property
    def safe(self) -> tuple[float, float]:
        """Fractions, both ends excluded, that no bar can ruin."""
        low = -1.0 / self.highest if self.highest > 0.0 else -math.inf
        return low, -1.0 / self.lowest if self.lowest < 0.0 else math.inf

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return returns and their probabilities, float64 (64,) each, by which expectations are sums."""
        points, weights = np.polynomial.legendre.leggauss(NODES)
        z = self.truncation * points
        weights = weights * np.exp(-0.5 * z * z)
        return self.mean + self.volatility * z, weights / weights.sum()

    def draw(self, generator: np.random.Generator, n: int) -> np.ndarray:
        """Return n returns, float64 (n,): normals outside the truncation are drawn again."""
        z = generator.standard_normal(n)
        while (outside := np.abs(z) > self.truncation).any():
            z = np.where(outside, generator.standard_normal(n), z)
        return self.mean + self.volatility * z

    def utility(self, fraction: np.ndarray | float) -> np.ndarray:
        """Return the expected utility of a bar, of fractions of any shape inside `safe`."""
        returns, chances = self.nodes()
        return np.asarray(crra(1.0 + np.asarray(fraction, np.float64)[..., None] * returns, self.risk_aversion) @ chances)

    def marginal(self, fraction: float, cost: float = 0.0) -> float:
        """Return the derivative of the expected utility, E (r - cost) (1 + f r)^-gamma; it falls in f."""
        returns, chances = self.nodes()
        return float((returns - cost) * (1.0 + fraction * returns) ** -self.risk_aversion @ chances)

    def best_fraction(self, cost: float = 0.0) -> float:
        """Return the fraction of wealth in the asset that is best for one bar, hence for any number, to 1e-13, by bisection.

        With a `cost`, where E (r - cost) (1 + f r)^-gamma is 0: about where a buyer (cost > 0) or seller stops in the last bar.
        """
        low, high = (0.999999 * min(max(end, -1e6), 1e6) for end in self.safe)
        while high - low > 1e-13 * max(1.0, abs(low)):
            middle = 0.5 * (low + high)
            if middle in (low, high):
                break
            low, high = (middle, high) if self.marginal(middle, cost) > 0.0 else (low, middle)
        return 0.5 * (low + high)

    def optimal_value(self, bars: int) -> float:
        """Return the expected sum of utilities of `bars` bars at the best fraction, without costs."""
        return bars * float(self.utility(self.best_fraction()))
