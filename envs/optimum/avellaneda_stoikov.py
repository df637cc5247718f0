"""The market maker of Avellaneda and Stoikov: the formula, exact moments of any quoting policy in steps, and the exact optimum.

Source: Avellaneda & Stoikov 2008, High-frequency trading in a limit order book, Quantitative Finance 8(3), pp. 217-224: the
reservation price (eq. 29), the spread around it (eq. 30), and the simulation of section 3.3. The formula solves an expansion of the
problem; the optimum of the problem in steps is found here by backward induction.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError
from .quoting import ASK, BID, FillLaw, QuotedMarket

__all__ = ["AvellanedaStoikov", "Outcome"]

SWEEPS = 200
ORDERS = 5  # moments 0 to 4


@dataclass(frozen=True)
class Outcome:
    """What a policy comes to at T, exactly: profit in units of price, inventory in units.

    Attributes:
        profit: Expected profit, cash and inventory at the mid.
        deviation: Standard deviation of it.
        kurtosis: Its fourth central moment over deviation^4.
        inventory: Expected inventory.
        inventory_deviation: Standard deviation of it.
        inventory_kurtosis: Its fourth central moment over inventory_deviation^4.
    """

    profit: float
    deviation: float
    kurtosis: float
    inventory: float
    inventory_deviation: float
    inventory_kurtosis: float


@dataclass(frozen=True, kw_only=True)
class AvellanedaStoikov(QuotedMarket):
    """Exponential utility -exp(-gamma profit) of a market maker; the mid moves by +-volatility sqrt(dt) in each step.

    The defaults are the paper's (section 3.3), whose fills are `linear`; inventory, which the paper does not bound, is bounded so
    far out that it makes no difference of 1e-6 to a moment.

    Attributes:
        risk_aversion: gamma, per unit of price.
        volatility: sigma, price per square root of a unit of time.

    Raises:
        ConfigError: A number is out of its range.
    """

    rate: float = 140.0
    decay: float = 1.5
    horizon: float = 1.0
    n_steps: int = 200
    largest: int = 60
    fills: FillLaw = "linear"
    risk_aversion: float = 0.1
    volatility: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("risk_aversion", "volatility"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise ConfigError(f"{name} must be positive and finite, was {getattr(self, name)}")

    @property
    def move(self) -> float:
        """By how much the mid moves up or down in a step, price."""
        return self.volatility * math.sqrt(self.step)

    def reservation_shift(self, inventory: np.ndarray, time_left: np.ndarray) -> np.ndarray:
        """Return the reservation price less the mid, -q gamma sigma^2 (T - t), price (eq. 29)."""
        return np.asarray(-inventory * self.risk_aversion * self.volatility**2 * time_left)

    def spread(self, time_left: np.ndarray) -> np.ndarray:
        """Return gamma sigma^2 (T - t) + (2 / gamma) ln(1 + gamma / k), price: ask less bid (eq. 30)."""
        premium = 2.0 / self.risk_aversion * math.log1p(self.risk_aversion / self.decay)
        return np.asarray(self.risk_aversion * self.volatility**2 * time_left + premium)

    def formula(self) -> np.ndarray:
        """Return the offsets of eqs. 29 and 30, price, (n_steps, 2 Q + 1, 2): bid, ask; inside the bounds of offsets."""
        left = self.times_left()[:, None]
        shift, half = self.reservation_shift(self.inventories[None], left), 0.5 * self.spread(left)
        return self.checked_policy(np.clip(np.stack([half - shift, half + shift], axis=-1), *self.bounds))

    def symmetric(self) -> np.ndarray:
        """Return the paper's benchmark: the average spread of the formula around the mid, whatever the inventory."""
        return self.fixed(float(np.clip(0.5 * self.spread(self.times_left()).mean(), *self.bounds)))

    def outcome_of(self, offsets: np.ndarray) -> Outcome:
        """Return the exact moments of profit and inventory at T under a policy, from no inventory.

        For each inventory the recursion carries E[profit^j; inventory] for j = 0 to 4; a step adds what its fills earn and then
        inventory x (+-move).

        Args:
            offsets: (n_steps, 2 Q + 1, 2) or what broadcasts to it, price.

        Raises:
            ConfigError: See `checked_policy`.
        """
        policy, q = self.checked_policy(offsets), self.inventories
        moments = np.zeros((ORDERS, len(q)))
        moments[0, self.largest] = 1.0
        for quoted in policy:
            bid, ask = self.quoted_chances(quoted)
            after = _shifted(moments, (1.0 - bid) * (1.0 - ask), np.zeros_like(q), 0)
            after += _shifted(moments, bid * ask, quoted[:, BID] + quoted[:, ASK], 0)
            after += _shifted(moments, bid * (1.0 - ask), quoted[:, BID], 1)
            after += _shifted(moments, ask * (1.0 - bid), quoted[:, ASK], -1)
            moments = 0.5 * (_shifted(after, 1.0, q * self.move, 0) + _shifted(after, 1.0, -q * self.move, 0))
        profit = _central(moments.sum(axis=1))
        return Outcome(*profit, *_central(np.array([(moments[0] * q**j).sum() for j in range(ORDERS)])))

    def certainty_equivalent_of(self, offsets: np.ndarray) -> float:
        """Return -ln E[exp(-gamma profit)] / gamma of a policy, price, from no inventory; exact.

        Raises:
            ConfigError: See `checked_policy`.
        """
        policy, logs = self.checked_policy(offsets), np.zeros(2 * self.largest + 1)
        for quoted in policy[::-1]:
            logs = self._expected(logs + self._log_risk, quoted)
        return float(-logs[self.largest] / self.risk_aversion)

    @cached_property
    def solution(self) -> tuple[np.ndarray, np.ndarray]:
        """Certainty equivalents (n_steps + 1, 2 Q + 1) and best offsets (n_steps, 2 Q + 1, 2), price, by backward induction.

        The state is worth -exp(-gamma (cash + q mid)) v(t, q), whatever cash and mid; v is carried as its logarithm. Both offsets
        of a state are found together, each best for the other's, to 1e-12.
        """
        states = 2 * self.largest + 1
        logs, offsets = np.zeros((self.n_steps + 1, states)), np.zeros((self.n_steps, states, 2))
        for t in range(self.n_steps - 1, -1, -1):
            after = logs[t + 1] + self._log_risk
            offsets[t] = self._best_pair(after, offsets[min(t + 1, self.n_steps - 1)])
            logs[t] = self._expected(after, offsets[t])
        return -logs / self.risk_aversion, offsets

    @cached_property
    def _log_risk(self) -> np.ndarray:
        """ln E[exp(-gamma q (+-move))] = ln cosh(gamma q move)."""
        size = np.abs(self.risk_aversion * self.inventories * self.move)
        return np.asarray(size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))

    def _expected(self, after: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        bid, ask = self.quoted_chances(offsets)
        more, less = np.append(after[1:], 0.0) - after, np.append(0.0, after[:-1]) - after
        won_bid, won_ask = np.exp(-self.risk_aversion * offsets[:, BID]), np.exp(-self.risk_aversion * offsets[:, ASK])
        one_sided = bid * (1.0 - ask) * won_bid * np.exp(more) + ask * (1.0 - bid) * won_ask * np.exp(less)
        return np.asarray(after + np.log(one_sided + bid * ask * won_bid * won_ask + (1.0 - bid) * (1.0 - ask)))

    def _best_pair(self, after: np.ndarray, near: np.ndarray) -> np.ndarray:
        g = self.risk_aversion
        more, less = np.append(np.exp(after[1:] - after[:-1]), 0.0), np.append(0.0, np.exp(after[:-1] - after[1:]))
        offsets = near.copy()
        for _ in range(SWEEPS):
            old = offsets.copy()
            ask, won = self.quoted_chances(offsets)[1], np.exp(-g * offsets[:, ASK])
            filled, left = (1.0 - ask) * more + ask * won, (1.0 - ask) + ask * won * less
            offsets[:-1, BID] = self.best_offsets(np.log(filled[:-1] / left[:-1]) / g, g)
            bid, won = self.quoted_chances(offsets)[0], np.exp(-g * offsets[:, BID])
            filled, left = (1.0 - bid) * less + bid * won, (1.0 - bid) + bid * won * more
            offsets[1:, ASK] = self.best_offsets(np.log(filled[1:] / left[1:]) / g, g)
            if np.abs(offsets - old).max() <= 1e-12 * (1.0 + np.abs(offsets).max()):
                break
        return offsets


def _shifted(moments: np.ndarray, weight: np.ndarray | float, gain: np.ndarray, move: int) -> np.ndarray:
    """E[(profit + gain)^j; state], weighted, in the states `move` further up; nothing may leave them."""
    result = np.zeros_like(moments)
    for j in range(ORDERS):
        for i in range(j + 1):
            result[j] += math.comb(j, i) * gain ** (j - i) * moments[i]
    return np.roll(result * weight, move, axis=1)


def _central(raw: np.ndarray) -> tuple[float, float, float]:
    """-> mean, standard deviation, kurtosis of raw moments 0 to 4."""
    mean = raw[1] / raw[0]
    variance = raw[2] - mean**2
    fourth = raw[4] - 4.0 * mean * raw[3] + 6.0 * mean**2 * raw[2] - 3.0 * mean**4
    return float(mean), math.sqrt(variance), float(fourth / variance**2)
