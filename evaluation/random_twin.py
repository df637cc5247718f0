"""A random trader that moves as much money as somebody else did, on other days and in other assets."""

from dataclasses import dataclass, field

import numpy as np

from ..agents.noise import uniforms
from ..agents.policy import State
from ..encoders.observation import Observation
from ..market.decision import Decision
from ..market.errors import ConfigError
from ..market.seeding import generator, spawned
from .session import Session

__all__ = ["RandomTwin"]

ROUNDS = 8
ARRIVED = 1e-3
CHUNK = 0.05  # of equity: smaller moves, spread over all assets, would be lost in whole lots
NUDGE = 1e-6  # sizing rounds lots down, and a weight in single precision may lie a hair below them


@dataclass(frozen=True)
class RandomTwin:
    """Draws random portfolios and moves towards them by the amounts that another session traded, in shuffled order.

    At the first bar it enters a random portfolio. Each later bar adds to its purse what the other traded at some bar, over its
    equity, times `scale`. Whenever the purse holds 5 % of equity, it is spent on the way from its present weights to the portfolio
    that it has in mind; the next one is drawn when it is there, or when the purse reaches further. The gross exposure of its
    portfolios has the other's mean, and its standard deviation where there are several assets to choose from; shorts occur as often
    as they did there.

    Attributes:
        budgets: Traded notional over equity of each bar of the other, (n,).
        exposure: Mean gross exposure of the portfolios, >= 0.
        deviation: Standard deviation of the gross exposure, >= 0; with one asset it is as large as can be.
        ceiling: Largest gross exposure that is allowed.
        short_share: Share of exposure that is short.
        sizing_buffer: That of the costs: sizing divides targets by 1 + buffer, so they are multiplied by it here.
        scale: Factor on the budgets; calibrated so that turnover agrees.
        seed: Of everything random; account i has a stream of its own.
        name: For tables and logs.
    """

    budgets: np.ndarray = field(repr=False)
    exposure: float
    deviation: float = 0.0
    ceiling: float = 1.0
    short_share: float = 0.0
    sizing_buffer: float = 0.0
    scale: float = 1.0
    seed: int = 0
    name: str = "random"
    scheme: str = "rebalance"
    requires: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        bad = not 0.0 <= self.short_share <= 1.0 or not 0.0 <= self.exposure <= self.ceiling
        if (
            bad
            or not self.scale >= 0.0
            or not self.deviation >= 0.0
            or not self.sizing_buffer >= 0.0
            or self.budgets.ndim != 1
            or not len(self.budgets)
        ):
            raise ConfigError(
                "random twin: needs budgets, 0 <= exposure <= ceiling, 0 <= short_share <= 1, scale >= 0 and sizing_buffer >= 0, "
                f"was {self.budgets.shape}, {self.exposure}, {self.ceiling}, {self.short_share}, {self.scale}, {self.sizing_buffer}"
            )

    @classmethod
    def of_session(cls, session: Session, *, ceiling: float, sizing_buffer: float, seed: int = 0) -> "RandomTwin":
        """Return the twin of a session, before calibration."""
        before = session.equity[:-1]
        budgets = np.divide(session.steps["traded_notional"], before, out=np.zeros(len(before)), where=before > 0.0)
        gross = np.abs(session.weights).sum(axis=1)
        short = float(np.maximum(-session.weights, 0.0).sum())
        return cls(
            budgets=budgets,
            exposure=min(float(gross.mean()), ceiling),
            deviation=float(gross.std()),
            ceiling=ceiling,
            short_share=short / float(gross.sum()) if gross.any() else 0.0,
            sizing_buffer=sizing_buffer,
            seed=seed,
        )

    def initial_state(self, batch: int) -> State:
        """Return shuffled budgets and no portfolio yet."""
        order = [generator(spawned(self.seed, account)).permutation(len(self.budgets)) for account in range(batch)]
        zeros = np.zeros(batch, np.int64)
        goal, purse = np.zeros((batch, 0)), np.zeros(batch)
        return {"bar": zeros, "order": np.stack(order), "stream": np.arange(batch), "draw": zeros, "goal": goal, "purse": purse}

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`; the private part begins with the A weights of the account."""
        mask = observation.mask
        batch, n_assets = mask.shape
        target = observation.private[:, :n_assets].astype(np.float64)
        goal = state["goal"].copy() if state["goal"].shape[1] else target.copy()
        draw = state["draw"].copy()
        able = mask.any(axis=1) & (self.exposure > 0.0)
        entering = able & (draw == 0)
        bar = state["bar"] % len(self.budgets)
        purse = state["purse"] + np.where(entering, 0.0, self.scale * self.budgets[state["order"][np.arange(batch), bar]])
        trades = able & (entering | (purse >= CHUNK))
        budget = np.where(trades, np.where(entering, np.inf, purse), 0.0)
        length = np.abs(goal - target).sum(axis=1)
        for turn in range(ROUNDS):  # until a portfolio is far enough to spend the purse on; the farthest of those seen is kept
            needed = trades & ((draw == 0) | (length < ARRIVED) | ((budget > length) & ~entering))
            if not needed.any():
                break
            draw[needed] += 1
            drawn = self._portfolios(state["stream"], draw, mask)
            reached = np.abs(drawn - target).sum(axis=1)
            taken = needed & ((reached > length) | (entering if turn == 0 else False))
            goal[taken], length[taken] = drawn[taken], reached[taken]
        spent = np.minimum(budget, length)
        target = target + (goal - target) * np.divide(spent, length, out=np.zeros(batch), where=length > 0.0)[:, None]
        purse = np.where(entering, 0.0, np.where(trades, budget - spent, purse))
        sent = np.clip(target * (1.0 + self.sizing_buffer) * (1.0 + NUDGE), -1.0, 1.0)
        values = np.concatenate([np.where(trades[:, None], sent, 0.0), trades[:, None]], axis=1)
        return Decision(self.scheme, values), {**state, "bar": state["bar"] + 1, "draw": draw, "goal": goal, "purse": purse}

    def _portfolios(self, stream: np.ndarray, draw: np.ndarray, mask: np.ndarray) -> np.ndarray:
        n_assets = mask.shape[1]
        drawn = uniforms(self.seed, stream, draw, 1 + 2 * n_assets)
        reach = min(self.exposure, self.ceiling - self.exposure)
        if n_assets > 1:
            reach = min(reach, np.sqrt(3.0) * self.deviation)  # a uniform number within +-reach has this deviation
        gross = self.exposure + reach * (2.0 * drawn[:, :1] - 1.0)
        parts = -np.log(drawn[:, 1 : n_assets + 1]) * mask  # normalised exponentials are uniform on the simplex
        signs = np.where(drawn[:, n_assets + 1 :] < self.short_share, -1.0, 1.0)
        total = parts.sum(axis=1, keepdims=True)
        return np.asarray(gross * signs * np.divide(parts, total, out=np.zeros(mask.shape), where=total > 0.0))
