"""The schedule that executes an order best when trading moves the price linearly and waiting is risky.

Source: Almgren & Chriss 2000, Optimal Execution of Portfolio Transactions, Journal of Risk 3(2), pp. 5-39; equations are named
where they are used.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from ...market.errors import ConfigError

__all__ = ["AlmgrenChriss"]


@dataclass(frozen=True, kw_only=True)
class AlmgrenChriss:
    """An order of X units that is executed in N slices, one at the start of each interval of length tau.

    What a slice of n units costs, in units of price: n x half_spread, what earlier slices have moved the price by (permanent),
    and n temporary / tau per unit. The reward of an interval is minus that cost, minus the move of the price on the x units that
    still wait, minus risk_aversion volatility^2 tau x^2. The move has mean 0 whatever x is, so that it changes neither the optimum
    nor its value, and nothing that is learnt from the price is worth anything: the static schedule is optimal among adaptive ones.

    Attributes:
        units: X, positive.
        slices: N, 1 or more.
        interval: tau, length of an interval, in the unit of time of volatility and temporary impact.
        volatility: sigma, standard deviation of the price over one unit of time.
        temporary: eta, price given up per unit traded in one unit of time.
        permanent: gamma, price moved for good per unit traded.
        half_spread: epsilon, price given up per unit whatever the slice.
        risk_aversion: lambda, weight of the variance of cost; 0 cares for the mean alone.

    Raises:
        ConfigError: A number is out of its range, or `temporary` is not above `permanent` tau / 2: then slices would cost less
            than nothing and no schedule would be best.
    """

    units: float = 1.0
    slices: int = 16
    interval: float = 1.0
    volatility: float = 0.02
    temporary: float = 0.05
    permanent: float = 0.02
    half_spread: float = 0.0
    risk_aversion: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            positive = field.name in ("units", "slices", "interval")
            if not (math.isfinite(value) and (value > 0.0 if positive else value >= 0.0)):
                rule = "positive" if positive else "not negative"
                raise ConfigError(f"{field.name} of an Almgren-Chriss order must be finite and {rule}, was {value}")
        if self.slices != int(self.slices):
            raise ConfigError(f"slices of an Almgren-Chriss order must be a whole number, was {self.slices}")
        if not self.own > 0.0:
            raise ConfigError(f"temporary of an Almgren-Chriss order must be above permanent x interval / 2 = "
                              f"{self.permanent * self.interval / 2.0}, was {self.temporary}")

    @property
    def own(self) -> float:
        """eta~ = eta - gamma tau / 2, the temporary impact that depends on the schedule (their eq. 8)."""
        return self.temporary - 0.5 * self.permanent * self.interval

    @property
    def kappa(self) -> float:
        """Urgency of the discrete schedule: 2 (cosh(kappa tau) - 1) / tau^2 = lambda sigma^2 / eta~ (below their eq. 16)."""
        squared = self.risk_aversion * self.volatility**2 / self.own
        return 2.0 / self.interval * math.asinh(0.5 * self.interval * math.sqrt(squared))

    def remaining(self) -> np.ndarray:
        """Return what is left before each slice and after the last: float64 (N + 1,), X first, 0 last (their eq. 17)."""
        left = np.arange(self.slices, -1, -1, dtype=np.float64)
        return self.units * _sinh_ratio(left, float(self.slices), self.kappa * self.interval)

    def trades(self) -> np.ndarray:
        """Return the slices, float64 (N,); they sum to X."""
        return -np.diff(self.remaining())

    def share(self, slices_left: np.ndarray | int) -> np.ndarray:
        """Return the best slice as a share of what is left, for any number of slices left: 1 when it is the last.

        The optimum from any state on: what remains is again such an order, since permanent impact of what was done costs the rest
        of the order the same whatever its schedule.
        """
        left = np.asarray(slices_left, np.float64)
        return 1.0 - _sinh_ratio(left - 1.0, left, self.kappa * self.interval)

    def expected_cost(self, trades: np.ndarray) -> float:
        """Return E, the mean cost of slices (N,) that sum to X: gamma X^2 / 2 + epsilon sum|n| + eta~ sum n^2 / tau (eq. 8)."""
        slices = np.asarray(trades, np.float64)
        fixed = 0.5 * self.permanent * self.units**2 + self.half_spread * float(np.abs(slices).sum())
        return fixed + self.own / self.interval * float(np.square(slices).sum())

    def variance(self, trades: np.ndarray) -> float:
        """Return V, the variance of the cost of slices (N,): sigma^2 tau sum x^2, x what is left after each (eq. 5)."""
        left = self.units - np.cumsum(np.asarray(trades, np.float64))
        return self.volatility**2 * self.interval * float(np.square(left).sum())

    def value(self, trades: np.ndarray) -> float:
        """Return the expected sum of rewards of slices (N,): -(E + lambda V)."""
        return -(self.expected_cost(trades) + self.risk_aversion * self.variance(trades))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of the best schedule."""
        return self.value(self.trades())

    def even(self) -> np.ndarray:
        """Return equal slices (N,): time-weighted average price, the best schedule of one who does not mind risk."""
        return np.full(self.slices, self.units / self.slices)


def _sinh_ratio(over: np.ndarray, under: np.ndarray | float, rate: float) -> np.ndarray:
    """sinh(rate over) / sinh(rate under) for 0 <= over <= under, without overflow; over / under where the rate is 0."""
    if rate == 0.0:
        return np.asarray(over / under)
    return np.exp(rate * (over - under)) * np.expm1(-2.0 * rate * over) / np.expm1(-2.0 * rate * under)
