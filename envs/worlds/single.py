"""One world whose best policy is known: a batch of one that says what is best."""

from typing import Any

import numpy as np

from ..single import SingleEnv
from .known_answer import KnownAnswer

__all__ = ["KnownAnswerEnv"]


class KnownAnswerEnv(SingleEnv):
    """A batch of one whose class is a `KnownAnswer`; observations and actions here are single ones."""

    @property
    def answer(self) -> KnownAnswer:
        """The batch, as what knows the best policy."""
        assert isinstance(self.batch, KnownAnswer)
        return self.batch

    def optimal_action(self, observation: np.ndarray) -> Any:
        """Return the best action for one flat observation (D,). See `KnownAnswer.optimal_action`."""
        return self.answer.optimal_action(np.asarray(observation)[None])[0]

    def reference_action(self, observation: np.ndarray) -> Any:
        """Return what the reference does. See `KnownAnswer.reference_action`."""
        return self.answer.reference_action(np.asarray(observation)[None])[0]

    def perturbed_action(self, observation: np.ndarray) -> Any:
        """Return an action near the best one that is worth less. See `KnownAnswer.perturbed_action`."""
        return self.answer.perturbed_action(np.asarray(observation)[None])[0]

    @property
    def citation(self) -> str:
        """Where the optimum comes from."""
        return self.answer.citation

    @property
    def reference(self) -> str:
        """What the reference does."""
        return self.answer.reference

    def reference_value(self) -> float | None:
        """Return the expected sum of rewards of one episode of the reference. See `KnownAnswer.reference_value`."""
        return self.answer.reference_value()

    def certainty_equivalent(self, value: float) -> float:
        """Return the sure amount that is worth as much as `value`. See `KnownAnswer.certainty_equivalent`."""
        return self.answer.certainty_equivalent(value)

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy. See `KnownAnswer.optimal_value`."""
        return self.answer.optimal_value()
