"""A forecast of every asset's next return at once, by a small LSTM and graph attention, frozen after training."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from ..market.errors import ConfigError, DataError
from .adjusted import adjust_tape
from .column import Column
from .graph_node import NODE_COLUMNS, new_node_memory, node_rows
from .stream import Memory, StreamEncoder

if TYPE_CHECKING:
    from ..data.tape import Tape
    from .graph_network import GraphForecaster
    from .graph_sample import GraphHistory

__all__ = ["GraphForecastEncoder", "GraphForecastSettings"]

ROWS_TO_TRAIN = 100
CHUNK_NODES = 4096


@dataclass(frozen=True, kw_only=True)
class GraphForecastSettings:
    """The graph forecaster and its training.

    Attributes:
        window: Rows the LSTM reads.
        hidden: Its width; a multiple of `heads`.
        heads: Attention heads.
        edges: Edges that always stand: `full` between all assets, `sector` within the sectors that the tape's instruments name
            (one without a sector stands alone), `none`.
        correlation_window: Rows of the rolling correlation that weighs every edge.
        correlation_threshold: Size from which the correlation makes an edge by itself.
        halflife: Of the volatility and volume that node columns are measured against, rows.
        steps: Optimiser steps; they bound the training, so that it gives the same weights on any machine.
        batch_nodes: Nodes (rows x assets) in one step.
        lr: Learning rate.
        validation_share: Last part of the training rows, on which the best step is chosen.
        seed: Of weights and batches.
    """

    window: int = 30
    hidden: int = 16
    heads: int = 2
    edges: Literal["full", "sector", "none"] = "full"
    correlation_window: int = 60
    correlation_threshold: float = 0.5
    halflife: float = 20.0
    steps: int = 300
    batch_nodes: int = 320
    lr: float = 3e-3
    validation_share: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("window", "hidden", "heads", "correlation_window", "steps", "batch_nodes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"graph_forecast.{name} must be at least 1, was {getattr(self, name)}")
        if self.hidden % self.heads:
            raise ConfigError(f"graph_forecast.hidden must be a multiple of heads ({self.heads}), was {self.hidden}")
        if not 0.0 < self.validation_share < 0.9:
            raise ConfigError(f"graph_forecast.validation_share must lie in (0, 0.9), was {self.validation_share}")
        if self.halflife <= 0.0 or self.lr <= 0.0:
            raise ConfigError(f"graph_forecast.halflife and lr must be positive, were {self.halflife} and {self.lr}")

    @property
    def span(self) -> int:
        """Rows that one forecast looks back on."""
        return max(self.window, self.correlation_window)


@dataclass(frozen=True, eq=False)
class FittedForecast:
    """What `fit` learns: symbols, static edges (A, A), variance at which assets start, network, losses and coefficients."""

    symbols: tuple[str, ...]
    static: np.ndarray
    reference: float
    network: "GraphForecaster"
    report: dict[str, float | int]


class GraphForecastEncoder(StreamEncoder):
    """The forecast next log return of each asset, in its standard deviations of the training part. Numeric (torch).

    In the training part itself the forecast has seen its own answers: it is better there than it will ever be again.
    """

    name = "graph_forecast"
    settings_class = GraphForecastSettings
    settings: GraphForecastSettings
    exact = False

    def __init__(self, settings: GraphForecastSettings | None = None) -> None:
        super().__init__(settings)
        self.fitted: FittedForecast | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """`forecast`."""
        return (Column("forecast", "score", warmup=self.settings.window),)

    def fit(self, tape: "Tape") -> Self:
        """Train on a training part; DataError where it is too short."""
        from .graph_training import TrainingPlan, train_forecaster

        settings = self.settings
        self.needs(tape, settings.span + ROWS_TO_TRAIN, f"{settings.span} to look back on and {ROWS_TO_TRAIN} to learn from")
        rows = adjust_tape(tape)
        returns, moved = rows["log_return"], (rows["age"] > 0) & (rows["tradable"] == 1)
        pooled = float((returns[moved] ** 2).mean()) if moved.any() else 0.0
        if pooled <= 0.0:
            raise DataError(f"encoder {self.name}: no asset of tape {tape.name} ever moves in the training part")
        counts = moved.sum(axis=0)
        variance = np.where(counts > 1, (returns**2 * moved).sum(axis=0) / np.maximum(counts, 1), pooled)
        nodes = node_rows(rows, settings.halflife, pooled, new_node_memory(tape.n_assets))
        target, known = np.zeros(returns.shape, np.float32), np.zeros(returns.shape, np.bool_)
        target[:-1], known[:-1] = returns[1:] / np.sqrt(np.maximum(variance, 1e-12)), moved[1:]
        static = self._static_edges(tape)
        network = self._network()
        plan = TrainingPlan(steps=settings.steps, batch_nodes=settings.batch_nodes, lr=settings.lr, seed=settings.seed,
                            validation_share=settings.validation_share)
        report = train_forecaster(network, self._history(nodes, rows["age"], static), target, known, plan)
        self.fitted = FittedForecast(tape.symbols, static, pooled, network, report)
        self.reset()
        return self

    def check_tape(self, tape: "Tape") -> None:
        """Raise DataError where the tape's assets are not those of the training part, ConfigError before `fit`."""
        if self.fitted is None:
            raise self.unfitted()
        if tape.symbols != self.fitted.symbols:
            raise DataError(f"encoder {self.name}: fitted on {', '.join(self.fitted.symbols)}, "
                            f"tape {tape.name} has {', '.join(tape.symbols)}")

    def new_memory(self, n_assets: int) -> Memory:
        """Return windows without rows."""
        before = self.settings.span - 1
        windows = {"nodes": np.zeros((before, n_assets, len(NODE_COLUMNS)), np.float32)}
        return new_node_memory(n_assets) | windows

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A, 1)."""
        import torch

        from .graph_network import torch_threads

        if self.fitted is None:
            raise self.unfitted()
        nodes = self._remember(rows, memory)
        before = self.settings.span - 1
        age = np.concatenate([np.full((before, rows.shape[1]), -1), rows["age"]])
        history = self._history(nodes, age, self.fitted.static)
        out = np.zeros((*rows.shape, 1), np.float32)
        chunk = max(1, CHUNK_NODES // rows.shape[1])
        with torch_threads(1), torch.no_grad():
            for start in range(0, len(rows), chunk):
                at = np.arange(start, min(start + chunk, len(rows)))
                window, edges, weights, present = history.batch(at + before)
                out[at, :, 0] = (self.fitted.network(window, edges, weights) * present).numpy()
        return out

    def absorb(self, rows: np.ndarray, memory: Memory) -> None:
        """Keep the last rows; no forecast is made."""
        self._remember(rows, memory)

    def fitted_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return symbols and training report, edges and weights."""
        if self.fitted is None:
            return {}, {}
        weights = {f"network/{name}": value for name, value in self.fitted.network.arrays().items()}
        described = {"symbols": list(self.fitted.symbols), "reference": self.fitted.reference, "report": self.fitted.report}
        return described, weights | {"static": self.fitted.static.copy()}

    def load_fitted(self, fitted: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take over a trained network."""
        if not fitted:
            self.fitted = None
            return
        network = self._network()
        network.load_arrays({name.removeprefix("network/"): value for name, value in arrays.items() if name.startswith("network/")})
        static = arrays["static"].astype(np.bool_)
        self.fitted = FittedForecast(tuple(fitted["symbols"]), static, float(fitted["reference"]), network, dict(fitted["report"]))

    def _remember(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return node columns of the rows before and the new ones, and keep the last of them."""
        if self.fitted is None:
            raise self.unfitted()
        new = node_rows(rows, self.settings.halflife, self.fitted.reference, memory)
        nodes = np.concatenate([memory["nodes"], new])
        memory["nodes"] = nodes[len(nodes) - (self.settings.span - 1) :].copy()
        return nodes

    def _network(self) -> "GraphForecaster":
        from .graph_network import GraphForecaster

        return GraphForecaster(len(NODE_COLUMNS), self.settings.hidden, self.settings.heads, self.settings.seed)

    def _history(self, nodes: np.ndarray, age: np.ndarray, static: np.ndarray) -> "GraphHistory":
        import torch

        from .graph_sample import GraphHistory

        settings = self.settings
        tensors = (torch.from_numpy(nodes), torch.from_numpy(np.ascontiguousarray(age)), torch.from_numpy(static))
        return GraphHistory(*tensors, settings.window, settings.correlation_window, settings.correlation_threshold)

    def _static_edges(self, tape: "Tape") -> np.ndarray:
        n_assets = tape.n_assets
        if self.settings.edges != "sector":
            return np.full((n_assets, n_assets), self.settings.edges == "full")
        if not any(instrument.sector for instrument in tape.instruments):
            raise DataError(f"encoder {self.name}: edges by sector need instruments with a sector, tape {tape.name} names none; "
                            "set graph_forecast.edges to full or none")
        sectors = np.array([instrument.sector or f"alone {instrument.symbol}" for instrument in tape.instruments])
        static: np.ndarray = np.equal.outer(sectors, sectors)
        return static
