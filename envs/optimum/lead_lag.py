"""Assets whose last returns lead those of others: the best weights for who sees the graph, and for who does not."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError

__all__ = ["LeadLag"]


@dataclass(frozen=True)
class LeadLag:
    """A assets on a ring in random order; each follows the mean of the last returns of the L before it.

    The next return of asset i is beta x mean of its leaders' last returns + volatility x a standard normal. Weights w_i in [-1, 1]
    are paid the sum of w_i r_i - risk / 2 volatility^2 w_i^2: mean and variance of one step, the variance known (Markowitz 1952,
    J. Finance 7). Assets do not interact, so the best weight is mean / (risk volatility^2), cut to [-1, 1]: exact, since what is
    paid is concave in each weight. The last returns of the first step are drawn from the stationary law, so every step has the
    same expected reward, whatever the ring.

    Who sees no edges but the last returns alone, with one leader each, does best with beta x mean of the others' last
    returns. Proof: the last returns are independent and alike across assets whatever the ring (each is a sum of shocks of its own,
    none of which is in another's), so they tell nothing about it; given them each other asset leads i with probability
    1 / (A - 1). That mean has 1 / (A - 1) of the variance of one return, and the policy is permutation-equivariant. An agent that
    remembers the episode can learn its ring: the bound is for observations of one row.

    Attributes:
        n_assets: A, 3 or more.
        n_leaders: L of each asset.
        beta: What of the leaders' mean is passed on, in (-1, 1).
        volatility: Standard deviation of a bar's shock.
        risk: Aversion, per unit of return.
    """

    n_assets: int = 8
    n_leaders: int = 1
    beta: float = 0.5
    volatility: float = 0.01
    risk: float = 175.0

    def __post_init__(self) -> None:
        if self.n_assets < 3 or not 1 <= self.n_leaders < self.n_assets:
            raise ConfigError(f"a lead-lag ring needs n_assets >= 3 and n_leaders from 1 to n_assets - 1, was {self.n_assets} and "
                              f"{self.n_leaders}")
        if not (0.0 < abs(self.beta) < 1.0 and self.volatility > 0.0 and self.risk > 0.0):
            raise ConfigError(f"a lead-lag ring needs beta in (-1, 1) but 0, volatility > 0 and risk > 0, was {self.beta}, "
                              f"{self.volatility} and {self.risk}")

    def graph(self, order: np.ndarray) -> np.ndarray:
        """Return the weights (A, A) of the ring that visits assets in `order` (A,): [i, j] is 1 / L where j leads i, else 0."""
        order = np.asarray(order)
        weights = np.zeros((self.n_assets, self.n_assets))
        for lag in range(1, self.n_leaders + 1):
            weights[order, np.roll(order, lag)] = 1.0 / self.n_leaders
        return weights

    def next_mean(self, graph: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the expected next returns (..., A) for graphs (..., A, A) and last returns (..., A)."""
        return np.asarray(self.beta * np.einsum("...ij,...j->...i", graph, last))

    def optimal_weights(self, graph: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the best weights (..., A) of who knows the graph."""
        return np.clip(self.next_mean(graph, last) / self._scale, -1.0, 1.0)

    def edgeless_weights(self, last: np.ndarray) -> np.ndarray:
        """Return the best weights (..., A) of who sees the last returns alone; ConfigError unless each asset has one leader."""
        self._check_alone()
        others = (last.sum(axis=-1, keepdims=True) - last) / (self.n_assets - 1)
        return np.asarray(np.clip(self.beta * others / self._scale, -1.0, 1.0))

    @cached_property
    def covariance(self) -> np.ndarray:
        """Stationary covariance of the returns (A, A) in the order of the ring."""
        step = self.beta * self.graph(np.arange(self.n_assets))
        total = self.volatility**2 * np.eye(self.n_assets)
        while np.abs(step).max() > 1e-12:  # doubling: sum of B^k Q B'^k over twice as many k each time
            total, step = total + step @ total @ step.T, step @ step
        return total

    @property
    def value_per_step(self) -> float:
        """Expected reward of a step under `optimal_weights`."""
        leaders = self.graph(np.arange(self.n_assets))[0]
        return self._expected(self.beta**2 * float(leaders @ self.covariance @ leaders))

    @property
    def edgeless_value_per_step(self) -> float:
        """Expected reward of a step under `edgeless_weights`, which no policy that sees the last returns alone exceeds."""
        self._check_alone()
        return self._expected(self.beta**2 * float(self.covariance[0, 0]) / (self.n_assets - 1))

    @property
    def _scale(self) -> float:
        """The expected return for which the best weight is 1."""
        return self.risk * self.volatility**2

    def _expected(self, variance: float) -> float:
        """Return A x E[w m - scale / 2 w^2], w = clip(m / scale, -1, 1), for normal m of this variance.

        Inside the bounds that is m^2 / (2 scale), outside |m| - scale / 2; both by the truncated moments of the normal.
        """
        deviation, scale = math.sqrt(variance), self._scale
        bound = scale / deviation
        density = math.exp(-0.5 * bound * bound) / math.sqrt(2.0 * math.pi)
        outside = math.erfc(bound / math.sqrt(2.0))
        inner = variance * (1.0 - outside - 2.0 * bound * density) / (2.0 * scale)
        return self.n_assets * (inner + 2.0 * deviation * density - 0.5 * scale * outside)

    def _check_alone(self) -> None:
        if self.n_leaders != 1:
            raise ConfigError(f"the best policy without edges is known for n_leaders 1, was {self.n_leaders}")
