"""Indicators by TA-Lib, through its stream handles: each carries its state, and its values are the batch's to the last bit."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..market.errors import ConfigError, UnknownNameError
from .column import Column
from .indicator import INDICATORS, Indicator, lookback
from .stream import Memory, StreamEncoder

__all__ = ["IndicatorEncoder", "IndicatorSettings"]

FIELDS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, kw_only=True)
class IndicatorSettings:
    """Which indicators are computed.

    Attributes:
        names: Columns, by their names in `INDICATORS`; null: all of them.
    """

    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.names is not None and not self.names:
            raise ConfigError("indicators.names must name at least one indicator or be null for all")
        for name in self.names or ():
            if name not in INDICATORS:
                raise UnknownNameError("indicator", name, INDICATORS, "indicators.names")


class AssetIndicators:
    """One asset's handles and, since TA-Lib cannot save a handle, the history to open them again."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.specs: tuple[Indicator, ...] = tuple(INDICATORS[name] for name in names)
        self.handles: list[Any] = [None] * len(names)
        self.history = array("d")  # rows of FIELDS, one after the other

    def series(self) -> np.ndarray:
        """Return the history, float64 (rows, 5), as a copy."""
        return np.array(self.history).reshape(-1, len(FIELDS))

    def advance(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Feed the next n rows (ADJUSTED, (n,)) and write their columns into `out`, float32 (n, K)."""
        bars = np.empty((len(rows), len(FIELDS)))
        for index, name in enumerate(FIELDS):
            bars[:, index] = rows[name]
        self.history.frombytes(bars.tobytes())
        for index, spec in enumerate(self.specs):
            outputs, known = self._outputs(index, bars)
            if known:
                out[len(bars) - known :, index] = spec.combine(outputs, bars[len(bars) - known :, FIELDS.index("close")])

    def _outputs(self, index: int, bars: np.ndarray) -> tuple[tuple[np.ndarray, ...], int]:
        """Return a function's outputs for the last `known` of the new rows, and `known`."""
        spec, handle = self.specs[index], self.handles[index]
        inputs = [FIELDS.index(name) for name in spec.inputs]
        if handle is not None:
            values = [handle.update(*(row[i] for i in inputs)) for row in bars.tolist()]
            table = np.array(values, np.float64).reshape(len(bars), -1)
            return tuple(table.T), len(bars)
        first = lookback(spec.function, tuple(spec.periods.items()))
        rows = len(self.history) // len(FIELDS)
        if rows <= first:
            return (), 0
        from talib import InsufficientHistory, stream

        columns = self.series()[:, inputs].T.copy()
        try:
            handle, outputs = getattr(stream, spec.function).open_and_fill(*columns, **spec.periods)
        except InsufficientHistory:
            return (), 0
        self.handles[index] = handle
        known = min(rows - first, len(bars))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(output[rows - known :] for output in outputs), known


class IndicatorEncoder(StreamEncoder):
    """Indicators of each asset, from adjusted prices. Exact."""

    name = "indicators"
    settings_class = IndicatorSettings
    settings: IndicatorSettings

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(INDICATORS) if self.settings.names is None else self.settings.names

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """One for each indicator."""
        return tuple(INDICATORS[name].column(name) for name in self.names)

    def new_memory(self, n_assets: int) -> Memory:
        """Return assets without history."""
        return {"assets": [AssetIndicators(self.names) for _ in range(n_assets)]}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A, K)."""
        out = np.zeros((*rows.shape, len(self.names)), np.float32)
        for asset, indicators in enumerate(memory["assets"]):
            before = int((rows["age"][:, asset] < 0).sum())
            if before < len(rows):
                indicators.advance(rows[before:, asset], out[before:, asset])
        specs = [INDICATORS[name] for name in self.names]
        bounds = np.array([(spec.low, spec.high) for spec in specs], np.float32)
        return np.clip(out, bounds[:, 0], bounds[:, 1], out=out)

    def memory_arrays(self, memory: Memory) -> dict[str, np.ndarray]:
        """Return the history of every asset: handles cannot be serialised, they are opened on it again."""
        histories = {f"history/{asset}": indicators.series() for asset, indicators in enumerate(memory["assets"])}
        return {"carry": memory["carry"].copy(), "rows": memory["rows"].copy(), **histories}

    def memory_from(self, arrays: Mapping[str, np.ndarray]) -> Memory:
        """Return the memory whose handles have seen the saved history."""
        n_assets = len(arrays["carry"])
        memory = {"carry": arrays["carry"].copy(), "rows": arrays["rows"].copy(), **self.new_memory(n_assets)}
        for asset, indicators in enumerate(memory["assets"]):
            history = arrays[f"history/{asset}"]
            rows = np.zeros(len(history), [(name, "f8") for name in FIELDS])
            for index, name in enumerate(FIELDS):
                rows[name] = history[:, index]
            if len(rows):
                indicators.advance(rows, np.zeros((len(rows), len(self.names)), np.float32))
        return memory
