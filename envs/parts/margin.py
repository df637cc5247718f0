"""What the venue holds against an account: borrowed money, margin, and by how much own trades have moved the price."""

import numpy as np

from ...encoders.column import Column
from ...market.desk import Books
from .part import NoSettings, Part, PartContext

__all__ = ["MarginPart"]

LIMIT = 10.0


class MarginPart(Part):
    """Gross exposure, margin set aside, largest displacement of a price by own trades, liquidations so far."""

    columns = (
        Column("gross_exposure", "fraction", 0.0, LIMIT),  # sum of |position values| / equity; 0 where ruined
        Column("isolated_margin", "fraction", 0.0, LIMIT),  # margin set aside for positions / equity; 0 where ruined
        Column("displacement", "percent", -LIMIT, LIMIT),  # of the asset that own trades have moved most, signed
        Column("liquidated", "fraction", 0.0, 1.0),  # n / (n + 1) after n forced closes in the episode
    )

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        pass

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        equity, n = books.account["equity"][active], int(active.sum())
        held = books.position[active]
        gross, margin = np.abs(books.values[active]).sum(axis=1), held["margin"].sum(axis=1)
        moved = held["displacement"]
        largest = moved[np.arange(n), np.abs(moved).argmax(axis=1)]
        closed = books.account["n_liquidations"][active].astype(np.float64)
        most = LIMIT * np.where(equity > 0.0, equity, 0.0)
        for place, amount in enumerate((gross, margin)):
            out[active, at + place] = np.divide(np.minimum(amount, most), equity, out=np.zeros(n), where=equity > 0.0)
        out[active, at + 2] = np.clip(100.0 * largest, -LIMIT, LIMIT)
        out[active, at + 3] = closed / (closed + 1.0)
