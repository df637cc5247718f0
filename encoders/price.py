"""What prices and volume did lately: returns, volatility, range, gap, relative volume, and whether an asset can be traded."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..market.errors import ConfigError
from ..market.kernel import kernel
from .column import Column
from .stream import Memory, StreamEncoder

__all__ = ["PriceEncoder", "PriceSettings"]


@dataclass(frozen=True, kw_only=True)
class PriceSettings:
    """What the price encoder looks at.

    Attributes:
        lags: Rows over which returns are taken, one column each.
        window: Rows of the volatility and of the mean volume.
    """

    lags: tuple[int, ...] = (1, 5, 20)
    window: int = 20

    def __post_init__(self) -> None:
        if not self.lags or min(self.lags) < 1 or len(set(self.lags)) != len(self.lags):
            raise ConfigError(f"price.lags must be different whole numbers >= 1, was {list(self.lags)}")
        if self.window < 2:
            raise ConfigError(f"price.window must be at least 2, was {self.window}")


@kernel
def encode_price(row, asset, rows, lags, window, closes, returns, volumes, out):  # type: ignore[no-untyped-def]
    """Write the columns of one asset in one row; the three rings (A, size) hold the latest values at age % size."""
    bar = rows[row, asset]
    age = bar.age
    if age < 0:
        return
    size = closes.shape[1]
    before = closes[asset, (age - 1) % size]
    closes[asset, age % size] = bar.close
    returns[asset, age % window] = bar.log_return
    volumes[asset, age % window] = bar.volume
    n_lags = lags.shape[0]
    for index in range(n_lags):
        if age >= lags[index]:
            out[row, asset, index] = np.log(bar.close / closes[asset, (age - lags[index]) % size])
    if age >= window:
        total, volume = 0.0, 0.0
        for step in range(window):
            total += returns[asset, (age + 1 + step) % window]
            volume += volumes[asset, (age + 1 + step) % window]
        mean, squares = total / window, 0.0
        for step in range(window):
            squares += (returns[asset, (age + 1 + step) % window] - mean) ** 2
        out[row, asset, n_lags] = np.sqrt(squares / window)
        # the smallest lot keeps the logarithm of a bar without trades finite
        out[row, asset, n_lags + 1] = np.log((bar.volume + 1.0) / (volume / window + 1.0))
    out[row, asset, n_lags + 2] = (bar.high - bar.low) / bar.close
    if age >= 1:
        out[row, asset, n_lags + 3] = np.log(bar.open / before)
    out[row, asset, n_lags + 4] = bar.tradable


@kernel
def encode_price_batch(rows, lags, window, closes, returns, volumes, out):  # type: ignore[no-untyped-def]
    """Encode rows in order."""
    for row in range(rows.shape[0]):
        for asset in range(rows.shape[1]):
            encode_price(row, asset, rows, lags, window, closes, returns, volumes, out)


class PriceEncoder(StreamEncoder):
    """Returns over several lags, volatility, relative volume, range, gap and the `tradable` flag of each asset. Exact."""

    name = "price"
    settings_class = PriceSettings
    settings: PriceSettings

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """`return_<lag>`, `volatility_<window>`, `relative_volume`, `range`, `gap`, `tradable`."""
        window = self.settings.window
        return (
            *(Column(f"return_{lag}", "log_return", warmup=lag) for lag in self.settings.lags),
            Column(f"volatility_{window}", "log_return", low=0.0, warmup=window),
            Column("relative_volume", "log_ratio", warmup=window),
            Column("range", "fraction", low=0.0),
            Column("gap", "log_return", warmup=1),
            Column("tradable", "flag", 0.0, 1.0),
        )

    def new_memory(self, n_assets: int) -> Memory:
        """Return empty rings of closes, returns and volumes."""
        window = self.settings.window
        return {"closes": np.ones((n_assets, max(self.settings.lags) + 1)), "returns": np.zeros((n_assets, window)),
                "volumes": np.zeros((n_assets, window))}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A, K)."""
        out = np.zeros((*rows.shape, len(self.columns)), np.float32)
        lags = np.array(self.settings.lags, np.int64)
        encode_price_batch(rows, lags, self.settings.window, memory["closes"], memory["returns"], memory["volumes"], out)
        return out
