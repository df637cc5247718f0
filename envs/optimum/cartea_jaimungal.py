"""Market making with bounded inventory and penalties on it: continuous time by a matrix exponential, steps by induction.

Source: Cartea, Jaimungal & Penalva 2015, Algorithmic and High-Frequency Trading, chapter 10.2: maximise
E[X_T + Q_T (S_T - alpha Q_T) - phi integral Q^2 dt], S a martingale; exponential fill rates; best offsets 1/k + h(t, q) -
h(t, q -+ 1) with h = ln(omega) / k, omega(t) = exp(A (T - t)) z, z_q = exp(-alpha k q^2), A_qq = -phi k q^2 and rate / e beside
the diagonal.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError
from .quoting import ASK, BID, QuotedMarket

__all__ = ["CarteaJaimungal"]

SWEEPS = 200
TAYLOR_TERMS = 24  # of a matrix of norm 1/2 or less: the rest is below 1e-30 of what is there


@dataclass(frozen=True, kw_only=True)
class CarteaJaimungal(QuotedMarket):
    """The market maker's problem, in units of inventory and of price.

    In steps: the fills of a step earn their offsets, then the mid moves, and phi dt q^2 is paid for the inventory q that it moved
    with; alpha q^2 is paid at T for what is left. As dt goes to 0 this becomes the continuous problem.

    Attributes:
        running_penalty: phi, price per unit of inventory and of time.
        terminal_penalty: alpha, price per unit of inventory.

    Raises:
        ConfigError: A number is out of its range.
    """

    running_penalty: float = 0.1
    terminal_penalty: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("running_penalty", "terminal_penalty"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ConfigError(f"{name} must be finite and not negative, was {getattr(self, name)}")

    def limit_value(self, time_left: float) -> np.ndarray:
        """Return h(t, q) of continuous time with unbounded offsets, price, float64 (2 Q + 1,).

        The matrix exponential is that of A + c, c = phi k Q^2, which has no negative entry, by Taylor series and squaring: nothing
        cancels, so that every entry of omega is right to about 1e-13 of itself.

        Raises:
            ConfigError: The time left is negative or not finite.
        """
        if not (math.isfinite(time_left) and time_left >= 0.0):
            raise ConfigError(f"the time left must be finite and not negative, was {time_left}")
        q = self.inventories
        lift = self.running_penalty * self.decay * self.largest**2
        beside = np.full(len(q) - 1, self.rate / math.e)
        matrix = np.diag(lift - self.running_penalty * self.decay * q * q) + np.diag(beside, 1) + np.diag(beside, -1)
        omega = _exponential(matrix * time_left) @ np.exp(-self.terminal_penalty * self.decay * q * q)
        return np.asarray((np.log(omega) - lift * time_left) / self.decay)

    def limit_offsets(self, time_left: float) -> np.ndarray:
        """Return the best offsets of continuous time, price, (2 Q + 1, 2): bid, ask; infinite where inventory is at its bound."""
        h = self.limit_value(time_left)
        offsets = np.full((len(h), 2), np.inf)
        offsets[:-1, BID] = 1.0 / self.decay + h[:-1] - h[1:]
        offsets[1:, ASK] = 1.0 / self.decay + h[1:] - h[:-1]
        return offsets

    @cached_property
    def solution(self) -> tuple[np.ndarray, np.ndarray]:
        """Best values (n_steps + 1, 2 Q + 1) and offsets (n_steps, 2 Q + 1, 2) in steps, price, by backward induction.

        Both offsets of a state are found together, each best for the other's, to 1e-13. They are the only such pair, and the best
        one, where k c < 4.4 with c the concavity 2 W(q) - W(q - 1) - W(q + 1) of what follows: in the two chances the gain of one
        side has a second derivative of at most -4.4 / k, and the sides meet in the term c x chance x chance. (`linear` fills: at
        most -1 / k, so that 1 is the bound.)

        Raises:
            ConfigError: k c is 4.4 or more somewhere: steps that long have no certain optimum.
        """
        q = self.inventories
        values = np.empty((self.n_steps + 1, len(q)))
        offsets = np.zeros((self.n_steps, len(q), 2))
        values[-1] = -self.terminal_penalty * q * q
        for t in range(self.n_steps - 1, -1, -1):
            after = values[t + 1] - self.running_penalty * self.step * q * q
            offsets[t] = self._best_pair(after, offsets[t + 1] if t + 1 < self.n_steps else None)
            values[t] = self._worth(after, offsets[t])
        return values, offsets

    def values_of(self, offsets: np.ndarray) -> np.ndarray:
        """Return the expected sum of rewards of a policy, offsets (n_steps, 2 Q + 1, 2), from each state: (n_steps + 1, 2 Q + 1).

        Raises:
            ConfigError: See `checked_policy`.
        """
        policy, q = self.checked_policy(offsets), self.inventories
        values = np.empty((self.n_steps + 1, len(q)))
        values[-1] = -self.terminal_penalty * q * q
        for t in range(self.n_steps - 1, -1, -1):
            values[t] = self._worth(values[t + 1] - self.running_penalty * self.step * q * q, policy[t])
        return values

    def _best_pair(self, after: np.ndarray, near: np.ndarray | None) -> np.ndarray:
        buy, sell = np.zeros_like(after), np.zeros_like(after)  # what a unit more, or less, is worth
        buy[:-1], sell[1:] = after[1:] - after[:-1], after[:-1] - after[1:]
        both = np.zeros_like(after)
        both[1:-1] = -(buy + sell)[1:-1]
        bound = 4.4 if self.fills == "poisson" else 1.0
        if not np.all(self.decay * both < bound):
            raise ConfigError(f"a step of {self.step} is too long: the best offsets are certain where decay x concavity of the "
                              f"value is below {bound}, was {float((self.decay * both).max())}; take more steps")
        offsets = np.stack([-buy, -sell], axis=-1) + 1.0 / self.decay if near is None else near.copy()
        for _ in range(SWEEPS):
            old = offsets.copy()
            offsets[:, BID] = self.best_offsets(-(buy + both * self.quoted_chances(offsets)[1]))
            offsets[:, ASK] = self.best_offsets(-(sell + both * self.quoted_chances(offsets)[0]))
            if np.abs(offsets - old).max() <= 1e-13 * (1.0 + np.abs(offsets).max()):
                break
        offsets[-1, BID] = offsets[0, ASK] = 0.0
        return offsets

    def _worth(self, after: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        bid, ask = self.quoted_chances(offsets)
        up, down = np.append(after[1:], 0.0), np.append(0.0, after[:-1])
        moved = bid * (1.0 - ask) * up + ask * (1.0 - bid) * down + (bid * ask + (1.0 - bid) * (1.0 - ask)) * after
        return np.asarray(bid * offsets[:, BID] + ask * offsets[:, ASK] + moved)


def _exponential(matrix: np.ndarray) -> np.ndarray:
    """exp of a square matrix without negative entries, each entry to a few roundings of itself."""
    halvings = max(0, math.ceil(math.log2(max(float(matrix.sum(axis=1).max()), 1e-300) * 2.0)))
    small = matrix / 2.0**halvings
    result = term = np.eye(len(matrix))
    for n in range(1, TAYLOR_TERMS):
        term = term @ small / n
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result
