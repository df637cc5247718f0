"""A policy on held-out rows while it learns, against baselines on the same rows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..agents.policy import Policy
from ..agents.rules.rule import Rule, build_rule
from ..encoders.observation import Observation
from ..evaluation.annualisation import bars_per_year
from ..evaluation.metric import metric
from ..evaluation.track import Track
from ..market.errors import ConfigError
from .environment import Blueprint
from .meter import MeteredVectorEnv

__all__ = ["BASELINES", "Showing", "show", "show_baselines", "validation_figures"]

BASELINES = ("buy_and_hold", "equal_weight")
METERED = ("drawdown", "exposure", "turnover", "reward", "hit_rate", "holding_bars")
WHOLE: dict[str, Any] = {"episode_bars": None, "start": "first"}  # of the rows of a tape
RULED: dict[str, Any] = {"action": Rule.scheme, "private": ()}  # parts may belong to the job's actions, and no rule reads them


@dataclass(frozen=True)
class Showing:
    """One pass over the rows.

    Attributes:
        equity: At each close over equity at the first, float64 (n + 1,).
        closes: These closes, int64 ns UTC (n + 1,).
        observations: What was seen before each decision, float32 (n, D).
        figures: What `MeteredVectorEnv.read` says about it.
    """

    equity: np.ndarray = field(repr=False)
    closes: np.ndarray = field(repr=False)
    observations: np.ndarray = field(repr=False)
    figures: dict[str, float]

    @property
    def total_return(self) -> float:
        """Last equity over first, less 1."""
        return float(self.equity[-1] - 1.0)

    @cached_property
    def sharpe(self) -> float:
        """Sharpe ratio a year without a risk-free rate, as `evaluation` computes it from the returns of the bars; NaN below two.

        The pace of the clock is that of these closes.
        """
        if len(self.equity) < 3:
            return math.nan
        return metric("sharpe").value(Track(equity=self.equity, bars_per_year=bars_per_year(self.closes)))


def show(blueprint: Blueprint, policy: Policy, seed: int = 0) -> Showing:
    """Play one episode from the first row to the last with deterministic decisions.

    Args:
        blueprint: World and rows.
        policy: Who decides; a rule's environment takes its scheme and shows the market alone.
        seed: Of worlds that draw their own paths.
    """
    whole = {} if blueprint.tape is None else WHOLE
    own = RULED if isinstance(policy, Rule) else {}
    env = blueprint.make(1, autoreset_mode="next_step", info=(), **whole, **own)
    metered = MeteredVectorEnv(env)
    seen, _ = metered.reset(seed=seed)
    state = policy.initial_state(1)
    first, account = int(env.simulator.rows[0]), env.simulator.account
    equity, observations = [float(account["equity"][0])], []
    while True:
        decision, state = policy.act(Observation.from_flat(seen, env.layout), state)
        observations.append(seen[0])
        seen, _, terminated, truncated, _ = metered.step(decision.values)
        equity.append(float(account["equity"][0]))
        if terminated[0] or truncated[0]:
            break
    closes = np.array(env.simulator.clock["close_at"][first : first + len(equity)])
    figures = metered.read()
    env.close()
    return Showing(np.asarray(equity) / equity[0], closes, np.stack(observations), figures)


def show_baselines(blueprint: Blueprint) -> dict[str, Showing]:
    """Return what the baselines do on the same rows, by name; none on worlds that draw their own paths.

    On one asset equal weight is buy and hold, and left out. A task whose decisions are no positions (a parent order, a hedge, a
    choice among strategies) has none.
    """
    if blueprint.tape is None:
        return {}
    try:
        env = blueprint.make(1, info=(), **WHOLE, **RULED)
    except ConfigError:
        return {}
    names = BASELINES if env.tape.n_assets > 1 else BASELINES[:1]
    rules = {name: build_rule(name, {}, env.layout) for name in names}
    env.close()
    return {name: show(blueprint, rule) for name, rule in rules.items()}


def validation_figures(showing: Showing, baselines: Mapping[str, Showing]) -> dict[str, float]:
    """Return what a showing says, by TensorBoard tag; see docs/tensorboard.md. What is not defined is left out.

    Args:
        showing: The policy's.
        baselines: Those of the baselines, by name.
    """
    metered = showing.figures
    figures = {"validation/equity": float(showing.equity[-1]), "validation/sharpe": showing.sharpe}
    figures |= {f"validation/{name}": metered[f"train/{name}"] for name in METERED if f"train/{name}" in metered}
    figures["validation/costs_bp"] = metered.get("costs/total_bp", 0.0)
    regimes = {name.removeprefix("regime/"): value for name, value in metered.items() if name.startswith("regime/")}
    figures |= {f"validation/{name}": value for name, value in regimes.items()}
    for name, one in baselines.items():
        figures |= {f"validation/equity_{name}": float(one.equity[-1]), f"validation/sharpe_{name}": one.sharpe}
    return {name: value for name, value in figures.items() if math.isfinite(value)}
