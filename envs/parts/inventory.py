"""What a market maker holds, as a part of what its quotes may lead to."""

import numpy as np

from ...encoders.column import Column
from ...market.actions.quotes import Quotes
from ...market.desk import Books
from ...market.errors import ConfigError
from .part import NoSettings, Part, PartContext

__all__ = ["InventoryPart"]


class InventoryPart(Part):
    """Inventory / the inventory beyond which the `quotes` scheme quotes nothing more on its side; 0 where ruined."""

    columns = (Column("inventory", "fraction", -1.0, 1.0),)

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        if not isinstance(context.scheme, Quotes):
            raise ConfigError("private part inventory needs the action scheme quotes or quote_grid, whose bound it is measured by, "
                              f"was {'none' if context.scheme is None else context.scheme.name}; name other parts in private")
        self._scheme = context.scheme

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        scheme, account = self._scheme, books.account[active]
        equity = account["equity"]
        if scheme.lots:
            held = books.position["units"][active, 0] / books.instruments["lot"][0] / (scheme.largest * scheme.lots)
        else:
            bound = scheme.largest * scheme.equity_share * equity
            held = np.divide(books.values[active, 0], bound, out=np.zeros(len(equity)), where=bound > 0.0)
        lives = (account["ruined"] == 0) & (equity > 0.0)
        out[active, at] = np.where(lives, np.clip(held, -1.0, 1.0), 0.0)
