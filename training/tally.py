"""`Sums`: what happened in sampled environments, and the kernel that adds a step of a batch to it in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ..envs.parts.account import value_of
from ..market.account import COSTS
from ..market.errors import IntegrityError
from ..market.kernel import kernel
from ..market.order import Refusal

__all__ = ["ARRAYS", "Sums", "tally"]

BASIS_POINT = 1e-4
MICROSECOND = 1e-6
PER_BAR = ("train/reward", "train/exposure", "train/turnover")
PER_EPISODE = ("train/equity", "train/drawdown", "train/episode_return")
N_AMOUNTS = len(PER_BAR) + len(PER_EPISODE) + len(COSTS)
COUNTS = ("bars", "episodes", "ruined", "won", "lost", "trades", "trade_bars", "episode_bars")
ARRAYS = ("amounts", "counts", "refused", "actions", "regime_return", "regime_bars", "seconds")

Records = Any  # a record array; mypy knows no fields of records


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over bars that were played and episodes that ended; those of several runners add up with `+`.

    Attributes:
        labels: Names of the discrete actions; empty where actions are continuous.
        regimes: Names of the market's regimes; empty where nothing tells them.
        amounts: Reward, exposure, turnover, the cost lines over equity before the bar; equity, drawdown and sum of rewards of
            ended episodes; float64 (13,).
        counts: Bars, episodes, ruined ones, bars won and lost, trades that ended, their bars, bars of ended episodes; int64 (8,).
        refused: Orders by `Refusal`, int64 (R,).
        actions: Choices by label, int64 (n,).
        regime_return: Sum of simple returns by regime at the decision, float64 (K,).
        regime_bars: Bars by regime, int64 (K,).
        seconds: In the environment's `step`, float64 (1,).
    """

    labels: tuple[str, ...]
    regimes: tuple[str, ...]
    amounts: np.ndarray = field(repr=False)
    counts: np.ndarray = field(repr=False)
    refused: np.ndarray = field(repr=False)
    actions: np.ndarray = field(repr=False)
    regime_return: np.ndarray = field(repr=False)
    regime_bars: np.ndarray = field(repr=False)
    seconds: np.ndarray = field(repr=False)

    @classmethod
    def zero(cls, labels: Sequence[str] = (), regimes: Sequence[str] = ()) -> Self:
        """Return sums of nothing."""
        sizes = (N_AMOUNTS, len(COUNTS), len(Refusal), len(labels), len(regimes), len(regimes), 1)
        kinds = (np.float64, np.int64, np.int64, np.int64, np.float64, np.int64, np.float64)
        arrays = [np.zeros(size, kind) for size, kind in zip(sizes, kinds, strict=True)]
        return cls(tuple(labels), tuple(regimes), *arrays)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.labels, self.regimes, *(getattr(self, name) + getattr(other, name) for name in ARRAYS))

    def copied(self) -> "Sums":
        """Return a copy that goes its own way."""
        return Sums(self.labels, self.regimes, *(getattr(self, name).copy() for name in ARRAYS))

    def clear(self) -> None:
        """Begin anew."""
        for name in ARRAYS:
            getattr(self, name)[...] = 0

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays by name."""
        return {name: getattr(self, name).copy() for name in ARRAYS}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from `state()`; IntegrityError where it counts other actions or regimes."""
        for name in ARRAYS:
            own, given = getattr(self, name), state[name]
            if own.shape != given.shape or own.dtype != given.dtype:
                raise IntegrityError(f"meter: {name} must be {own.dtype} {own.shape}, was {given.dtype} {given.shape}; "
                                     "the state is of another environment")
            own[...] = given

    def figures(self) -> dict[str, float]:
        """Return means by TensorBoard tag, see docs/tensorboard.md; tags without data are left out."""
        n = dict(zip(COUNTS, self.counts.tolist(), strict=True))
        figures: dict[str, float] = {}
        if bars := n["bars"]:
            figures |= dict(zip(PER_BAR, self.amounts / bars, strict=False))
            costs = self.amounts[len(PER_BAR) : len(PER_BAR) + len(COSTS)]
            figures |= {f"costs/{line}_bp": cost / bars / BASIS_POINT for line, cost in zip(COSTS, costs, strict=True)}
            figures["costs/total_bp"] = costs.sum() / bars / BASIS_POINT
            counts = zip(Refusal, self.refused, strict=True)
            figures |= {f"refused/{reason.name.lower()}": count / bars for reason, count in counts if count}
            figures |= {f"actions/{label}": count / bars for label, count in zip(self.labels, self.actions, strict=True)}
            figures["speed/env_us_a_step"] = self.seconds[0] / bars / MICROSECOND
        for name, total, count in zip(self.regimes, self.regime_return, self.regime_bars, strict=True):
            if count:
                figures[f"regime/return_{name}_bp"] = total / count / BASIS_POINT
                figures[f"regime/share_{name}"] = count / n["bars"]
        if n["won"] + n["lost"]:
            figures["train/hit_rate"] = n["won"] / (n["won"] + n["lost"])
        if n["trades"]:
            figures["train/holding_bars"] = n["trade_bars"] / n["trades"]
        if episodes := n["episodes"]:
            figures |= dict(zip(PER_EPISODE, self.amounts[-len(PER_EPISODE) :] / episodes, strict=True))
            figures |= {"train/ruined": n["ruined"] / episodes, "train/episode_bars": n["episode_bars"] / episodes}
        return {name: float(value) for name, value in figures.items()}


@kernel
def tally(
    skipped: np.ndarray,
    choices: np.ndarray,
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    instruments: Records,
    account: Records,
    position: Records,
    record: Records,
    refused: np.ndarray,
    regime: np.ndarray,
    paid: np.ndarray,
    peak: np.ndarray,
    worst: np.ndarray,
    opened: np.ndarray,
    amounts: np.ndarray,
    counts: np.ndarray,
    refusals: np.ndarray,
    chosen: np.ndarray,
    regime_return: np.ndarray,
    regime_bars: np.ndarray,
) -> None:
    """Add a step, except of the environments `skipped`; `paid`, `peak`, `worst` (E,), `opened` (E, A) follow running episodes.

    What the account says is not asked before the end: to touch the records of 1,024 accounts takes as long as all that is done.

    A trade lasts from the row of its first fill to that in which it is closed or turned, or in which the episode ends.
    """
    reward = exposure = turnover = 0.0
    commission = fees = spread = slippage = impact = borrow = liquidation = 0.0
    equity_end = drawdown = episode_return = 0.0
    left_out = episodes = ruined = won = lost = trades = trade_bars = episode_bars = 0
    for e in range(record.shape[0]):
        if skipped[e]:
            left_out += 1
            continue
        reward += rewards[e]
        paid[e] += rewards[e]
        before, equity, row = record[e].equity_before, record[e].equity, record[e].row
        inverse = 1.0 / before if before > 0.0 else 0.0
        turnover += record[e].traded_notional * inverse
        commission += record[e].commission * inverse
        fees += record[e].fees * inverse
        spread += record[e].spread * inverse
        slippage += record[e].slippage * inverse
        impact += record[e].impact * inverse
        borrow += record[e].borrow * inverse
        liquidation += record[e].liquidation * inverse
        won += equity > before
        lost += equity < before
        if regime.shape[0] > 0 and regime[row - 1] >= 0:
            regime_return[regime[row - 1]] += (equity - before) * inverse
            regime_bars[regime[row - 1]] += 1
        if chosen.shape[0] > 0:
            chosen[choices[e]] += 1
        if record[e].n_refused > 0:
            for reason in range(refused.shape[1]):
                refusals[reason] += refused[e, reason]
        ended = terminated[e] | truncated[e]
        gross = 0.0
        for asset in range(position.shape[1]):
            gross += abs(value_of(e, asset, instruments, position))
            since, was = position[e, asset].opened_row, opened[e, asset]
            over = (was >= 0) & (since != was)
            trades += over
            trade_bars += over * (row - was)
            if ended:
                trades += since >= 0
                trade_bars += (since >= 0) * (row - since)
                since = -1
            opened[e, asset] = since
        exposure += gross / equity if equity > 0.0 else 0.0
        highest = max(peak[e], before, equity)
        peak[e] = highest
        if equity < (1.0 - worst[e]) * highest:
            worst[e] = 1.0 - equity / highest
        if ended:
            episodes += 1
            equity_end += equity / account[e].initial_equity
            drawdown += worst[e]
            ruined += account[e].ruined != 0
            episode_return += paid[e]
            episode_bars += row - account[e].opened_row
            paid[e] = peak[e] = worst[e] = 0.0
    amounts[0] += reward
    amounts[1] += exposure
    amounts[2] += turnover
    amounts[3] += commission
    amounts[4] += fees
    amounts[5] += spread
    amounts[6] += slippage
    amounts[7] += impact
    amounts[8] += borrow
    amounts[9] += liquidation
    amounts[10] += equity_end
    amounts[11] += drawdown
    amounts[12] += episode_return
    counts[0] += record.shape[0] - left_out
    counts[1] += episodes
    counts[2] += ruined
    counts[3] += won
    counts[4] += lost
    counts[5] += trades
    counts[6] += trade_bars
    counts[7] += episode_bars
