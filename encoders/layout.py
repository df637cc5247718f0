"""The layout of an observation: what each number of it is, in which order, for which assets."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..market.errors import ConfigError, IntegrityError, UnknownNameError
from .column import Column, check_unique

__all__ = ["LAYOUT_VERSION", "Layout"]

LAYOUT_VERSION = 1
MASK_COLUMN = "tradable"
EDGE_UNIT = "edge_weight"


@dataclass(frozen=True)
class Layout:
    """What an observation holds; it travels with the policy.

    A market row has F = G + A x K numbers: G global columns, then for each asset in order its K columns. A flat observation has
    W x F + P: the W rows of the window, oldest first, then the private columns.

    Attributes:
        assets: Symbols in the order of the tape.
        market_global: The G columns that concern the whole market.
        market_asset: The K columns that every asset has.
        private: The P columns of the account; the environments set them.
        window: W, rows of the market in one observation.
        warmup: Rows of a tape at whose start some market column is still 0 for want of history.
        edges: n pairs (source, target) of asset indices; the last n global columns, of unit `edge_weight`, hold the weights of
            these edges at each row, 0 where an edge is absent. So graphs travel in every form of an observation.
        version: Of this schema.
    """

    assets: tuple[str, ...]
    market_global: tuple[Column, ...] = ()
    market_asset: tuple[Column, ...] = ()
    private: tuple[Column, ...] = ()
    window: int = 1
    warmup: int = 0
    edges: tuple[tuple[int, int], ...] = ()
    version: int = field(default=LAYOUT_VERSION)

    def __post_init__(self) -> None:
        _check_edges(self)
        check_unique((*self.market_global, *self.market_asset, *self.private), "layout")

    @property
    def n_assets(self) -> int:
        """A."""
        return len(self.assets)

    @property
    def n_market(self) -> int:
        """F, numbers in a market row."""
        return len(self.market_global) + self.n_assets * len(self.market_asset)

    @property
    def n_private(self) -> int:
        """P."""
        return len(self.private)

    @property
    def size(self) -> int:
        """W x F + P, numbers in a flat observation."""
        return self.window * self.n_market + self.n_private

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of a market row's F numbers: `column` where global, `asset.column` where not."""
        assets = (f"{asset}.{column.name}" for asset in self.assets for column in self.market_asset)
        return (*(column.name for column in self.market_global), *assets)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The F columns of a market row."""
        return (*self.market_global, *(column for _ in self.assets for column in self.market_asset))

    @cached_property
    def flat_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest value of each number of a flat observation, two float32 arrays of shape (size,)."""
        columns = (*(self.columns * self.window), *self.private)
        return np.array([c.low for c in columns], np.float32), np.array([c.high for c in columns], np.float32)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def position(self, name: str) -> int:
        """Return the place in a market row of `column` (global) or `asset.column`; UnknownNameError where there is none."""
        if name not in self._positions:
            raise UnknownNameError("market column", name, self.names)
        return self._positions[name]

    def positions_of(self, column: str) -> np.ndarray:
        """Return the places in a market row of one per-asset column, int64 of shape (A,)."""
        return np.array([self.position(f"{asset}.{column}") for asset in self.assets], np.int64)

    @cached_property
    def mask_positions(self) -> np.ndarray | None:
        """Places of the assets' `tradable` columns, shape (A,); None where the layout has none."""
        if any(column.name == MASK_COLUMN for column in self.market_asset):
            return self.positions_of(MASK_COLUMN)
        return None

    @cached_property
    def edge_index(self) -> np.ndarray:
        """Sources and targets of the edges, int64 (2, n), read-only."""
        index = np.array(self.edges, np.int64).reshape(-1, 2).T.copy()
        index.flags.writeable = False
        return index

    @property
    def edge_positions(self) -> slice:
        """Where the weights of the edges stand in a market row."""
        n_global = len(self.market_global)
        return slice(n_global - len(self.edges), n_global)

    def with_private(self, private: tuple[Column, ...], window: int | None = None) -> "Layout":
        """Return this layout with the account's columns (and window) set."""
        return replace(self, private=tuple(private), window=self.window if window is None else window)

    def for_asset(self, symbol: str) -> "Layout":
        """Return the layout of one asset: global columns and its own."""
        if symbol not in self.assets:
            raise UnknownNameError("asset", symbol, self.assets)
        n_edges = len(self.edges)
        return replace(self, assets=(symbol,), market_global=self.market_global[: len(self.market_global) - n_edges], edges=())

    def to_json(self) -> dict[str, Any]:
        """Return JSON values that `from_json` reads."""
        graph = {"edges": [list(edge) for edge in self.edges]} if self.edges else {}
        return {
            "version": self.version, "assets": list(self.assets), "window": self.window, "warmup": self.warmup,
            "market_global": [column.to_json() for column in self.market_global],
            "market_asset": [column.to_json() for column in self.market_asset],
            "private": [column.to_json() for column in self.private],
        } | graph

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Layout":
        """Return the layout that `to_json` wrote; IntegrityError where its version is another."""
        if value["version"] != LAYOUT_VERSION:
            raise IntegrityError(f"layout version must be {LAYOUT_VERSION}, was {value['version']}; "
                                 "encode again with this version of quantgym")

        def group(name: str) -> tuple[Column, ...]:
            return tuple(Column.from_json(column) for column in value[name])

        edges = tuple((int(source), int(target)) for source, target in value.get("edges", ()))
        return cls(tuple(value["assets"]), group("market_global"), group("market_asset"), group("private"),
                   int(value["window"]), int(value["warmup"]), edges)


def _check_edges(layout: Layout) -> None:
    n_edges = len(layout.edges)
    weights = layout.market_global[len(layout.market_global) - n_edges :] if n_edges else ()
    if len(weights) != n_edges or any(column.unit != EDGE_UNIT for column in weights):
        raise ConfigError(f"layout: its {n_edges} edges need as many last global columns of unit {EDGE_UNIT}")
    for source, target in layout.edges:
        if not (0 <= source < layout.n_assets and 0 <= target < layout.n_assets):
            raise ConfigError(f"layout: an edge must join two of the {layout.n_assets} assets, was ({source}, {target})")
