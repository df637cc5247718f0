"""Which transitions are drawn how often, and what corrects for it."""

import numpy as np

from ...market.errors import IntegrityError
from .sum_tree import SumTree

__all__ = ["Priorities"]

LEAST = 1e-6  # what is added to every error: a transition without error keeps a chance


class Priorities:
    """Draws in proportion to (|error| + 1e-6)^exponent; a transition that was never drawn has the largest priority given so far.

    Source: Schaul, Quan, Antonoglou & Silver 2016, Prioritized experience replay, eq. 1 and section 3.4.

    Args:
        n: Slots of the ring.
        exponent: alpha, inside [0, 1]: 0 draws uniformly.
    """

    def __init__(self, n: int, exponent: float) -> None:
        self.exponent, self._tree, self._largest = exponent, SumTree(n), 1.0

    def begin(self, slots: np.ndarray) -> None:
        """Give the slots (n,) of new transitions the largest priority."""
        self._tree.set(slots, np.full(len(slots), self._largest))

    def forget(self, slots: np.ndarray) -> None:
        """Let slots (n,) never be drawn."""
        self._tree.set(slots, np.zeros(len(slots)))

    def update(self, slots: np.ndarray, errors: np.ndarray) -> None:
        """Give slots (B,) the priorities of their errors (B,), of any sign."""
        given = (np.abs(np.asarray(errors, np.float64)) + LEAST) ** self.exponent
        self._largest = max(self._largest, float(given.max(initial=0.0)))
        self._tree.set(slots, given)

    def draw(self, uniforms: np.ndarray) -> np.ndarray:
        """Return a slot for each of the numbers in [0, 1) of `uniforms` (B,), int64 (B,)."""
        return self._tree.draw(uniforms)

    def weights(self, slots: np.ndarray, n: int, correction: float) -> np.ndarray:
        """Return the importance weights (n P)^-correction of slots (B,), over the largest of them, float32 (B,).

        Args:
            slots: As drawn.
            n: Transitions that could have been drawn.
            correction: beta, inside [0, 1]: 1 corrects all of the bias.
        """
        chance = self._tree.weights[slots] / self._tree.total
        weights = (n * chance) ** -correction
        return np.asarray(weights / weights.max(), np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all that decides what is drawn."""
        return {"weights": self._tree.weights.copy(), "largest": np.array(self._largest)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned; IntegrityError where it has other slots."""
        if state["weights"].shape != self._tree.weights.shape:
            raise IntegrityError(f"priorities must be of {self._tree.n} transitions, were {state['weights'].shape}")
        self._tree.set(np.arange(self._tree.n), state["weights"])
        self._largest = float(state["largest"])
