"""Several encoders and the normaliser as one: a tape in, a feature table out; or a row in, a market row out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..market.errors import ConfigError, DataError, IntegrityError, ShapeError
from .base import ENCODER_VERSION, Encoder, EncoderState, build_encoder, restore_encoder
from .column import Column, check_unique
from .layout import Layout
from .normaliser import Normaliser
from .table import FeatureTable

if TYPE_CHECKING:
    from ..data.row import Row
    from ..data.tape import Tape

__all__ = ["Pipeline"]


class Pipeline:
    """Encoders side by side, normalised on the training part.

    A market row is the global columns of all encoders in order, then for each asset the per-asset columns of all encoders in order.
    An encoder whose global columns are weights of edges (it has `edges`) comes last, so that the layout can name their ends. A
    column is 0 during its warm-up, before and after normalising.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        if not encoders:
            raise ConfigError("a pipeline needs at least one encoder")
        graphs = [encoder for encoder in encoders if hasattr(type(encoder), "edges")]
        if len(graphs) > 1:
            raise ConfigError(f"a pipeline holds one graph, was given {', '.join(graph.name for graph in graphs)}; leave one out")
        self.encoders = (*(encoder for encoder in encoders if encoder not in graphs), *graphs)
        check_unique(self._columns(per_asset=False) + self._columns(per_asset=True), "pipeline")
        self._symbols: tuple[str, ...] | None = None
        self._market: Normaliser | None = None
        self._asset: Normaliser | None = None
        self._age = np.zeros(0, np.int64)  # rows since each asset's first bar, -1 before it
        self._seen = 0

    @classmethod
    def build(cls, entries: Sequence[Mapping[str, Any]], where: str = "encoders") -> Self:
        """Return the unfitted pipeline of a job's entries, each a mapping with `kind` and that encoder's settings.

        Raises:
            ConfigError: An entry has no kind, an unknown one (with a suggestion) or a wrong setting.
        """
        encoders = []
        for index, entry in enumerate(entries):
            settings = dict(entry)
            if "kind" not in settings:
                raise ConfigError(f"{where}.{index}: an encoder needs a kind, was {settings}")
            encoders.append(build_encoder(str(settings.pop("kind")), settings, f"{where}.{index}"))
        return cls(encoders)

    @property
    def exact(self) -> bool:
        """Whether the stream gives the bits of the batch."""
        return all(encoder.exact for encoder in self.encoders)

    @property
    def warmup(self) -> int:
        """Rows until every column of an asset that was there from the start is known."""
        return max(encoder.warmup for encoder in self.encoders)

    @property
    def layout(self) -> Layout:
        """Layout of a market row; ConfigError before `fit`."""
        symbols, market, asset = self._fitted()
        columns = market.describe(self._columns(per_asset=False)), asset.describe(self._columns(per_asset=True))
        edges = tuple(edge for encoder in self.encoders for edge in getattr(encoder, "edges", ()))
        return Layout(symbols, *columns, warmup=self.warmup, edges=edges)

    @property
    def digest(self) -> str:
        """sha256 of settings and everything fitted, hex; the stream's memory does not enter."""
        state = self.state()
        digest = hashlib.sha256(json.dumps([state.settings, state.fitted], sort_keys=True).encode())
        for name in sorted(name for name in state.arrays if "memory/" not in name):
            array = np.ascontiguousarray(state.arrays[name])
            digest.update(f"\0{name} {array.dtype} {array.shape}\0".encode() + array.tobytes())
        return digest.hexdigest()

    def fit(self, tape: "Tape") -> Self:
        """Fit every encoder, then the normaliser, on a training part alone.

        Raises:
            DataError: The part is too short: says what needs how many rows and how many there are.
        """
        need = self.warmup + 2
        if tape.n_rows < need:
            raise DataError(f"pipeline: the training part needs {need} rows ({self.warmup} to warm up and 2 to measure), "
                            f"tape {tape.name} has {tape.n_rows}")
        parts = [encoder.fit(tape).transform(tape) for encoder in self.encoders]
        self.__dict__.pop("_warmups", None)  # there are as many edges as pairs of assets
        market, asset = self._assemble(parts, tape.n_rows, tape.n_assets)
        known_market, known_asset = self._known(tape.close > 0.0, np.full(tape.n_assets, -1), 0)
        self._symbols = tape.symbols
        self._market = Normaliser.fit(market, known_market, self._columns(per_asset=False))
        self._asset = Normaliser.fit(asset, known_asset, self._columns(per_asset=True))
        self.reset()
        return self

    def transform(self, tape: "Tape") -> FeatureTable:
        """Return the features of every row of `tape`; the stream's memory is not touched.

        Raises:
            DataError: The tape has other assets than the training part.
        """
        self._check_symbols(tape)
        parts = [encoder.transform(tape) for encoder in self.encoders]
        values = self._rows(parts, tape.close > 0.0, np.full(tape.n_assets, -1), 0)
        return FeatureTable(values, self.layout, tape.digest)

    def update(self, row: "Row") -> np.ndarray:
        """Take the next row of the stream; return its market row, float32 (F,)."""
        symbols, _, _ = self._fitted()
        if row.bars.shape != (len(symbols),):
            raise ShapeError(f"pipeline: a row needs the bars of {len(symbols)} assets, was {row.bars.shape}")
        parts = [encoder.update(row)[None] for encoder in self.encoders]
        listed = row.bars["close"][None] > 0.0
        market_row: np.ndarray = self._rows(parts, listed, self._age, self._seen)[0]
        self._move_on(listed)
        return market_row

    def prime(self, tape: "Tape") -> None:
        """Leave the stream as `update` on every row of `tape` would leave it."""
        self._check_symbols(tape)
        for encoder in self.encoders:
            encoder.prime(tape)
        self._move_on(tape.close > 0.0)

    def reset(self) -> None:
        """Forget the stream; keep what was fitted."""
        for encoder in self.encoders:
            encoder.reset()
        self._age = np.full(len(self._symbols or ()), -1)
        self._seen = 0

    def state(self) -> EncoderState:
        """Return all that `restore` needs: `settings` and `fitted` are JSON values, `arrays` fit into an npz file."""
        symbols, market, asset = self._fitted()
        states = [encoder.state() for encoder in self.encoders]
        arrays = {f"{index}/{name}": value for index, state in enumerate(states) for name, value in state.arrays.items()}
        for name, normaliser in (("market", market), ("asset", asset)):
            arrays |= {f"normaliser/{name}/shift": normaliser.shift, f"normaliser/{name}/scale": normaliser.scale}
        if self._seen:
            arrays |= {"memory/age": self._age.copy(), "memory/seen": np.array([self._seen])}
        settings = [{"kind": state.kind, "version": state.version, "settings": state.settings} for state in states]
        fitted = {"symbols": list(symbols), "encoders": [state.fitted for state in states]}
        return EncoderState("pipeline", {"encoders": settings}, fitted, arrays)

    @classmethod
    def restore(cls, state: EncoderState) -> Self:
        """Return the pipeline that wrote `state`, fitted, its stream where it was; IntegrityError where the version is another."""
        if (state.kind, state.version) != ("pipeline", ENCODER_VERSION):
            raise IntegrityError(f"pipeline state must be of version {ENCODER_VERSION}, was {state.kind} version {state.version}")
        encoders = []
        for index, entry in enumerate(state.settings["encoders"]):
            own = {name.removeprefix(f"{index}/"): value for name, value in state.arrays.items() if name.startswith(f"{index}/")}
            part = EncoderState(entry["kind"], entry["settings"], state.fitted["encoders"][index], own, entry["version"])
            encoders.append(restore_encoder(part))
        pipeline = cls(encoders)
        pipeline._symbols = tuple(state.fitted["symbols"])
        scaling = {name: value for name, value in state.arrays.items() if name.startswith("normaliser/")}
        pipeline._market = Normaliser(scaling["normaliser/market/shift"], scaling["normaliser/market/scale"])
        pipeline._asset = Normaliser(scaling["normaliser/asset/shift"], scaling["normaliser/asset/scale"])
        pipeline._age = state.arrays.get("memory/age", np.full(len(pipeline._symbols), -1)).copy()
        pipeline._seen = int(state.arrays["memory/seen"][0]) if "memory/seen" in state.arrays else 0
        return pipeline

    def _columns(self, *, per_asset: bool) -> tuple[Column, ...]:
        return tuple(column for encoder in self.encoders if encoder.per_asset == per_asset for column in encoder.columns)

    @cached_property
    def _warmups(self) -> tuple[np.ndarray, np.ndarray]:
        groups = (self._columns(per_asset=False), self._columns(per_asset=True))
        market, asset = (np.array([column.warmup for column in group], np.int64) for group in groups)
        return market, asset

    def _fitted(self) -> tuple[tuple[str, ...], Normaliser, Normaliser]:
        if self._symbols is None or self._market is None or self._asset is None:
            raise ConfigError("the pipeline must be fitted (or restored) before it encodes; call fit(tape) on the training part")
        return self._symbols, self._market, self._asset

    def _check_symbols(self, tape: "Tape") -> None:
        symbols, _, _ = self._fitted()
        if tape.symbols != symbols:
            raise DataError(f"pipeline: fitted on {', '.join(symbols)}, tape {tape.name} has {', '.join(tape.symbols)}")

    def _assemble(self, parts: Sequence[np.ndarray], n_rows: int, n_assets: int) -> tuple[np.ndarray, np.ndarray]:
        """Return raw global (n, G) and per-asset (n, A, K) columns."""
        market = [np.zeros((n_rows, 0), np.float32)]
        asset = [np.zeros((n_rows, n_assets, 0), np.float32)]
        for encoder, part in zip(self.encoders, parts, strict=True):
            (asset if encoder.per_asset else market).append(part)
        return np.concatenate(market, axis=-1), np.concatenate(asset, axis=-1)

    def _known(self, listed: np.ndarray, age: np.ndarray, seen: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where columns are past their warm-up: bool (n, G) and (n, A, K)."""
        market, asset = self._warmups
        ages = age + np.cumsum(listed, axis=0)
        rows = seen + np.arange(len(listed))
        return rows[:, None] >= market, ages[:, :, None] >= asset

    def _rows(self, parts: Sequence[np.ndarray], listed: np.ndarray, age: np.ndarray, seen: int) -> np.ndarray:
        _, market_normaliser, asset_normaliser = self._fitted()
        market, asset = self._assemble(parts, *listed.shape)
        known_market, known_asset = self._known(listed, age, seen)
        market = np.where(known_market, market_normaliser.apply(market), np.float32(0.0))
        asset = np.where(known_asset, asset_normaliser.apply(asset), np.float32(0.0))
        return np.ascontiguousarray(np.concatenate([market, asset.reshape(len(asset), -1)], axis=1))

    def _move_on(self, listed: np.ndarray) -> None:
        self._age = self._age + listed.sum(axis=0)
        self._seen += len(listed)
