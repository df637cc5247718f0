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

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy. See `KnownAnswer.optimal_value`."""
        return self.answer.optimal_value()
