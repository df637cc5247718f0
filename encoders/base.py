"""The contract of encoders: what the market says at the close of row t, from rows <= t alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np

from ..market.errors import IntegrityError, UnknownNameError
from .column import Column

if TYPE_CHECKING:
    from ..data.row import Row
    from ..data.tape import Tape

__all__ = ["ENCODERS", "ENCODER_VERSION", "Column", "Encoder", "EncoderState", "build_encoder", "restore_encoder"]

ENCODER_VERSION = 1

ENCODERS: dict[str, str] = {
    "price": "price:PriceEncoder",
    "indicators": "indicators:IndicatorEncoder",
    "regime": "regime:RegimeEncoder",
    "correlation": "correlation:CorrelationEncoder",
    "graph_forecast": "graph_forecast:GraphForecastEncoder",
    "ma_cross": "signals.ma_cross:MovingAverageCross",
    "momentum": "signals.momentum:Momentum",
}
"""Every kind of encoder and where it lives; it is imported when it is built."""


@dataclass(frozen=True)
class EncoderState:
    """All that is needed to build an encoder again: JSON settings and arrays, never a pickle.

    Attributes:
        kind: Name in the registry.
        settings: What the encoder was built with, JSON values.
        fitted: What it learned that is no array, JSON values (symbols, losses).
        arrays: What it learned, and under `memory/` what it carries from row to row.
        version: Of the encoder's own schema.
    """

    kind: str
    settings: dict[str, Any]
    fitted: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    version: int = ENCODER_VERSION


@runtime_checkable
class Encoder(Protocol):
    """What the market says (contract 2). Row t of the output uses tape rows <= t only; every number is finite.

    Attributes:
        name: Kind in the registry.
        exact: True: streaming gives the same bits as a batch. False: within 1e-5 of the column's scale.
        per_asset: True: K columns for each asset; False: K columns for the whole market.
        columns: The K columns.
        warmup: The longest warm-up of a column: a per-asset column is 0 in that many rows after the asset's first bar, a
            global one in that many rows after the tape's first.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def exact(self) -> bool: ...  # noqa: D102
    @property
    def per_asset(self) -> bool: ...  # noqa: D102
    @property
    def columns(self) -> tuple[Column, ...]: ...  # noqa: D102
    @property
    def warmup(self) -> int: ...  # noqa: D102

    def fit(self, tape: "Tape") -> Self:
        """Learn from the training part alone; DataError where it is too short."""

    def transform(self, tape: "Tape") -> np.ndarray:
        """Return float32 (T, A, K), or (T, K) where `per_asset` is False. The stream's memory is not touched."""

    def update(self, row: "Row") -> np.ndarray:
        """Take the next row of the stream; return float32 (A, K), or (K,)."""

    def prime(self, tape: "Tape") -> None:
        """Leave the stream as `update` on every row of `tape`, one after the other, would leave it; faster where possible."""

    def reset(self) -> None:
        """Forget the stream; keep what was fitted."""

    def state(self) -> EncoderState:
        """Return settings, what was fitted and the stream's memory."""

    def load(self, state: EncoderState) -> Self:
        """Take over a state that this kind of encoder wrote; IntegrityError where kind or version differ."""


def build_encoder(kind: str, settings: Mapping[str, Any] | None = None, where: str = "encoders") -> Encoder:
    """Return an unfitted encoder.

    Args:
        kind: Name in the registry.
        settings: Its settings by name, as a job's YAML gives them.
        where: Named in errors.

    Raises:
        UnknownNameError: No such kind; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    if kind not in ENCODERS:
        raise UnknownNameError("encoder", kind, ENCODERS, where)
    module, name = ENCODERS[kind].split(":")
    build: Callable[..., Encoder] = getattr(import_module(f".{module}", __package__), name).build
    return build(dict(settings or {}), f"{where}.{kind}")


def restore_encoder(state: EncoderState) -> Encoder:
    """Return the encoder that wrote `state`, fitted and with its memory; IntegrityError where the version is another."""
    if state.version != ENCODER_VERSION:
        raise IntegrityError(f"encoder {state.kind}: state version must be {ENCODER_VERSION}, was {state.version}; fit it again")
    return build_encoder(state.kind, state.settings, "encoder state").load(state)
