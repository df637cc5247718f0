"""What a node of the graph shows of itself in one row, on a scale that also fits assets never trained on."""

import numpy as np

from ..market.kernel import kernel

__all__ = ["NODE_COLUMNS", "new_node_memory", "node_rows"]

NODE_COLUMNS = ("return", "range", "relative_volume", "volatility")
CLIP = 5.0
VARIANCE_FLOOR = 1e-12


@kernel
def clipped(value):  # type: ignore[no-untyped-def]
    """Bound a number to +-CLIP."""
    return min(max(value, -CLIP), CLIP)


@kernel
def show(row, asset, rows, decay, reference, variance, volume, out):  # type: ignore[no-untyped-def]
    """Write the numbers of one node; `variance` and `volume` (A,), -1 before the first bar, move on after they were used."""
    bar = rows[row, asset]
    if bar.age < 0:
        return
    if variance[asset] < 0.0:
        variance[asset], volume[asset] = reference, bar.volume
    scale = np.sqrt(max(variance[asset], VARIANCE_FLOOR))
    if bar.tradable == 1:
        out[row, asset, 0] = clipped(bar.log_return / scale)
        out[row, asset, 1] = clipped(np.log(bar.high / bar.low) / scale)
        out[row, asset, 2] = clipped(np.log((bar.volume + 1.0) / (volume[asset] + 1.0)))
        if bar.age > 0:
            variance[asset] = decay * variance[asset] + (1.0 - decay) * bar.log_return**2
            volume[asset] = decay * volume[asset] + (1.0 - decay) * bar.volume
    out[row, asset, 3] = clipped(0.5 * np.log(max(variance[asset], VARIANCE_FLOOR) / reference))


@kernel
def show_batch(rows, decay, reference, variance, volume, out):  # type: ignore[no-untyped-def]
    """Show all nodes, rows in order."""
    for row in range(rows.shape[0]):
        for asset in range(rows.shape[1]):
            show(row, asset, rows, decay, reference, variance, volume, out)


def new_node_memory(n_assets: int) -> dict[str, np.ndarray]:
    """Return the memory from before the first row."""
    return {"variance": np.full(n_assets, -1.0), "volume": np.full(n_assets, -1.0)}


def node_rows(rows: np.ndarray, halflife: float, reference: float, memory: dict[str, np.ndarray]) -> np.ndarray:
    """Return NODE_COLUMNS of the next n rows, float32 (n, A, 4), each within +-5.

    Log return and log range over the asset's exponentially weighted volatility until the row before; log of volume over its
    weighted mean until the row before; log of the volatility over the reference.

    Args:
        rows: ADJUSTED records, (n, A).
        halflife: Of the weightings, rows.
        reference: Variance of a bar's log return from which every asset starts.
        memory: From `new_node_memory`; moves on in place.
    """
    out = np.zeros((*rows.shape, len(NODE_COLUMNS)), np.float32)
    show_batch(rows, 0.5 ** (1.0 / halflife), reference, memory["variance"], memory["volume"], out)
    return out
