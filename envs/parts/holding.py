"""What is held in units, and what waits of a parent order: for worlds whose actions are in units."""

from dataclasses import dataclass

import numpy as np

from ...encoders.column import Column
from ...market.actions.holding import Holding
from ...market.actions.slice import Slice
from ...market.desk import Books
from ...market.errors import ConfigError
from .part import Part, PartContext

__all__ = ["HoldingPart", "RemainingPart"]


@dataclass(frozen=True, kw_only=True)
class HoldingSettings:
    """`holding` and `remaining` take their measure from the action scheme."""


class HoldingPart(Part):
    """`holding_<symbol>`: the position in each asset / `max_units` of the scheme `holding`, inside [-1, 1]."""

    settings_class = HoldingSettings

    def __init__(self, settings: HoldingSettings, context: PartContext) -> None:
        """Build it; ConfigError where actions are not in units."""
        if not isinstance(context.scheme, Holding):
            raise ConfigError("the private part holding needs the action scheme holding, whose max_units it counts in")
        self.max_units = context.scheme.max_units
        self.columns = tuple(Column(f"holding_{symbol.replace('.', '_')}", "fraction", -1.0, 1.0) for symbol in context.assets)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        out[active, at : at + len(self.columns)] = np.clip(books.position["units"][active] / self.max_units, -1.0, 1.0)


class RemainingPart(Part):
    """`remaining`: what is left of the parent order of the scheme `slice` / its `units`, inside [0, 1]."""

    settings_class = HoldingSettings
    columns = (Column("remaining", "fraction", 0.0, 1.0),)

    def __init__(self, settings: HoldingSettings, context: PartContext) -> None:
        """Build it; ConfigError where there is no parent order."""
        if not isinstance(context.scheme, Slice):
            raise ConfigError("the private part remaining needs the action scheme slice, whose units it counts in")
        self.units = context.scheme.units

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        out[active, at] = np.clip(1.0 - books.position["units"][active, 0] / self.units, 0.0, 1.0)
