"""Forms of an observation: flat, by parts, or as a reference to a row of the encoded tape. All hold the same numbers."""

from collections.abc import Mapping

import numpy as np

from ..market.errors import ShapeError
from .layout import Layout
from .table import FeatureTable

__all__ = ["ACTION_MASK", "PAGE", "REFERENCE_SIZE", "dict_of_flat", "flat_of_dict", "flat_of_reference", "mask_columns",
           "rows_of_reference"]

PAGE = 4_096  # a row travels as two floats, row // 4096 and row % 4096: one float32 would lose rows beyond 2^24
REFERENCE_SIZE = 2
ACTION_MASK = "legal_"  # prefix of the private columns that say which actions can do anything


def mask_columns(layout: Layout) -> list[int]:
    """Return the places of the action mask among the private columns."""
    return [index for index, column in enumerate(layout.private) if column.name.startswith(ACTION_MASK)]


def dict_of_flat(flat: np.ndarray, layout: Layout) -> dict[str, np.ndarray]:
    """Return the parts of flat observations, as views of them where possible.

    Args:
        flat: float32 (B, layout.size).
        layout: What the numbers are.

    Returns:
        `assets` float32 (B, A, W, K), where assets have columns; `market` float32 (B, W, G), where there are global columns
        besides edges; `mask` int8 (B, A): 1 can be traded; `edge_index` int64 (B, 2, n) and `edge_weight` float32 (B, W, n), where
        the layout has edges; `private` float32 (B, P); `action_mask` int8 (B, n), where the private part holds one.

    Raises:
        ShapeError: `flat` is not (B, layout.size).
    """
    if flat.ndim != 2 or flat.shape[1] != layout.size:
        raise ShapeError(f"a flat observation of this layout must have the shape (B, {layout.size}), was {flat.shape}")
    batch, n_assets, window = flat.shape[0], layout.n_assets, layout.window
    n_global, n_own, n_edges = len(layout.market_global), len(layout.market_asset), len(layout.edges)
    rows = flat[:, : window * layout.n_market].reshape(batch, window, layout.n_market)
    parts: dict[str, np.ndarray] = {}
    if n_own:
        parts["assets"] = rows[:, :, n_global:].reshape(batch, window, n_assets, n_own).transpose(0, 2, 1, 3)
    if n_global > n_edges:
        parts["market"] = rows[:, :, : n_global - n_edges]
    places = layout.mask_positions
    tradable = np.ones((batch, n_assets), np.int8) if places is None else (rows[:, -1, places] > 0.5).astype(np.int8)
    parts["mask"] = tradable
    if n_edges:
        parts["edge_index"] = np.broadcast_to(layout.edge_index, (batch, *layout.edge_index.shape))
        parts["edge_weight"] = rows[:, :, layout.edge_positions]
    parts["private"] = flat[:, window * layout.n_market :]
    if legal := mask_columns(layout):
        parts["action_mask"] = (parts["private"][:, legal] > 0.5).astype(np.int8)
    return parts


def flat_of_dict(parts: Mapping[str, np.ndarray], layout: Layout) -> np.ndarray:
    """Return the flat observations, float32 (B, D), whose parts these are; `dict_of_flat` turned round.

    Raises:
        ShapeError: A part is missing or has another shape.
    """
    n_assets, window = layout.n_assets, layout.window
    n_global, n_own, n_edges = len(layout.market_global), len(layout.market_asset), len(layout.edges)
    batch = len(parts["private"])
    rows = np.zeros((batch, window, layout.n_market), np.float32)
    wanted: dict[str, tuple[int, ...]] = {"assets": (batch, n_assets, window, n_own)} if n_own else {}
    wanted |= {"market": (batch, window, n_global - n_edges)} if n_global > n_edges else {}
    wanted |= {"edge_weight": (batch, window, n_edges)} if n_edges else {}
    wanted |= {"private": (batch, layout.n_private)}
    for name, shape in wanted.items():
        if name not in parts or parts[name].shape != shape:
            raise ShapeError(f"part {name} of an observation must have the shape {shape}, was "
                             f"{parts[name].shape if name in parts else 'missing'}")
    if n_own:
        rows[:, :, n_global:] = parts["assets"].transpose(0, 2, 1, 3).reshape(batch, window, n_assets * n_own)
    if n_global > n_edges:
        rows[:, :, : n_global - n_edges] = parts["market"]
    if n_edges:
        rows[:, :, layout.edge_positions] = parts["edge_weight"]
    return np.concatenate([rows.reshape(batch, -1), parts["private"]], axis=1, dtype=np.float32)


def rows_of_reference(reference: np.ndarray) -> np.ndarray:
    """Return the rows of the feature table, int64 (B,), that references float32 (B, 2 + P) point to."""
    first, second = reference[:, 0].astype(np.int64), reference[:, 1].astype(np.int64)
    return first * PAGE + second


def flat_of_reference(reference: np.ndarray, table: FeatureTable, layout: Layout) -> np.ndarray:
    """Return the flat observations, float32 (B, D), that references stand for.

    Args:
        reference: float32 (B, 2 + P): row // 4096, row % 4096 of the newest row, and the private columns.
        table: The features that the environment was given.
        layout: That of the environment.

    Raises:
        ShapeError: `reference` is not (B, 2 + P), or the table is not of this layout, or a row does not leave room for the window.
    """
    if reference.ndim != 2 or reference.shape[1] != REFERENCE_SIZE + layout.n_private:
        raise ShapeError(f"a reference must have the shape (B, {REFERENCE_SIZE + layout.n_private}), was {reference.shape}")
    if table.values.shape[1] != layout.n_market:
        raise ShapeError(f"the feature table must have {layout.n_market} columns, had {table.values.shape[1]}")
    rows = rows_of_reference(reference)
    if len(rows) and not (rows.min() >= layout.window - 1 and rows.max() < table.n_rows):
        allowed = f"[{layout.window - 1}, {table.n_rows})"
        raise ShapeError(f"rows of a reference must lie in {allowed}, were {rows.min()} to {rows.max()}")
    window = rows[:, None] + np.arange(1 - layout.window, 1)
    market = table.values[window].reshape(len(rows), -1)
    return np.concatenate([market, reference[:, REFERENCE_SIZE:]], axis=1, dtype=np.float32)
