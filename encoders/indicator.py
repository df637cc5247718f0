"""The indicators by name: which TA-Lib function, its inputs and periods, and how its outputs become a scale-free column."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .column import Column

__all__ = ["INDICATORS", "Indicator", "lookback"]

Outputs = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Indicator:
    """One TA-Lib function made into one column.

    Attributes:
        function: Its name in TA-Lib.
        inputs: Fields of an ADJUSTED record, in the order of the function's arguments.
        periods: Its options by name.
        combine: From the function's outputs (each (n,)) and the close (n,) to the column, by + - x / alone, which give the same
            bits for one row as for many.
        unit: Of the column.
        low: Smallest value.
        high: Largest value.
    """

    function: str
    inputs: tuple[str, ...]
    periods: dict[str, int] = field(default_factory=dict)
    combine: Callable[[Outputs, np.ndarray], np.ndarray] = lambda outputs, close: outputs[0]
    unit: str = "index"
    low: float = -np.inf
    high: float = np.inf

    def column(self, name: str) -> Column:
        """Return the column under `name`, with the function's lookback as its warm-up."""
        return Column(name, self.unit, self.low, self.high, lookback(self.function, tuple(self.periods.items())))


@cache
def lookback(function: str, periods: tuple[tuple[str, int], ...]) -> int:
    """Return how many rows TA-Lib needs before a function's first value."""
    from talib import abstract

    return int(abstract.Function(function, **dict(periods)).lookback)  # type: ignore[attr-defined]


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    # a flat market has no bands: 0 says nothing, as the warm-up does
    ratio: np.ndarray = np.divide(above, below, out=np.zeros_like(above), where=below != 0.0)
    return ratio


HLC = ("high", "low", "close")

INDICATORS: dict[str, Indicator] = {
    "rsi_14": Indicator("RSI", ("close",), {"timeperiod": 14}, low=0.0, high=100.0),
    "stochastic_k_14": Indicator("STOCH", HLC, {"fastk_period": 14, "slowk_period": 3, "slowd_period": 3}, low=0.0, high=100.0),
    "stochastic_rsi_14": Indicator("STOCHRSI", ("close",), {"timeperiod": 14, "fastk_period": 5, "fastd_period": 3},
                                   lambda outputs, close: outputs[1], low=0.0, high=100.0),
    "macd_12_26": Indicator("MACD", ("close",), {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9},
                            lambda outputs, close: outputs[0] / close, "fraction"),
    "macd_histogram_12_26_9": Indicator("MACD", ("close",), {"fastperiod": 12, "slowperiod": 26, "signalperiod": 9},
                                        lambda outputs, close: outputs[2] / close, "fraction"),
    "adx_14": Indicator("ADX", HLC, {"timeperiod": 14}, low=0.0, high=100.0),
    "plus_di_14": Indicator("PLUS_DI", HLC, {"timeperiod": 14}, low=0.0, high=100.0),
    "minus_di_14": Indicator("MINUS_DI", HLC, {"timeperiod": 14}, low=0.0, high=100.0),
    "atr_14": Indicator("ATR", HLC, {"timeperiod": 14}, lambda outputs, close: outputs[0] / close, "fraction", low=0.0),
    "bollinger_20": Indicator("BBANDS", ("close",), {"timeperiod": 20},
                              lambda outputs, close: _ratio(close - outputs[1], outputs[0] - outputs[1]), "score"),
    "bollinger_width_20": Indicator("BBANDS", ("close",), {"timeperiod": 20},
                                    lambda outputs, close: (outputs[0] - outputs[2]) / outputs[1], "fraction", low=0.0),
    "cci_20": Indicator("CCI", HLC, {"timeperiod": 20}),
    "mfi_14": Indicator("MFI", (*HLC, "volume"), {"timeperiod": 14}, low=0.0, high=100.0),
    "aroon_25": Indicator("AROONOSC", ("high", "low"), {"timeperiod": 25}, low=-100.0, high=100.0),
    "ultimate_7_14_28": Indicator("ULTOSC", HLC, {"timeperiod1": 7, "timeperiod2": 14, "timeperiod3": 28}, low=0.0, high=100.0),
    "balance_of_power": Indicator("BOP", ("open", *HLC), low=-1.0, high=1.0),
    "sma_gap_50": Indicator("SMA", ("close",), {"timeperiod": 50}, lambda outputs, close: close / outputs[0] - 1.0, "fraction"),
    "slope_20": Indicator("LINEARREG_SLOPE", ("close",), {"timeperiod": 20}, lambda outputs, close: outputs[0] / close, "fraction"),
}
"""Every indicator, by the name of its column."""
