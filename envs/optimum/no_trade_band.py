"""The no-trade band of an investor who pays proportional costs, by dynamic programming over the weight before trading.

Source: the band is that of Constantinides 1986, Capital Market Equilibrium with Transaction Costs, Journal of Political Economy
94(4), pp. 842-862, and Davis & Norman 1990, Mathematics of Operations Research 15(4), pp. 676-713; its width for small costs is in
Gerhold, Guasoni, Muhle-Karbe & Schachermayer 2014, Finance and Stochastics 18(1), pp. 1-37. The recursion is ours.
"""

from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError
from .merton import MertonMarket, crra

__all__ = ["NoTradeBand"]

GOLDEN = 0.5 * (5.0**0.5 - 1.0)
ROUNDS = 40  # of golden section: a bracket of 1 shrinks to 4e-9
DEGREE = 8  # of the polynomials in the weight by which the ends of the band are held
MARGIN = 0.1  # around the fractions at which one would stop in the last bar
LEAST_WIDTH = 0.02


@dataclass(frozen=True)
class Table:
    """A value at even weights, read between them by the cubic through the four around."""

    first: float
    step: float
    values: np.ndarray

    def at(self, weights: np.ndarray) -> np.ndarray:
        """Return the value at weights of any shape."""
        place = (weights - self.first) / self.step
        index = np.clip(np.floor(place).astype(np.int64) - 1, 0, len(self.values) - 4)
        t, v = place - index, self.values
        a, b, c = t - 1.0, t - 2.0, t - 3.0
        near = -a * b * c / 6.0 * v[index] + 0.5 * t * b * c * v[index + 1]
        return np.asarray(near - 0.5 * t * a * c * v[index + 2] + t * a * b / 6.0 * v[index + 3])


class NoTradeBand:
    """The best policy of an episode of N bars in a `MertonMarket` where each unit of value traded costs `cost_rate`.

    State: w, the position's part of wealth before trading, and the bars left. A decision brings the position to theta, in parts of
    the wealth before trading; wealth grows by G = 1 + theta r - cost |theta - w|, the bar pays u(G), and the next weight is theta
    (1 + r) / G. Nothing is paid for what is held at the end. The best theta is buy(w) where w is below it, sell(w) where w is above
    that, and else w: do nothing. Both hardly depend on w.

    Values hold to 1e-9 a bar: cubics on even grids of weights, quadrature of 64 nodes, golden section.

    Attributes:
        market: What is traded.
        cost_rate: kappa, cost of trading as a fraction of the value traded.
        bars: N.
        lowest: Weight below which one buys, by bars left, float64 (N + 1,); entry 0 is unused.
        highest: Weight above which one sells, likewise.
    """

    def __init__(self, market: MertonMarket, cost_rate: float, bars: int, *, points: int = 801) -> None:
        """Solve backwards.

        Args:
            market: What is traded.
            cost_rate: In [0, 0.1].
            bars: 1 or more.
            points: Of each grid of weights.

        Raises:
            ConfigError: A number is out of its range, or a bar may ruin a fraction near the best.
        """
        if bars < 1:
            raise ConfigError(f"bars of a no-trade band must be 1 or more, was {bars}")
        if not 0.0 <= cost_rate <= 0.1:
            raise ConfigError(f"cost_rate of a no-trade band must lie in [0, 0.1], was {cost_rate}")
        low, high = min(market.best_fraction(cost_rate), 0.0) - MARGIN, max(market.best_fraction(-cost_rate), 0.0) + MARGIN
        safe = market.safe
        if not (safe[0] < low and high < safe[1]):
            raise ConfigError(f"a no-trade band needs fractions in [{low:.3f}, {high:.3f}], which a bar may ruin: only "
                              f"({safe[0]:.3f}, {safe[1]:.3f}) are safe; raise risk_aversion or lower truncation")
        self.market, self.cost_rate, self.bars, self._points, self._range = market, cost_rate, bars, points, (low, high)
        self._returns, self._chances = market.nodes()
        self._buy, self._sell = np.zeros((bars + 1, DEGREE + 1)), np.zeros((bars + 1, DEGREE + 1))
        self.lowest, self.highest = np.zeros(bars + 1), np.zeros(bars + 1)
        self._tables = [Table(low, high - low, np.zeros(4))]
        for k in range(1, bars + 1):
            if not self._solve(k, low, high):  # the band has moved out of where it was looked for: look everywhere
                low, high = self._range
                self._tables[k - 1] = self._table(k - 1, low, high)
                self._solve(k, low, high)
            room = 0.5 * max(self.highest[k] - self.lowest[k], LEAST_WIDTH)
            low, high = self.lowest[k] - room, self.highest[k] + room
            self._tables.append(self._table(k, low, high))

    def target(self, weights: np.ndarray, bars_left: np.ndarray | int) -> np.ndarray:
        """Return the best positions as parts of wealth before trading, float64 (B,).

        Args:
            weights: Before trading, (B,).
            bars_left: This one included, one number or (B,); more than `bars` counts as `bars`.
        """
        held = np.asarray(weights, np.float64)
        left = np.broadcast_to(np.clip(bars_left, 1, self.bars), held.shape)
        result = np.empty(held.shape)
        for k in np.unique(left):
            result[left == k] = self._choose(int(k), held[left == k])
        return result

    def value(self, weight: float = 0.0) -> float:
        """Return the expected sum of rewards of an episode that begins with `weight` in the asset."""
        return float(self._value(self.bars, np.array([weight]))[0])

    @property
    def reach(self) -> tuple[float, float]:
        """Smallest and largest position, as a part of wealth, to which an episode that begins without any can come."""
        market, ends, low, high = self.market, (0.0, 0.0), 0.0, 0.0
        for k in range(self.bars, 0, -1):
            held = self.target(np.array(ends), k)
            low, high = min(low, float(held.min())), max(high, float(held.max()))
            moved = [theta * (1.0 + r) / (1.0 + theta * r) for theta in held for r in (market.lowest, market.highest)]
            ends = min(moved), max(moved)
        return low, high

    def _solve(self, k: int, low: float, high: float) -> bool:
        """Find the band of k bars left among positions in [low, high] -> whether its ends lie well inside."""
        nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
        weights = self._range[0] + 0.5 * (nodes + 1.0) * (self._range[1] - self._range[0])
        best = self._argmax(np.concatenate([weights, weights]), np.repeat([1.0, -1.0], DEGREE + 1), low, high)
        self._buy[k] = np.polynomial.chebyshev.chebfit(nodes, best[: DEGREE + 1], DEGREE)
        self._sell[k] = np.polynomial.chebyshev.chebfit(nodes, best[DEGREE + 1 :], DEGREE)
        bottom, top = np.array(low), np.array(high)
        for _ in range(8):  # the ends change by a hundredth of what w does: eight rounds are exact
            bottom, top = self._end(self._buy[k], bottom), self._end(self._sell[k], top)
        self.lowest[k], self.highest[k] = float(bottom), float(top)
        room = 0.01 * (high - low)
        return bool(best.min() > low + room and best.max() < high - room)

    def _table(self, k: int, low: float, high: float) -> Table:
        """Return the value of k bars left at the weights to which a bar may bring positions in [low, high]."""
        if k == 0:
            return self._tables[0]
        returns, room = (self.market.lowest, self.market.highest), MARGIN * (high - low)
        reached = [theta * (1.0 + r) / (1.0 + theta * r) for theta in (low, high) for r in returns]
        grid, step = np.linspace(min(reached) - room, max(reached) + room, self._points, retstep=True)
        return Table(float(grid[0]), float(step), self._value(k, grid))

    def _value(self, k: int, weights: np.ndarray) -> np.ndarray:
        theta = self._choose(k, weights)
        return np.asarray(self._worth(theta, weights, np.sign(theta - weights), k - 1))

    def _choose(self, k: int, weights: np.ndarray) -> np.ndarray:
        buy, sell = self._end(self._buy[k], weights), self._end(self._sell[k], weights)
        return np.asarray(np.maximum(np.minimum(weights, sell), buy))

    def _end(self, coefficients: np.ndarray, weights: np.ndarray) -> np.ndarray:
        low, high = self._range
        inside = 2.0 * (np.clip(weights, low, high) - low) / (high - low) - 1.0
        return np.asarray(np.polynomial.chebyshev.chebval(inside, coefficients))

    def _argmax(self, weights: np.ndarray, side: np.ndarray, low_end: float, high_end: float) -> np.ndarray:
        """Return the best theta of one who may only buy (side 1) or only sell (-1), and would be paid for the other, (M,)."""
        after = len(self._tables) - 1
        low, high = np.full(weights.shape, low_end), np.full(weights.shape, high_end)
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        at_left, at_right = self._worth(left, weights, side, after), self._worth(right, weights, side, after)
        for _ in range(ROUNDS):
            down = at_left > at_right
            low, high = np.where(down, low, left), np.where(down, right, high)
            new = np.where(down, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
            at_new = self._worth(new, weights, side, after)
            left, right = np.where(down, new, right), np.where(down, left, new)
            at_left, at_right = np.where(down, at_new, at_right), np.where(down, at_left, at_new)
        return np.asarray(0.5 * (low + high))

    def _worth(self, theta: np.ndarray, weights: np.ndarray, side: np.ndarray, after: int) -> np.ndarray:
        """Return E u(G) + V(next weight) of bringing `weights` (M,) to `theta` (M,), with `after` bars left afterwards."""
        growth = 1.0 - self.cost_rate * (side * (theta - weights))[:, None] + theta[:, None] * self._returns
        following = theta[:, None] * (1.0 + self._returns) / growth
        worth = crra(growth, self.market.risk_aversion) + self._tables[after].at(following)
        return np.asarray(worth @ self._chances)
