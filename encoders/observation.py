"""The observation as a struct; a flat Box is one encoding of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..market.errors import ShapeError, UnknownNameError
from .column import Column
from .layout import Layout

__all__ = ["Column", "Layout", "NamedColumns", "Observation"]


class NamedColumns(Mapping[str, np.ndarray]):
    """The newest market row and the private part by name, as views of shape (B,), made when asked for.

    Names are `column` for global and private columns and `asset.column` for the others.
    """

    def __init__(self, market: np.ndarray, private: np.ndarray, layout: Layout) -> None:
        self._market, self._private, self._layout = market, private, layout
        self._private_names = {column.name: index for index, column in enumerate(layout.private)}

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._private_names:
            return self._private[:, self._private_names[name]]
        try:
            return self._market[:, -1, self._layout.position(name)]
        except UnknownNameError:
            raise UnknownNameError("column of the observation", name, self) from None

    def __contains__(self, name: object) -> bool:
        return name in self._private_names or name in self._layout.names

    def __iter__(self) -> Iterator[str]:
        yield from self._layout.names
        yield from self._private_names

    def __len__(self) -> int:
        return len(self._layout.names) + len(self._private_names)


@dataclass(frozen=True)
class Observation:
    """What a policy sees, for a batch of B.

    Attributes:
        market: Market rows, oldest first, float32 (B, W, F); `Layout` names the F.
        private: The account, float32 (B, P).
        mask: Which assets can be traded, bool (B, A).
        graph: None, or edges between assets: (edge_index int64 (2, n), edge_weight float32 (B, n), 0 where an edge is absent).
        columns: Columns by name, each (B,).
    """

    market: np.ndarray
    private: np.ndarray
    mask: np.ndarray
    graph: tuple[np.ndarray, np.ndarray] | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def flat(self) -> np.ndarray:
        """Return float32 (B, W x F + P): the market rows, oldest first, then the private part."""
        batch = self.market.shape[0]
        return np.concatenate([self.market.reshape(batch, -1), self.private], axis=1, dtype=np.float32)

    @classmethod
    def from_flat(cls, flat: np.ndarray, layout: Layout) -> "Observation":
        """Return the observation that `flat` encodes, as views of it.

        The mask is read from the newest row's `tradable` columns; without such columns every asset counts as tradable. The graph
        is read from the newest row's edge weights.

        Args:
            flat: float32 (B, layout.size).
            layout: What the numbers are.

        Raises:
            ShapeError: `flat` is not (B, layout.size).
        """
        if flat.ndim != 2 or flat.shape[1] != layout.size:
            raise ShapeError(f"a flat observation of this layout must have the shape (B, {layout.size}), was {flat.shape}")
        split = layout.window * layout.n_market
        market, private = flat[:, :split].reshape(flat.shape[0], layout.window, layout.n_market), flat[:, split:]
        return cls.from_parts(market, private, layout)

    @classmethod
    def from_parts(cls, market: np.ndarray, private: np.ndarray, layout: Layout,
                   graph: tuple[np.ndarray, np.ndarray] | None = None) -> "Observation":
        """Return the observation of market rows (B, W, F) and a private part (B, P), with mask and named columns.

        Raises:
            ShapeError: The parts do not fit the layout.
        """
        expected = (private.shape[0], layout.window, layout.n_market)
        if market.shape != expected or private.shape[1:] != (layout.n_private,):
            raise ShapeError(f"market and private parts must have the shapes {expected} and (B, {layout.n_private}), "
                             f"were {market.shape} and {private.shape}")
        positions = layout.mask_positions
        if positions is None:
            mask = np.ones((market.shape[0], layout.n_assets), np.bool_)
        else:
            mask = market[:, -1, positions] > 0.5
        if graph is None and layout.edges:
            graph = (layout.edge_index, market[:, -1, layout.edge_positions])
        return cls(market, private, mask, graph, NamedColumns(market, private, layout))
