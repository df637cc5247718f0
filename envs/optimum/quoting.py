"""A market maker's setting: orders that reach a quote with a chance that falls with its offset, and the best offset of one side."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...market.errors import ConfigError, UnknownNameError

__all__ = ["ASK", "BID", "FillLaw", "QuotedMarket"]

FillLaw = Literal["poisson", "linear"]
BID, ASK = 0, 1  # last axis of offsets
NEWTON_STEPS, TOLERANCE = 200, 1e-14


@dataclass(frozen=True, kw_only=True)
class QuotedMarket:
    """One unit is bid for and offered in each of `n_steps` steps of length `horizon / n_steps`, at offsets from the mid.

    Orders reach a quote at the rate `rate` exp(-`decay` offset). A quote is filled at most once in a step, by the first of them:
    with the chance 1 - exp(-rate dt exp(-decay offset)) (`poisson`), or with min(1, rate dt exp(-decay offset)) (`linear`, as
    simulations have it that take small chances for granted). The mid is a martingale that moves after the fills of a step.

    Attributes:
        rate: Orders a unit of time that reach the mid, on each side.
        decay: By how much an offset thins them, per unit of price.
        horizon: T, units of time.
        n_steps: Decisions until T.
        largest: Q, inventory in units beyond which nothing more is quoted on its side; states are -Q to Q.
        fills: `poisson` or `linear`.
        lowest: Least offset, price; may be negative. None: any.
        highest: Largest offset, price. None: any.

    Raises:
        ConfigError: A number is out of its range.
        UnknownNameError: `fills` is neither.
    """

    rate: float = 1.0
    decay: float = 1.0
    horizon: float = 30.0
    n_steps: int = 120
    largest: int = 3
    fills: FillLaw = "poisson"
    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        for name in ("rate", "decay", "horizon"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise ConfigError(f"{name} of a quoted market must be positive and finite, was {getattr(self, name)}")
        for name in ("n_steps", "largest"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ConfigError(f"{name} of a quoted market must be a whole number of at least 1, was {value!r}")
        if self.fills not in get_args(FillLaw):
            raise UnknownNameError("fills", str(self.fills), get_args(FillLaw))
        if not self.bounds[0] < self.bounds[1]:
            raise ConfigError(f"the lowest offset must be below the highest, were {self.lowest} and {self.highest}")

    @property
    def step(self) -> float:
        """dt, units of time."""
        return self.horizon / self.n_steps

    @property
    def inventories(self) -> np.ndarray:
        """-Q to Q, float64 (2 Q + 1,): the states, in their order."""
        return np.arange(-self.largest, self.largest + 1, dtype=np.float64)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest offset, price."""
        return (-math.inf if self.lowest is None else self.lowest, math.inf if self.highest is None else self.highest)

    def times_left(self) -> np.ndarray:
        """Return T - t at each decision, float64 (n_steps,)."""
        return self.horizon - self.step * np.arange(self.n_steps)

    def reached(self, offsets: np.ndarray) -> np.ndarray:
        """Return the mean number of orders that reach quotes at `offsets` (price, any shape) in a step."""
        return np.asarray(self.rate * self.step * np.exp(-self.decay * np.asarray(offsets, np.float64)))

    def chances(self, offsets: np.ndarray) -> np.ndarray:
        """Return the chances that quotes at `offsets` (price, any shape) are filled in a step."""
        reached = self.reached(offsets)
        return np.asarray(-np.expm1(-reached) if self.fills == "poisson" else np.minimum(reached, 1.0))

    def quoted_chances(self, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the chances of bid and ask, (..., 2 Q + 1) each, of offsets (..., 2 Q + 1, 2); 0 at the bound of inventory."""
        chances = self.chances(offsets)
        bid, ask = chances[..., BID].copy(), chances[..., ASK].copy()
        bid[..., -1] = ask[..., 0] = 0.0
        return bid, ask

    def checked_policy(self, offsets: np.ndarray) -> np.ndarray:
        """Return offsets as float64 (n_steps, 2 Q + 1, 2), broadcast from fewer dimensions; offsets that cannot be quoted are 0.

        Raises:
            ConfigError: They have another shape, or one that can be quoted is not finite.
        """
        shape = (self.n_steps, 2 * self.largest + 1, 2)
        try:
            policy = np.array(np.broadcast_to(np.asarray(offsets, np.float64), shape))
        except ValueError:
            raise ConfigError(f"a policy's offsets must have the shape {shape}, were {np.shape(offsets)}") from None
        policy[:, -1, BID] = policy[:, 0, ASK] = 0.0
        if not np.isfinite(policy).all():
            raise ConfigError("a policy's offsets must be finite where they can be quoted")
        return policy

    def fixed(self, offset: float) -> np.ndarray:
        """Return the policy that quotes both sides at one offset always, float64 (n_steps, 2 Q + 1, 2)."""
        return self.checked_policy(np.full(2, offset))

    def best_offsets(self, level: np.ndarray, risk_aversion: float = 0.0) -> np.ndarray:
        """Return the offsets at which one side is best quoted where the other side's are given.

        A fill that is worth e^(g offset) against e^(g level), g the risk aversion (g = 0: offset against level), is best quoted at

            offset = level + ln(1 + (g / k) E(x)) / g,   or level + E(x) / k for g = 0,   E(x) = (e^x - 1) / x

        with x the orders that reach it (E = 1 for `linear` fills): the first-order condition of chance x worth. In y = ln x it is
        y + k (...) = ln(rate dt) - k level, convex and increasing, so that Newton from above never turns; to 1e-14 of y.

        Args:
            level: Price at which a fill is worth nothing, relative to the mid, any shape.
            risk_aversion: g, per unit of money, not negative.

        Returns:
            Offsets inside `bounds`, the shape of `level`.
        """
        least, most = self.bounds
        log_rate = math.log(self.rate * self.step)
        if self.fills == "linear":
            premium = math.log1p(risk_aversion / self.decay) / risk_aversion if risk_aversion > 0.0 else 1.0 / self.decay
            return np.clip(np.maximum(level + premium, log_rate / self.decay), least, most)
        goal = log_rate - self.decay * np.asarray(level, np.float64)
        share = risk_aversion / self.decay
        start = goal - (math.log1p(share) / share if share > 0.0 else 1.0)  # above the root, since E >= 1
        far = np.maximum(goal, 1.0)
        bound = 2.0 * (share * far - math.log(share)) if share > 0.0 else 2.0 * np.log(far)  # so is this x, since E >= e^(x / 2)
        y = np.where(start > 0.0, np.minimum(start, np.log(np.maximum(bound, 1.0))), start)
        for _ in range(NEWTON_STEPS):
            x = np.exp(y)
            growth = np.expm1(x) / x
            slope = np.exp(x) - growth  # x dE/dx
            if share > 0.0:
                value, slope = np.log1p(share * growth) / share, slope / (1.0 + share * growth)
            else:
                value = growth
            moved = (y + value - goal) / (1.0 + slope)
            y = y - moved
            if np.all(np.abs(moved) <= TOLERANCE * (1.0 + np.abs(y))):
                break
        return np.clip((log_rate - y) / self.decay, least, most)
