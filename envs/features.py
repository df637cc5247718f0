"""The features of an environment that was given none: recent returns, volatility, range, gap and volume in causal units."""

import numpy as np

from ..data.tape import Tape
from ..encoders.column import Column
from ..encoders.layout import Layout
from ..encoders.price import PriceEncoder, PriceSettings
from ..encoders.table import FeatureTable

__all__ = ["price_features"]

LAGS = (1, 5, 20)
WINDOW = 20
LIMIT = 5.0


def price_features(tape: Tape) -> FeatureTable:
    """Return light features of `tape`, made without fitting anything, so that no row knows a later one.

    For each asset: the log returns over 1, 5 and 20 rows in units of sqrt(rows) x volatility, the volatility of the last 20 rows in
    percent, log of volume over its mean, range and gap in units of the volatility; all inside [-5, 5]; and `tradable`. 0 where
    history is short.
    """
    encoder = PriceEncoder(PriceSettings(lags=LAGS, window=WINDOW))
    raw = encoder.transform(tape)
    place = {column.name: index for index, column in enumerate(encoder.columns)}
    volatility = raw[:, :, place[f"volatility_{WINDOW}"]]

    def in_volatilities(name: str, rows: int = 1) -> np.ndarray:
        scale = volatility * np.float32(np.sqrt(rows))
        out = np.zeros_like(volatility)
        np.divide(raw[:, :, place[name]], scale, out=out, where=scale > 0.0)
        return out

    columns = {f"return_{lag}": in_volatilities(f"return_{lag}", lag) for lag in LAGS}
    columns |= {
        "volatility": volatility * np.float32(100.0),
        "relative_volume": raw[:, :, place["relative_volume"]],
        "range": in_volatilities("range"),
        "gap": in_volatilities("gap"),
    }
    values = np.clip(np.stack(list(columns.values()), axis=-1), -LIMIT, LIMIT)
    tradable = raw[:, :, place["tradable"]][:, :, None]
    flat = np.concatenate([values, tradable], axis=-1, dtype=np.float32).reshape(tape.n_rows, -1)
    units = {"volatility": "percent", "relative_volume": "log_ratio"}
    described = (Column(name, units.get(name, "score"), -LIMIT, LIMIT) for name in columns)
    layout = Layout(tape.symbols, market_asset=(*described, Column("tradable", "flag", 0.0, 1.0)), warmup=WINDOW)
    return FeatureTable(np.ascontiguousarray(flat), layout)
