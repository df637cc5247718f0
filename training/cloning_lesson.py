"""What a rule does in a batch of environments, in arrays to learn from."""

from typing import Any, NamedTuple, Self

import numpy as np
from gymnasium.vector import AutoresetMode

from ..agents.policy import State
from ..agents.rules.rule import Rule, build_rule
from ..configs.job import Job
from ..encoders.observation import Observation
from ..envs.batch import TradingVectorEnv
from ..market.errors import ConfigError
from .cloning_translation import Translation
from .meter import MeteredVectorEnv

__all__ = ["Expert", "Lesson", "Play", "expert_of"]


class Lesson(NamedTuple):
    """T steps of B environments.

    Attributes:
        seen: Observations, float32 (T, B, D).
        actions: What the expert did, int64 (T, B) or float32 (T, B, n).
        began: Where an episode began with this observation, bool (T, B).
    """

    seen: np.ndarray
    actions: np.ndarray
    began: np.ndarray


class Expert:
    """A rule in the action scheme of an environment.

    Args:
        rule: Who decides.
        env: Where; its books say what is held.
    """

    def __init__(self, rule: Rule, env: TradingVectorEnv) -> None:
        self.rule, self.translation = rule, Translation(env.scheme, rule.kind)

    def decide(self, seen: np.ndarray, state: State, env: TradingVectorEnv) -> tuple[np.ndarray, State]:
        """Return actions (B,) or (B, n) at observations (B, D) of the environment's own books, and the state afterwards."""
        decision, following = self.rule.act(Observation.from_flat(seen, env.layout), state)
        weights, trades = decision.values[:, :-1], decision.values[:, -1] > 0.0
        return self.translation.actions(weights, trades, env.simulator.desk), following


def expert_of(job: Job, env: TradingVectorEnv) -> Expert:
    """Return the expert of a job of behaviour cloning, for environments like `env`.

    Raises:
        ConfigError: The job names none, or one whose decisions `env.action` has no word for.
        UnknownNameError: No such rule, or the observation lacks a column that it reads.
    """
    given = job.agent.expert
    if given is None:
        raise ConfigError("agent.algorithm BC needs agent.expert, the rule to learn from, such as {kind: ma_cross}")
    settings: dict[str, Any] = {"kind": given} if isinstance(given, str) else dict(given)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f"agent.expert needs a kind, such as {{kind: ma_cross}}, was {given!r}")
    return Expert(build_rule(kind, settings, env.layout, "agent.expert"), env)


class Play:
    """An expert at play in a batch, from one lesson to the next; the batch is in autoreset mode SAME_STEP.

    Attributes:
        env: The batch.
        seen: The last observations, (B, D).
        began: Where they are the first of an episode, bool (B,).
        state: What the rule remembers.
    """

    def __init__(self, env: MeteredVectorEnv, expert: Expert, seed: int) -> None:
        assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
        self.env, self.expert = env, expert
        self.seen, _ = env.reset(seed=seed)
        self.began = np.ones(env.num_envs, np.bool_)
        self.state: State = expert.rule.initial_state(env.num_envs)

    def lesson(self, n_steps: int) -> Lesson:
        """Play on for `n_steps` steps of every environment."""
        seen, actions, began = [], [], []
        for _ in range(n_steps):
            decided, state = self.expert.decide(self.seen, self.state, self.env.env)
            seen.append(self.seen)
            actions.append(decided if decided.ndim == 1 else decided.astype(np.float32))
            began.append(self.began)
            self.seen, _, terminated, truncated, _ = self.env.step(decided)
            self.began = terminated | truncated
            self.state = renewed(state, self.expert.rule.initial_state(self.env.num_envs), self.began)
        return Lesson(np.stack(seen), np.stack(actions), np.stack(began))

    def progress(self) -> dict[str, Any]:
        """Return all that decides how play goes on."""
        return {**self.env.snapshot(), "seen": self.seen, "began": self.began, "state": dict(self.state)}

    def go_on(self, progress: dict[str, Any]) -> Self:
        """Go on from what `progress` returned."""
        self.env.restore(progress)
        self.seen, self.began, self.state = progress["seen"], progress["began"], progress["state"]
        return self


def renewed(state: State, initial: State, began: np.ndarray) -> State:
    """Return the state with the rows `began` (B,) as they are initially."""
    if not began.any():
        return state
    return {name: np.where(began.reshape(-1, *(1,) * (array.ndim - 1)), initial[name], array) for name, array in state.items()}
