"""Strategies as target columns: what each would hold at every close, and how it has done lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...data.tape import Tape
from ...encoders.adjusted import adjust_tape
from ...encoders.base import build_encoder
from ...encoders.column import Column
from ...encoders.table import FeatureTable
from ...market.errors import ConfigError, ShapeError

__all__ = ["Strategies", "StrategiesGiven", "strategies_of", "with_performance"]

StrategiesGiven = Sequence[str | Mapping[str, Any]] | Mapping[str, np.ndarray] | np.ndarray
RETURN_LIMIT = 5.0
WORST = -0.999999  # a bar's loss of a paper account, so that its logarithm exists


@dataclass(frozen=True, eq=False)
class Strategies:
    """K strategies over a tape.

    Attributes:
        names: What they are called, (K,).
        targets: Weights of equity that each wants at the close of each row, float64 (T, K, A), in [-1, 1]; row t from rows <= t.
    """

    names: tuple[str, ...]
    targets: np.ndarray

    def performance(self, tape: Tape, bars: int) -> np.ndarray:
        """Return trailing return and drawdown of each, float32 (T, 2 K), known at the row's close; 0 in the first `bars` rows.

        A paper account without costs holds at row t what the strategy wanted at row t - 1, close to close, dividends included. Both
        numbers look at its value over the last `bars` bars: its growth, and how far it stands under its highest.
        """
        grown = np.expm1(adjust_tape(tape)["log_return"])
        earned = np.zeros((tape.n_rows, len(self.names)))
        for asset in range(tape.n_assets):
            earned[1:] += self.targets[:-1, :, asset] * grown[1:, asset, None]
        value = np.cumsum(np.log1p(np.maximum(earned, WORST)), axis=0)
        out = np.zeros((tape.n_rows, 2 * len(self.names)), np.float32)
        if tape.n_rows > bars:
            highest = np.lib.stride_tricks.sliding_window_view(value, bars + 1, axis=0).max(axis=-1)
            out[bars:, 0::2] = np.clip(np.expm1(value[bars:] - value[: len(value) - bars]), -1.0, RETURN_LIMIT)
            out[bars:, 1::2] = np.clip(-np.expm1(value[bars:] - highest), 0.0, 1.0)
        return out

    def columns(self, bars: int) -> tuple[Column, ...]:
        """Return what `performance` writes: `return_<name>` and `drawdown_<name>` of each."""
        kinds = (("return", -1.0, RETURN_LIMIT), ("drawdown", 0.0, 1.0))
        return tuple(Column(f"{kind}_{name}", "fraction", low, high, bars) for name in self.names for kind, low, high in kinds)


def strategies_of(given: StrategiesGiven, tape: Tape) -> Strategies:
    """Return the strategies of a setting on one tape.

    Args:
        given: A list of `cash` (nothing), `hold` (1/A of every listed asset) and signals of `encoders.base.ENCODERS` that need no
            fit, by name or as a mapping with `kind` and settings, each target divided by A; or an array of targets (T, K, A), or
            (T, K) of one asset; or a mapping from names to arrays (T, A) or (T,).
        tape: What they trade.

    Raises:
        ConfigError: Fewer than two strategies, two of one name, an encoder that is no signal, or a target outside [-1, 1].
        ShapeError: An array has another shape.
        UnknownNameError: No such encoder.
    """
    if isinstance(given, np.ndarray):
        named = [(f"strategy_{index}", given[:, index]) for index in range(given.shape[1] if given.ndim > 1 else 0)]
    elif isinstance(given, Mapping):
        named = [(name, np.asarray(values)) for name, values in given.items()]
    elif isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigError(f"strategies must be a list of names, arrays by name or one array, was {given!r}")
    else:
        named = [pair for one in given for pair in _signals(one, tape)]
    names = tuple(name for name, _ in named)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigError(f"strategies must be two or more of different names, was {', '.join(names) or 'none'}")
    shape = (tape.n_rows, tape.n_assets)
    for name, values in named:
        if values.shape != shape and (tape.n_assets > 1 or values.shape != shape[:1]):
            raise ShapeError(f"strategy {name}: targets must be of shape {shape} for tape {tape.name}, were {values.shape}")
        if not (np.abs(values) <= 1.0).all():
            raise ConfigError(f"strategy {name}: targets must be finite and lie in [-1, 1]")
    targets = np.stack([values.astype(np.float64).reshape(shape) for _, values in named], axis=1)
    return Strategies(names, np.ascontiguousarray(targets))


def with_performance(table: FeatureTable, tape: Tape, strategies: Strategies, bars: int) -> FeatureTable:
    """Return the table with the performance of strategies among its global columns (before the weights of edges).

    A table that has these columns already is returned as it is.
    """
    layout, columns = table.layout, strategies.columns(bars)
    if {column.name for column in columns} <= {column.name for column in layout.market_global}:
        return table
    cut = len(layout.market_global) - len(layout.edges)
    shown = (*layout.market_global[:cut], *columns, *layout.market_global[cut:])
    values = np.concatenate([table.values[:, :cut], strategies.performance(tape, bars), table.values[:, cut:]], axis=1)
    known = replace(layout, market_global=shown, warmup=max(layout.warmup, bars))
    return replace(table, values=np.ascontiguousarray(values), layout=known)


def _signals(given: str | Mapping[str, Any], tape: Tape) -> list[tuple[str, np.ndarray]]:
    settings = {"kind": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f"a strategy needs a kind, such as {{kind: ma_cross}}, was {given!r}")
    listed = tape.close > 0.0
    if kind in ("cash", "hold"):
        if settings:
            raise ConfigError(f"strategy {kind} has no settings, was given {', '.join(settings)}")
        return [(kind, np.where(listed, 1.0 if kind == "hold" else 0.0, 0.0) / tape.n_assets)]
    encoder = build_encoder(kind, settings, "strategies")
    if not encoder.per_asset or any(column.unit != "weight" for column in encoder.columns):
        raise ConfigError(f"strategy {kind}: a strategy's columns are targets of assets (unit weight), that encoder's are not")
    signal = encoder.transform(tape).astype(np.float64) / tape.n_assets
    return [(column.name, signal[:, :, index]) for index, column in enumerate(encoder.columns)]
