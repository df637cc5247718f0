"""What the numbers of a flat observation are, as far as a network needs to know."""

from dataclasses import dataclass
from functools import cached_property

from ...encoders.form import mask_columns
from ...encoders.layout import EDGE_UNIT, MASK_COLUMN, Layout
from ...market.errors import ConfigError

__all__ = ["Reading"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Sizes and places; JSON data that travels with the weights.

    Attributes:
        window: W, market rows in one observation, oldest first.
        n_assets: A.
        n_global: G, columns of a row that concern the whole market; the weights of the edges are the last of them.
        n_columns: K, columns of each asset.
        n_private: P.
        edges: Pairs (source, target) of assets.
        tradable: Place of the column `tradable` among the K; None: every asset can be traded.
        asset_private: Groups of A places among the P: columns that say one thing of each asset, such as its weight.
        legal: Places among the P of the action mask, in the order of the actions.
    """

    window: int
    n_assets: int
    n_global: int
    n_columns: int
    n_private: int
    edges: tuple[tuple[int, int], ...] = ()
    tradable: int | None = None
    asset_private: tuple[tuple[int, ...], ...] = ()
    legal: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        least = {"window": 1, "n_assets": 1, "n_global": len(self.edges), "n_columns": 0, "n_private": 0}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ConfigError(f"reading.{name} must be at least {low}, was {getattr(self, name)}")
        if self.tradable is not None and not 0 <= self.tradable < self.n_columns:
            raise ConfigError(f"reading.tradable must be one of the {self.n_columns} columns of an asset, was {self.tradable}")
        for place in (*self.legal, *(place for group in self.asset_private for place in group)):
            if not 0 <= place < self.n_private:
                raise ConfigError(f"reading must name places among the {self.n_private} private columns, was {place}")
        for edge in self.edges:
            if not all(0 <= end < self.n_assets for end in edge):
                raise ConfigError(f"reading: an edge must join two of the {self.n_assets} assets, was {edge}")
        if any(len(group) != self.n_assets for group in self.asset_private):
            raise ConfigError(f"reading.asset_private must hold groups of {self.n_assets} places, one for each asset")

    @classmethod
    def of(cls, layout: Layout) -> "Reading":
        """Return what a network reads in observations of `layout`."""
        own = [column.name for column in layout.market_asset]
        n_edges = len(layout.edges)
        assert all(column.unit == EDGE_UNIT for column in layout.market_global[len(layout.market_global) - n_edges :])
        return cls(
            window=layout.window,
            n_assets=layout.n_assets,
            n_global=len(layout.market_global),
            n_columns=len(own),
            n_private=layout.n_private,
            edges=layout.edges,
            tradable=own.index(MASK_COLUMN) if MASK_COLUMN in own else None,
            asset_private=_asset_groups(layout),
            legal=tuple(mask_columns(layout)),
        )

    @property
    def n_market(self) -> int:
        """F = G + A x K, numbers in a market row."""
        return self.n_global + self.n_assets * self.n_columns

    @property
    def market_size(self) -> int:
        """W x F, numbers of the window."""
        return self.window * self.n_market

    @property
    def size(self) -> int:
        """Numbers of a flat observation."""
        return self.market_size + self.n_private

    @cached_property
    def shared_private(self) -> tuple[int, ...]:
        """Places among the P of what concerns no single asset and is no action mask."""
        taken = {*self.legal, *(place for group in self.asset_private for place in group)}
        return tuple(place for place in range(self.n_private) if place not in taken)

    @cached_property
    def legal_at(self) -> tuple[int, ...]:
        """Places of the action mask in a flat observation."""
        return tuple(self.market_size + place for place in self.legal)


def _asset_groups(layout: Layout) -> tuple[tuple[int, ...], ...]:
    """Return the private columns named `prefix_symbol` with the same prefix for every asset."""
    if layout.n_assets < 2:
        return ()
    place = {column.name: index for index, column in enumerate(layout.private)}
    ends = [f"_{symbol.replace('.', '_')}" for symbol in layout.assets]
    prefixes = [name.removesuffix(ends[0]) for name in place if name.endswith(ends[0])]
    groups = [[place.get(prefix + end) for end in ends] for prefix in prefixes]
    return tuple(tuple(one for one in group if one is not None) for group in groups if None not in group)
