"""A policy on held-out rows while it learns, against baselines on the same rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..agents.policy import Policy
from ..agents.rules.rule import Rule, build_rule
from ..encoders.observation import Observation
from .environment import Blueprint
from .meter import MeteredVectorEnv

__all__ = ["BASELINES", "Showing", "show", "show_baselines"]

BASELINES = ("buy_and_hold", "equal_weight")


@dataclass(frozen=True)
class Showing:
    """One pass over the rows.

    Attributes:
        equity: At each close over equity at the first, float64 (n + 1,).
        observations: What was seen before each decision, float32 (n, D).
        figures: What `MeteredVectorEnv.read` says about it.
    """

    equity: np.ndarray
    observations: np.ndarray
    figures: dict[str, float]

    @property
    def total_return(self) -> float:
        """Last equity over first, less 1."""
        return float(self.equity[-1] - 1.0)


def show(blueprint: Blueprint, policy: Policy, seed: int = 0) -> Showing:
    """Play one episode from the first row to the last with deterministic decisions.

    Args:
        blueprint: World and rows.
        policy: Who decides; a rule's environment takes its scheme.
        seed: Of worlds that draw their own paths.
    """
    whole: dict[str, Any] = {} if blueprint.tape is None else {"episode_bars": None, "start": "first"}
    own = {"action": policy.scheme} if isinstance(policy, Rule) else {}
    env = blueprint.make(1, autoreset_mode="next_step", info=(), **whole, **own)
    metered = MeteredVectorEnv(env)
    seen, _ = metered.reset(seed=seed)
    state = policy.initial_state(1)
    equity, observations = [float(env.simulator.account["equity"][0])], []
    while True:
        decision, state = policy.act(Observation.from_flat(seen, env.layout), state)
        observations.append(seen[0])
        seen, _, terminated, truncated, _ = metered.step(decision.values)
        equity.append(float(env.simulator.account["equity"][0]))
        if terminated[0] or truncated[0]:
            break
    figures = metered.read()
    env.close()
    return Showing(np.asarray(equity) / equity[0], np.stack(observations), figures)


def show_baselines(blueprint: Blueprint) -> dict[str, Showing]:
    """Return what the baselines do on the same rows, by name; none on worlds that draw their own paths.

    On one asset equal weight is buy and hold, and left out.
    """
    if blueprint.tape is None:
        return {}
    env = blueprint.make(1, action="rebalance", info=())
    names = BASELINES if env.tape.n_assets > 1 else BASELINES[:1]
    rules = {name: build_rule(name, {}, env.layout) for name in names}
    env.close()
    return {name: show(blueprint, rule) for name, rule in rules.items()}
