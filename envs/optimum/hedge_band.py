"""The hedge of a written call under proportional costs: a band in which nothing is traded, by dynamic programming."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ...market.errors import ConfigError
from .black_scholes import call_price, hedge_ratio

__all__ = ["HedgeBand"]

NODES = 6  # of the grid of log moneyness in one standard deviation of a step
REACH = 7.0  # standard deviations of the whole life that the grid spans to each side


@dataclass(frozen=True)
class HedgeBand:
    """The best hedge of one call, written at the money without interest, by one decision a bar until maturity.

    Prices are lognormal martingales. A decision at price S changes the holding from h' to h units, keeps it for one bar, and is
    paid

        g - risk / 2 g^2 - cost_rate |h - h'|,   g = (h (S' - S) - (C' - C)) / S,

    C the Black-Scholes price, at maturity the payoff; nothing is traded at maturity. In units of S the price level drops out: the
    state is (bars left, S / K, h'). The one-step gain is quadratic in h, so what is left is concave, and the best trade is the
    least that brings h' into an interval [lower, upper]: where the derivative of what follows is within [-cost_rate, cost_rate].
    The recursion runs on that derivative U alone, U = clip(G, -c, c) with G(x, h) = risk (Cov(C', R) / S - h Var R) + E[U'(x', h)],
    on a grid of log moneyness (expectations by the trapezoidal rule, exact to rounding for smooth functions) and of holdings.
    Without costs the band closes on `hedge_ratio`. Edges are right to 4e-3 units, the value to 5e-4 of itself (tests halve the
    grid).

    Source: Davis, Panas & Zariphopoulou 1993, SIAM J. Control Optim. 31 (the band); Whalley & Wilmott 1997, Math. Finance 7
    (its width for small costs).

    Attributes:
        n_bars: Decisions, and bars to maturity, N.
        volatility: Standard deviation of a bar's log return.
        risk: Aversion, per unit of return.
        cost_rate: Fraction of the notional traded.
        n_holdings: H, holdings of the grid from 0 to 1.
    """

    n_bars: int
    volatility: float
    risk: float
    cost_rate: float
    n_holdings: int = 201

    def __post_init__(self) -> None:
        if not (self.n_bars >= 1 and self.volatility > 0.0 and self.risk > 0.0 and self.cost_rate >= 0.0 and self.n_holdings >= 2):
            raise ConfigError("a hedge band needs n_bars >= 1, volatility > 0, risk > 0, cost_rate >= 0 and n_holdings >= 2, was "
                              f"{self.n_bars}, {self.volatility}, {self.risk}, {self.cost_rate} and {self.n_holdings}")

    def band(self, bars_left: ArrayLike, moneyness: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper edges in units of the underlying, for bars left (1 to N) and S / K, which broadcast."""
        left, place = np.broadcast_arrays(np.asarray(bars_left, np.int64), self._place(moneyness))
        lower, upper, _ = self._solution
        below = np.minimum(place.astype(np.int64), len(self.grid) - 2)
        share = place - below
        low = lower[left, below] * (1.0 - share) + lower[left, below + 1] * share
        high = upper[left, below] * (1.0 - share) + upper[left, below + 1] * share
        return low, high

    def hedge(self, bars_left: ArrayLike, moneyness: ArrayLike, holding: ArrayLike) -> np.ndarray:
        """Return the best holding for one that is held now: what is nearest to it in the band; without costs `hedge_ratio`."""
        if self.cost_rate == 0.0:
            deviation = self.volatility * np.sqrt(np.asarray(bars_left, np.float64))
            ratio = hedge_ratio(moneyness, 1.0, deviation, self.volatility)
            return np.array(np.broadcast_arrays(ratio, holding)[0])
        return np.asarray(np.clip(holding, *self.band(bars_left, moneyness)))

    @property
    def value(self) -> float:
        """Expected sum of rewards of an option written at the money with N bars left, nothing held before."""
        return float(np.interp(0.0, self.grid, self._solution[2]))

    @property
    def unhedged_value(self) -> float:
        """The same where nothing is ever held."""
        return float(np.interp(0.0, self.grid, self._unhedged))

    @cached_property
    def grid(self) -> np.ndarray:
        """Nodes of log moneyness, (M,), evenly spaced; 0 is one."""
        each_side = int(np.ceil(NODES * REACH * np.sqrt(self.n_bars)))
        return np.asarray(self.volatility / NODES * np.arange(-each_side, each_side + 1))

    def _place(self, moneyness: ArrayLike) -> np.ndarray:
        where = (np.log(np.asarray(moneyness, np.float64)) - self.grid[0]) * (NODES / self.volatility)
        return np.asarray(np.clip(where, 0.0, len(self.grid) - 1.0))

    @cached_property
    def _weights(self) -> np.ndarray:
        """Weights (M, M) of the nodes one bar later; rows sum to one."""
        moved = self.grid[None, :] - self.grid[:, None] + 0.5 * self.volatility**2
        weights = np.exp(-0.5 * np.square(moved / self.volatility))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def _prices(self, bars_left: int) -> np.ndarray:
        return np.asarray(call_price(np.exp(self.grid), 1.0, self.volatility * np.sqrt(bars_left)))

    def _unhedged_loss(self, bars_left: int) -> np.ndarray:
        """Return risk / 2 E[(C' - C)^2] / S^2 of one bar, (M,)."""
        now, later = self._prices(bars_left), self._prices(bars_left - 1)
        return np.asarray(0.5 * self.risk * (self._weights @ later**2 - now**2) * np.exp(-2.0 * self.grid))

    @cached_property
    def _unhedged(self) -> np.ndarray:
        value = np.zeros(len(self.grid))
        for bars_left in range(1, self.n_bars + 1):
            value = self._weights @ value - self._unhedged_loss(bars_left)
        return value

    @cached_property
    def _solution(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lower and upper edges (N + 1, M), and the value of nothing held with N bars left (M,)."""
        grid, weights, cost = self.grid, self._weights, self.cost_rate
        holdings = np.linspace(0.0, 1.0, self.n_holdings)
        variance = np.expm1(self.volatility**2)
        slope = np.zeros((len(grid), self.n_holdings))
        value = np.zeros(len(grid))
        edges = np.zeros((2, self.n_bars + 1, len(grid)))
        for bars_left in range(1, self.n_bars + 1):
            ratio = hedge_ratio(np.exp(grid), 1.0, self.volatility * np.sqrt(bars_left), self.volatility)
            gain = self.risk * variance * (ratio[:, None] - holdings) + weights @ slope
            edges[0, bars_left], edges[1, bars_left] = _crossing(gain, holdings, cost), _crossing(gain, holdings, -cost)
            value = weights @ value - self._unhedged_loss(bars_left) + _area_above(gain, holdings, cost)
            slope = np.clip(gain, -cost, cost)
        return edges[0], edges[1], value


def _crossing(gain: np.ndarray, holdings: np.ndarray, level: float) -> np.ndarray:
    """Return where each row of `gain` (M, H), which falls, passes `level`; the end of `holdings` where it does not."""
    after = (gain > level).sum(axis=1)
    right = np.clip(after, 1, len(holdings) - 1)
    rows = np.arange(len(gain))
    high, low = gain[rows, right - 1], gain[rows, right]
    share = (high - level) / (high - low)
    return np.asarray(holdings[right - 1] + np.clip(share, 0.0, 1.0) * (holdings[right] - holdings[right - 1]))


def _area_above(gain: np.ndarray, holdings: np.ndarray, level: float) -> np.ndarray:
    """Return the integral of max(gain - level, 0) over the holdings, (M,), exact for gains linear between nodes."""
    left, right = gain[:, :-1] - level, gain[:, 1:] - level
    width = holdings[1] - holdings[0]
    above, fall = np.maximum(left, 0.0), left - right
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(right >= 0.0, 0.5 * (left + right), np.where(left > 0.0, 0.5 * above * left / fall, 0.0))
    return np.asarray(width * share.sum(axis=1))
