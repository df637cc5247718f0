"""How much of the episode is left, for tasks that end."""

import numpy as np

from ...encoders.column import Column
from ...market.desk import NO_END, Books
from .part import NoSettings, Part, PartContext

__all__ = ["TimeLeftPart"]


class TimeLeftPart(Part):
    """Decisions left / decisions of the episode: 1 at its first observation, 0 at its last; 1 where no end is known, as in live."""

    columns = (Column("time_left", "fraction", 0.0, 1.0),)

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        pass

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        episode, rows = books.episode[active], books.rows[active]
        known = episode["last_row"] != NO_END
        whole = np.where(known, np.maximum(episode["last_row"] - episode["first_row"], 1), 1)
        left = np.where(known, episode["last_row"] - rows, 1)
        out[active, at] = np.clip(left / whole, 0.0, 1.0)
