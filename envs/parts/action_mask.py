"""Which actions can do anything now, as numbers of the observation."""

import numpy as np

from ...encoders.column import Column
from ...encoders.form import ACTION_MASK
from ...market.desk import Books, Desk
from ...market.errors import ConfigError
from .part import NoSettings, Part, PartContext

__all__ = ["ActionMaskPart"]


class ActionMaskPart(Part):
    """1 where an action of a discrete scheme can do anything, else 0: `legal_0`, `legal_1`, ... in the order of the actions."""

    reads_market = True

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        scheme = context.scheme
        if scheme is None or not scheme.discrete:
            raise ConfigError("private part action_mask needs a discrete action scheme, "
                              f"was {'none' if scheme is None else scheme.name}")
        self._scheme = scheme
        self.columns = tuple(Column(f"{ACTION_MASK}{index}", "flag", 0.0, 1.0) for index in range(scheme.n))

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        if not isinstance(books, Desk):
            raise ConfigError("private part action_mask needs the desk on which decisions are written, was given books alone")
        out[active, at : at + len(self.columns)] = self._scheme.mask(books)[active]
