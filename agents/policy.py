"""The contract of those who decide, and its checker."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from ..encoders.layout import Layout
from ..encoders.observation import Observation
from ..market.decision import Decision
from ..market.errors import ConfigError, ShapeError

__all__ = ["POLICY_VERSION", "Policy", "State", "check_policy", "sample_observation"]

POLICY_VERSION = 1

State = Mapping[str, np.ndarray]
"""What a policy carries from one decision to the next: arrays by name, each of shape (B, ...); empty where it remembers nothing."""


@runtime_checkable
class Policy(Protocol):
    """Who decides (contract 4). A moving average and a network answer to it alike.

    Attributes:
        name: Short name for tables and logs.
        scheme: Name of the action scheme that gives its decisions their meaning.
        requires: Names of the observation's columns that it reads (`column`, or `asset.column`).
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def scheme(self) -> str: ...  # noqa: D102
    @property
    def requires(self) -> tuple[str, ...]: ...  # noqa: D102

    def initial_state(self, batch: int) -> State:
        """Return the state before the first decision of `batch` accounts."""

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """Decide for each account of a batch.

        Args:
            observation: What the policy sees, B accounts.
            state: What the last call returned, or `initial_state(B)`. It is not changed.
            deterministic: False lets a stochastic policy draw; its stream is part of the state.

        Returns:
            The decision (B of them) and the state for the next call.
        """


def sample_observation(layout: Layout, batch: int, seed: int = 0) -> Observation:
    """Return random observations of a layout: normal numbers clipped to each column's bounds, deterministic in `seed`."""
    low, high = layout.flat_bounds
    rng = np.random.Generator(np.random.PCG64(seed))
    flat = rng.standard_normal((batch, layout.size)).astype(np.float32)
    return Observation.from_flat(np.clip(flat, low, high), layout)


def check_policy(policy: Policy, layout: Layout, *, batch: int = 7, n_steps: int = 5, seed: int = 0) -> None:
    """Check that `policy` keeps the contract on random observations of `layout`.

    Columns that it requires exist; decisions have one row an account, are finite and in their scheme; the same input gives the
    same bytes; no input is written to; an account's decision does not depend on who stands beside it in the batch (to 1e-5).

    Raises:
        ConfigError: A required column is missing, or a rule of the contract is broken; the message says which.
        ShapeError: A decision or a state has not one row an account.
    """
    columns = sample_observation(layout, 1, seed).columns
    missing = [name for name in policy.requires if name not in columns]
    if missing:
        raise ConfigError(f"policy {policy.name} requires the columns {', '.join(missing)}, which the layout lacks")
    state = policy.initial_state(batch)
    for step in range(n_steps):
        observation = sample_observation(layout, batch, seed + step)
        before = observation.flat().tobytes(), _bytes(state)
        decision, following = policy.act(observation, state)
        _check_shapes(policy, decision, following, batch)
        again, following_again = policy.act(observation, state)
        if decision.values.tobytes() != again.values.tobytes() or _bytes(following) != _bytes(following_again):
            raise ConfigError(f"policy {policy.name}: the same observation and state gave two decisions")
        if (observation.flat().tobytes(), _bytes(state)) != before:
            raise ConfigError(f"policy {policy.name} writes to its observation or state")
        flat = observation.flat()
        for row in range(batch):
            own = {name: array[row : row + 1] for name, array in state.items()}
            single, _ = policy.act(Observation.from_flat(flat[row : row + 1], layout), own)
            if not np.allclose(single.values[0], decision.values[row], rtol=1e-5, atol=1e-5):
                raise ConfigError(f"policy {policy.name}: account {row} is decided otherwise alone than in a batch of {batch}")
        state = following


def _check_shapes(policy: Policy, decision: Decision, state: State, batch: int) -> None:
    if decision.scheme != policy.scheme:
        raise ConfigError(f"policy {policy.name} promises the scheme {policy.scheme} and decides in {decision.scheme}")
    values = decision.values
    kind = np.issubdtype(values.dtype, np.integer)
    if len(values) != batch or values.ndim != (1 if kind else 2):
        raise ShapeError(f"policy {policy.name}: a batch of {batch} needs {batch} decisions, the shape was {values.shape}")
    if not kind and (not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > 1.0):
        raise ConfigError(f"policy {policy.name} decides outside of [-1, 1]: {values.min()} to {values.max()}")
    for name, array in state.items():
        if len(array) != batch:
            raise ShapeError(f"policy {policy.name}: state {name} must have {batch} rows, the shape was {array.shape}")


def _bytes(state: State) -> tuple[bytes, ...]:
    return tuple(np.ascontiguousarray(state[name]).tobytes() for name in sorted(state))
