"""A graph between assets: the rolling correlation of their log returns as weights of edges."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..market.errors import ConfigError, DataError
from ..market.kernel import kernel
from .column import Column
from .layout import EDGE_UNIT
from .stream import Memory, StreamEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data.tape import Tape

__all__ = ["CorrelationEncoder", "CorrelationSettings"]


@dataclass(frozen=True, kw_only=True)
class CorrelationSettings:
    """The rolling correlation.

    Attributes:
        window: Rows of returns.
        threshold: Size of a correlation under which an edge is absent (weight 0), in [0, 1).
        absolute: Whether edges weigh the size of the correlation; else its value, negative ones included.
    """

    window: int = 60
    threshold: float = 0.3
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.window < 3:
            raise ConfigError(f"correlation.window must be 3 or more, was {self.window}")
        if not 0.0 <= self.threshold < 1.0:
            raise ConfigError(f"correlation.threshold must lie in [0, 1), was {self.threshold}")


@kernel
def note_returns(row, rows, count, returns, ages):  # type: ignore[no-untyped-def]
    """Put the returns and ages of a row into the rings (window, A) at `count` % window."""
    place = count % returns.shape[0]
    for asset in range(rows.shape[1]):
        returns[place, asset] = rows[row, asset].log_return
        ages[place, asset] = rows[row, asset].age


@kernel
def correlation(first, second, count, returns, ages):  # type: ignore[no-untyped-def]
    """Pearson's correlation of two assets over the rings, oldest row first; 0 where one is not there for all of it or never moves.

    The means are taken out first, so that nothing is lost to rounding.
    """
    size = returns.shape[0]
    mean_first, mean_second = 0.0, 0.0
    for step in range(size):
        place = (count + 1 + step) % size
        if ages[place, first] < 1 or ages[place, second] < 1:
            return 0.0
        mean_first += returns[place, first]
        mean_second += returns[place, second]
    mean_first /= size
    mean_second /= size
    both, alone_first, alone_second = 0.0, 0.0, 0.0
    for step in range(size):
        place = (count + 1 + step) % size
        gap_first, gap_second = returns[place, first] - mean_first, returns[place, second] - mean_second
        both += gap_first * gap_second
        alone_first += gap_first * gap_first
        alone_second += gap_second * gap_second
    if alone_first <= 0.0 or alone_second <= 0.0:
        return 0.0
    return min(max(both / np.sqrt(alone_first * alone_second), -1.0), 1.0)


@kernel
def correlate_batch(rows, sources, targets, threshold, absolute, counts, returns, ages, out):  # type: ignore[no-untyped-def]
    """Write the weights of edges, rows in order; edges come in pairs of both directions."""
    for row in range(rows.shape[0]):
        note_returns(row, rows, counts[0], returns, ages)
        if counts[0] >= returns.shape[0]:  # the first row has no return
            for edge in range(0, sources.shape[0], 2):
                weight = correlation(sources[edge], targets[edge], counts[0], returns, ages)
                if abs(weight) < threshold:
                    weight = 0.0
                out[row, edge] = out[row, edge + 1] = abs(weight) if absolute else weight
        counts[0] += 1


class CorrelationEncoder(StreamEncoder):
    """Weights of an edge in both directions between every two assets: A (A - 1) global columns. Exact.

    The columns depend on the number of assets, so it must be fitted (or loaded) before anything is encoded; it learns nothing but
    the symbols. In a pipeline these columns come last among the global ones, and `Layout.edges` names their ends.
    """

    name = "correlation"
    settings_class = CorrelationSettings
    settings: CorrelationSettings
    per_asset = False

    def __init__(self, settings: CorrelationSettings | None = None) -> None:
        super().__init__(settings)
        self._symbols: tuple[str, ...] = ()

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """(source, target) of every column, indices of assets: 0 to 1, 1 to 0, 0 to 2, 2 to 0, ..."""
        n_assets = len(self._symbols)
        pairs = [(first, second) for first in range(n_assets) for second in range(first + 1, n_assets)]
        return tuple(edge for first, second in pairs for edge in ((first, second), (second, first)))

    @cached_property
    def warmup(self) -> int:
        """Rows until the first weights: as many returns as the window has."""
        return self.settings.window

    @property
    def columns(self) -> tuple[Column, ...]:
        """`edge_0`, `edge_1`, ..."""
        low = 0.0 if self.settings.absolute else -1.0
        return tuple(Column(f"edge_{index}", EDGE_UNIT, low, 1.0, self.settings.window) for index in range(len(self.edges)))

    def fit(self, tape: "Tape") -> Self:
        """Take the symbols; DataError where there are fewer than two."""
        if tape.n_assets < 2:
            raise DataError(f"encoder {self.name}: a graph needs two assets or more, tape {tape.name} has {tape.symbols[0]} alone")
        self._symbols = tape.symbols
        self.reset()
        return self

    def fitted_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the symbols."""
        return ({"symbols": list(self._symbols)} if self._symbols else {}), {}

    def load_fitted(self, fitted: "Mapping[str, Any]", arrays: "Mapping[str, np.ndarray]") -> None:
        """Take over the symbols."""
        self._symbols = tuple(fitted.get("symbols", ()))

    def check_tape(self, tape: "Tape") -> None:
        """Raise DataError where the tape's assets are not those of the training part, ConfigError before `fit`."""
        if not self._symbols:
            raise self.unfitted()
        if tape.symbols != self._symbols:
            raise DataError(f"encoder {self.name}: fitted on {', '.join(self._symbols)}, "
                            f"tape {tape.name} has {', '.join(tape.symbols)}")

    def new_memory(self, n_assets: int) -> Memory:
        """Return empty rings of returns and ages."""
        shape = (self.settings.window, n_assets)
        return {"returns": np.zeros(shape), "ages": np.full(shape, -1, np.int64), "counts": np.zeros(1, np.int64)}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A (A - 1))."""
        if not self._symbols:
            raise self.unfitted()
        ends = np.array(self.edges, np.int64).T.copy()
        out = np.zeros((len(rows), ends.shape[1]), np.float32)
        settings = self.settings
        correlate_batch(rows, ends[0], ends[1], settings.threshold, settings.absolute, memory["counts"], memory["returns"],
                        memory["ages"], out)  # fmt: skip
        return out
