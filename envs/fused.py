"""`FusedStep`: a step of a batch in one call of a kernel, for what is built in; what is not is called beside it."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from ..encoders.form import PAGE
from ..market.actions.exposure import Exposure
from ..market.actions.holding import Holding
from ..market.actions.positions import Positions
from ..market.actions.scheme import ActionScheme
from ..market.actions.six_actions import SixActions
from ..market.actions.weights import TargetWeights, Weights
from ..market.kernel import compiled
from ..simulator.batch import past_end
from ..simulator.simulator import Simulator
from .fused_loop import (
    ABOVE,
    ACCOUNT,
    DIFFERENTIAL,
    GROSS_MINUS_COST,
    LOG_RETURN,
    PORTFOLIO,
    POSITIONS,
    REFERENCE,
    ROWS,
    SIX,
    TARGETS,
    UNITS,
    WEIGHTS,
    Payment,
    Sight,
    begin_some,
    first_bad_choice,
    first_bad_number,
    observe_some,
    play_range,
    play_range_parallel,
)
from .limits import Limits
from .parts.account import AccountPart, WeightsPart
from .parts.part import Part
from .rewards.differential import DifferentialSharpe, DifferentialSortino
from .rewards.gross_minus_cost import GrossMinusCost
from .rewards.log_return import LogReturn
from .rewards.moments import MOMENTS
from .rewards.reward import Reward
from .view import View

__all__ = ["FusedStep"]

SCHEMES: dict[type[ActionScheme], int] = {
    SixActions: SIX, Positions: POSITIONS, Weights: TARGETS, TargetWeights: TARGETS, Exposure: TARGETS, Holding: UNITS,
}
PARTS: dict[type[Part], int] = {AccountPart: ACCOUNT, WeightsPart: WEIGHTS}


class FusedStep:
    """Steps a batch whose exchange is a `Simulator`; the same bytes as its stages one after the other.

    A stage of another class than ours (a subclass may do anything) is called as it is: a scheme before the pass, a reward and
    parts after it.

    Attributes:
        pays: Whether the pass pays the reward.
        n_parts: Parts that the pass writes, the first 0 or 1.
        observes: Whether the pass writes whole observations.
    """

    def __init__(self, simulator: Simulator, scheme: ActionScheme, reward: Reward, view: View, *, limits: Limits | None = None,
                 settled: bool = True) -> None:
        """Look up what the pass can do; nothing is compiled before the first step.

        Args:
            simulator: The exchange.
            scheme: What actions mean.
            reward: What is paid.
            view: What is observed.
            limits: What orders are held to between the decision and the step; None: nothing.
            settled: Whether books stay as the step leaves them until they are observed; else the account is written later.
        """
        self._simulator, self._scheme, self._limits = simulator, scheme, limits
        self._code = PORTFOLIO if scheme == Weights(n_assets=scheme.n_assets) else SCHEMES.get(type(scheme), ABOVE)
        if limits is not None:
            self._code = ABOVE
        offset, rebalance = (int(scheme.short), scheme.rebalance) if isinstance(scheme, Positions) else (0, False)
        self._meaning = (self._code, offset, rebalance)
        self._n_envs = n_envs = simulator.n_envs
        self._discrete, self._n_actions = scheme.discrete, scheme.n if scheme.discrete else 0
        self._dtype: np.dtype[Any] = np.dtype(np.int64 if scheme.discrete else np.float64)
        self._kinds = "iu" if scheme.discrete else "fiu"
        self._shape = (n_envs,) if scheme.discrete else (n_envs, scheme.size)
        self._no_choices, self._no_numbers = np.zeros(1, np.int64), np.zeros((1, 1))
        self._payment, self._moments = payment_of(reward)
        self.pays = self._payment.reward != ABOVE
        part = PARTS.get(type(view.parts[0]), ABOVE) if settled and view.parts else ABOVE
        self.n_parts = 0 if part == ABOVE else 1
        self.observes = self.pays and self.n_parts == len(view.parts)
        market = view.market
        self._sight = Sight(REFERENCE if view.form == "reference" else ROWS, market.window, market.width, PAGE, part,
                            view.private_at, view.reward_at)
        self._features, self._width = market.flat, view.width
        self._everyone = np.ones(simulator.n_envs, np.bool_)
        self._threads, self._ended = simulator.threads, np.zeros(simulator.threads, np.int64)
        sim = simulator
        self._kept = (
            sim.rows, sim.desk.episode, sim.intents, sim.tickets, sim.declined, *sim.market, sim.rules, sim.account, sim.position,
            sim.orders, sim.record, sim.refused, sim.fills, self._payment, self._moments, self._sight, self._features,
        )  # fmt: skip
        self._books = (
            sim.rows, sim.desk.episode, sim.intents, sim.tickets, sim.declined, *sim.market, sim.account, sim.position, sim.orders,
            sim.record, sim.refused,
        )  # fmt: skip
        self._seen = (
            sim.rows, self._sight, self._payment, self._features, sim.instruments, sim.account, sim.position, self._moments,
        )  # fmt: skip
        self._begin: Callable[..., bool] | None = None
        self._observe: Callable[..., None] | None = None
        self._play: Callable[..., Any] | None = None
        self._first_bad: Callable[..., int] | None = None

    def __getstate__(self) -> dict[str, Any]:
        compiled_here = dict.fromkeys(("_play", "_first_bad", "_begin", "_observe"))
        return {**self.__dict__, **compiled_here}  # what is compiled stays in its process

    def checked(self, actions: Any) -> np.ndarray:
        """Return actions as the kernels read them; see `ActionScheme.check_actions` for what is refused."""
        try:
            given = np.asarray(actions)
        except (TypeError, ValueError):  # such as rows of different lengths; said in our words
            return self._scheme.check_actions(actions, self._n_envs)
        if given.shape != self._shape or given.dtype.kind not in self._kinds or given.dtype.itemsize > 8:  # a long double rounds
            return self._scheme.check_actions(given, self._n_envs)
        values = given if given.dtype == self._dtype and given.flags.c_contiguous else np.ascontiguousarray(given, self._dtype)
        if self._first_bad is None:
            kernel = (first_bad_choice, self._no_choices, 0) if self._discrete else (first_bad_number, self._no_numbers)
            self._first_bad = compiled(*kernel)
        bad = self._first_bad(values, self._n_actions) if self._discrete else self._first_bad(values)
        return values if bad < 0 else self._scheme.check_actions(given, self._n_envs)

    def play(
        self, actions: Any, active: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
        """Check actions, then play one bar.

        Args:
            actions: See `TradingVectorEnv.step`.
            active: bool (E,): who plays; None: all.

        Returns:
            Observations float32 (E, width), those of who does not play unwritten; rewards float64 (E,), 0 where they are paid by
            the reward itself; terminated and truncated bool (E,); how many of these are set.
        """
        sim, chosen = self._simulator, self._chosen(actions, active)
        playing = self._everyone if active is None else active
        n_envs = self._n_envs
        out, rewards = np.empty((n_envs, self._width), np.float32), np.empty(n_envs)
        terminated, truncated = np.empty(n_envs, np.bool_), np.empty(n_envs, np.bool_)
        made = (out, rewards, terminated, truncated)
        if self._play is None:  # by arrays of our own: actions that cannot be written to would be another type
            like = (self._everyone, *self._meaning, self._no_choices, self._no_numbers, *self._kept, *made)
            self._play = (compiled(play_range, 0, n_envs, *like) if self._threads == 1
                          else compiled(play_range_parallel, self._ended, *like))
        arguments = (playing, *self._meaning, *chosen, *self._kept, *made)
        if self._threads > 1:
            return *made, self._play_parallel(self._play, playing, arguments)
        ended = self._play(0, n_envs, *arguments)
        if ended < 0:
            raise sim.no_bar(-1 - ended)
        return *made, ended

    def begin(self, chosen: np.ndarray, first: np.ndarray, last: np.ndarray, cash: float) -> bool:
        """Open accounts and episodes in some environments, as `Simulator.open_accounts` does.

        Args:
            chosen: Their indices, int64 (n,).
            first: First decision rows, int64 (n,).
            last: Last rows, int64 (n,).
            cash: Initial equity, positive and finite.

        Returns:
            Whether every first row leaves a bar to trade; else nothing was done.
        """
        given = [np.ascontiguousarray(array, np.int64) for array in (chosen, first, last)]
        if self._begin is None:
            self._begin = compiled(begin_some, *[self._ended] * 3, 1.0, 1, *self._books)
        # 21 arguments: of tuples of exactly 20, CPython 3.11 keeps up to 2,000 for later, which looks like a leak
        return self._begin(*given, float(cash), self._simulator.n_rows, *self._books)

    def observe(self, chosen: np.ndarray, out: np.ndarray) -> None:
        """Write into `out` float32 (E, width) what the pass writes of observations, for the environments `chosen` int64 (n,)."""
        if self._observe is None:
            self._observe = compiled(observe_some, self._ended, *self._seen, np.zeros((1, 1), np.float32))
        self._observe(chosen, *self._seen, out)

    def _play_parallel(self, play: Callable[..., Any], playing: np.ndarray, arguments: tuple[Any, ...]) -> int:
        sim = self._simulator
        if (bad := past_end(sim.rows, playing, sim.n_rows)) >= 0:
            raise sim.no_bar(bad)
        numba.set_num_threads(self._threads)
        play(self._ended, *arguments)
        return int(self._ended.sum())

    def _chosen(self, actions: Any, active: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return what the pass decodes, choices int64 (E,) and numbers float64 (E, n), one of them unused; or decode it here."""
        code, scheme = self._code, self._scheme
        if code == ABOVE:
            scheme.decide(actions, self._simulator.desk)
            if self._limits is not None:
                self._limits.screen(self._simulator, active)
            return self._no_choices, self._no_numbers
        values = self.checked(actions)
        if code in (SIX, POSITIONS):
            return values, self._no_numbers
        if code == TARGETS:
            return self._no_choices, np.ascontiguousarray(scheme.weights(values, self._simulator.desk))
        return self._no_choices, values * scheme.max_units if isinstance(scheme, Holding) else values


def payment_of(reward: Reward) -> tuple[Payment, np.ndarray]:
    """Return how the pass pays a reward, and the moments that it moves on; ABOVE where the reward itself must pay."""
    none = np.zeros(0, MOMENTS)
    if type(reward) is LogReturn:
        return Payment(LOG_RETURN, floor=reward.floor), none
    if type(reward) is GrossMinusCost:
        return Payment(GROSS_MINUS_COST, cost_weight=float(reward.cost_weight)), none
    if isinstance(reward, DifferentialSharpe) and type(reward) in (DifferentialSharpe, DifferentialSortino):
        own = reward.settings
        return Payment(DIFFERENTIAL, losses=reward.losses, eta=float(own.adaptation_rate), warmup=own.warmup_bars,
                       clip=float(own.clip)), reward.moments
    return Payment(ABOVE), none
