"""The market as one series: equal-weighted return, its volatility, and how much is traded against the usual."""

import numpy as np

from ..market.kernel import kernel

__all__ = ["MARKET_COLUMNS", "market_rows", "new_market_memory"]

MARKET_COLUMNS = ("log_return", "log_volatility", "relative_volume")
VARIANCE_FLOOR = 1e-12  # of a bar's log return; a market that never moved has a volatility too


@kernel
def observe(row, rows, decay, variance, volume, out):  # type: ignore[no-untyped-def]
    """Write the market's three numbers of one row; `variance` (1,), -1 before the first return, and `volume` (A,) move on."""
    total, traded, ratio = 0.0, 0, 0.0
    for asset in range(rows.shape[1]):
        bar = rows[row, asset]
        if bar.age < 0 or bar.tradable == 0:
            continue
        if volume[asset] < 0.0:
            volume[asset] = bar.volume
        if bar.age > 0:
            total += bar.log_return
            ratio += np.log((bar.volume + 1.0) / (volume[asset] + 1.0))
            traded += 1
        volume[asset] = decay * volume[asset] + (1.0 - decay) * bar.volume
    if traded > 0:
        out[row, 0] = total / traded
        out[row, 2] = ratio / traded
        square = out[row, 0] * out[row, 0]
        variance[0] = square if variance[0] < 0.0 else decay * variance[0] + (1.0 - decay) * square
    out[row, 1] = 0.5 * np.log(max(variance[0], 0.0) + VARIANCE_FLOOR)


@kernel
def observe_batch(rows, decay, variance, volume, out):  # type: ignore[no-untyped-def]
    """Observe rows in order."""
    for row in range(rows.shape[0]):
        observe(row, rows, decay, variance, volume, out)


def new_market_memory(n_assets: int) -> dict[str, np.ndarray]:
    """Return the memory from before the first row."""
    return {"variance": np.full(1, -1.0), "volume": np.full(n_assets, -1.0)}


def market_rows(rows: np.ndarray, halflife: float, memory: dict[str, np.ndarray]) -> np.ndarray:
    """Return MARKET_COLUMNS of the next n rows, float64 (n, 3).

    The equal-weighted total log return of the assets that trade; half the logarithm of its exponentially weighted square (the
    logarithm of the volatility of one bar); the mean logarithm of volume over its exponentially weighted mean until the row before.

    Args:
        rows: ADJUSTED records, (n, A).
        halflife: Of both exponential weightings, rows.
        memory: From `new_market_memory`; moves on in place.
    """
    out = np.zeros((len(rows), len(MARKET_COLUMNS)))
    observe_batch(rows, 0.5 ** (1.0 / halflife), memory["variance"], memory["volume"], out)
    return out
