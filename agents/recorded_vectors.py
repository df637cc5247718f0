"""64 recorded decisions of a policy, replayed whenever it is loaded."""

from dataclasses import dataclass

import numpy as np

from ..encoders.layout import Layout
from ..encoders.observation import Observation
from ..market.errors import IntegrityError
from .network_policy import NetworkPolicy
from .networks.features import ILLEGAL
from .policy import Policy, State

__all__ = ["N_VECTORS", "TOLERANCE", "Replay", "record", "replay"]

N_VECTORS = 64
TOLERANCE = 1e-5
"""Largest difference between a recorded and a replayed number, relative to the largest recorded magnitude or 1."""


@dataclass(frozen=True)
class Replay:
    """How a replay went: `exact` where every bit agrees (the same kind of machine), and the largest difference."""

    exact: bool
    largest: float


def record(policy: Policy, flat: np.ndarray, layout: Layout) -> dict[str, np.ndarray]:
    """Return the recording of one batch of decisions.

    Args:
        policy: Who decides.
        flat: Observations, float32 (64, layout.size).
        layout: What the numbers are.

    Returns:
        `flat`, `values` (decisions), `answer` (networks: logits, action values or means), `state/*` and `next/*`.
    """
    seen = Observation.from_flat(flat, layout)
    state = policy.act(seen, policy.initial_state(len(flat)))[1]  # so that memories are not empty
    decision, following = policy.act(seen, state)
    arrays = {"flat": flat, "values": decision.values}
    if isinstance(policy, NetworkPolicy):
        arrays["answer"] = policy.answer(flat, state)
    return arrays | _named("state", state) | _named("next", following)


def replay(policy: Policy, recorded: dict[str, np.ndarray], layout: Layout, where: str) -> Replay:
    """Decide again on the recorded observations and compare.

    Numbers must agree within `TOLERANCE`. A discrete decision must be the same, unless the two best answers of the network are
    themselves within it.

    Raises:
        IntegrityError: The policy decides otherwise, or the recording is not complete.
    """
    if "flat" not in recorded or "values" not in recorded or len(recorded["flat"]) != N_VECTORS:
        raise IntegrityError(f"{where}: must hold {N_VECTORS} recorded vectors; save the bundle again")
    state = {name.removeprefix("state/"): array for name, array in recorded.items() if name.startswith("state/")}
    decision, following = policy.act(Observation.from_flat(recorded["flat"], layout), state)
    found = {"values": decision.values} | _named("next", following)
    if isinstance(policy, NetworkPolicy):
        found["answer"] = policy.answer(recorded["flat"], state)
    largest, exact = 0.0, True
    for name, array in found.items():
        expected = recorded.get(name)
        if expected is None or expected.shape != array.shape:
            raise IntegrityError(f"{where}: the recording of {name} does not fit the policy; save the bundle again")
        exact = exact and expected.tobytes() == array.tobytes()
        difference = _difference(expected, array)
        if name == "values" and expected.ndim == 1 and "answer" in recorded:
            difference = np.where(_tied(recorded["answer"]), 0.0, difference)
        largest = max(largest, float(difference.max(initial=0.0)))
        if not largest <= TOLERANCE:
            row = int(np.argmax(difference.reshape(len(difference), -1).max(axis=1)))
            raise IntegrityError(
                f"{where}: the policy does not decide as recorded: {name} of vector {row} differs by {largest:.3g} (allowed "
                f"{TOLERANCE:g}); weights, libraries or code are not those that were saved"
            )
    return Replay(exact, largest)


def _named(prefix: str, state: State) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": array for name, array in state.items()}


def _difference(expected: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Return |expected - array| over the largest magnitude (at least 1); an action must be forbidden in both or in none."""
    forbidden, again = expected <= ILLEGAL, array <= ILLEGAL
    scale = max(1.0, float(np.abs(np.where(forbidden, 0.0, expected)).max(initial=0.0)))
    difference = np.abs(expected.astype(np.float64) - array) / scale
    return np.asarray(np.where(forbidden | again, np.where(forbidden & again, 0.0, np.inf), difference))


def _tied(answer: np.ndarray) -> np.ndarray:
    if answer.shape[1] < 2:
        return np.zeros(len(answer), np.bool_)
    best = np.sort(answer.astype(np.float64), axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0] <= TOLERANCE * np.maximum(1.0, np.abs(best[:, 1])))
