"""A column of features: its name, unit and range."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..market.errors import ConfigError

__all__ = ["BOUNDED_UNITS", "Column", "check_unique"]

BOUNDED_UNITS = ("flag", "probability", "weight", "edge_weight")
"""Units that have a meaning as they are: the normaliser passes them unchanged."""


@dataclass(frozen=True)
class Column:
    """One number of an observation.

    Attributes:
        name: Snake case, unique among the columns beside it.
        unit: `log_return`, `fraction`, `index` (bounded oscillators), `flag`, `probability`, `weight`, `edge_weight`
            (of an edge between assets), `score` (standard deviations), `account` (account currency), `bars`.
        low: Smallest possible value, -inf where there is none.
        high: Largest possible value, inf where there is none.
        warmup: The column is 0 in the first `warmup` rows of an asset (of the tape, for a global column), for want of history.
        shift: The number stands for `shift + scale x number` of the unit; 0 and 1 where it was not normalised.
        scale: See `shift`.
    """

    name: str
    unit: str
    low: float = -math.inf
    high: float = math.inf
    warmup: int = 0
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.name or "." in self.name:
            raise ConfigError(f"a column's name must be non-empty and hold no dot (it parts asset and column), was {self.name!r}")
        if not self.low <= self.high:
            raise ConfigError(f"column {self.name}: low must not exceed high, were {self.low} and {self.high}")

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; an infinite bound becomes null."""
        value = asdict(self)
        return value | {name: value[name] if math.isfinite(value[name]) else None for name in ("low", "high")}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Column":
        """Return the column that `to_json` wrote."""
        low = -math.inf if value["low"] is None else float(value["low"])
        high = math.inf if value["high"] is None else float(value["high"])
        scaling = (int(value["warmup"]), float(value["shift"]), float(value["scale"]))
        return cls(str(value["name"]), str(value["unit"]), low, high, *scaling)


def check_unique(columns: Iterable[Column], where: str) -> None:
    """Raise ConfigError where two columns carry one name."""
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise ConfigError(f"{where}: two columns are called {column.name}; give one encoder a prefix or leave one out")
        seen.add(column.name)
