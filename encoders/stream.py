"""Base of our encoders: one function over the next n rows serves batch and stream, so that they cannot differ."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ..configs.strict import validate
from ..market.errors import ConfigError, DataError, IntegrityError
from .adjusted import adjust_row, adjust_tape, new_carry
from .base import ENCODER_VERSION, EncoderState
from .column import Column

if TYPE_CHECKING:
    from ..data.row import Row
    from ..data.tape import Tape

__all__ = ["Memory", "StreamEncoder"]

Memory = dict[str, Any]
"""What an encoder carries from row to row, by name; arrays, changed in place."""


class StreamEncoder(ABC):
    """An encoder made of `new_memory` and `encode`; see `Encoder` for the contract.

    A subclass sets the class variables and gives `columns`, `new_memory` and `encode`; one that learns gives `fit`,
    `fitted_state` and `load_fitted` as well.
    """

    name: ClassVar[str]
    settings_class: ClassVar[type]
    exact: ClassVar[bool] = True
    per_asset: ClassVar[bool] = True

    def __init__(self, settings: Any = None) -> None:
        self.settings = self.settings_class() if settings is None else settings
        self._memory: Memory | None = None

    @classmethod
    def build(cls, settings: Mapping[str, Any], where: str) -> Self:
        """Return the encoder of settings as a job's YAML gives them; ConfigError where one is unknown or wrong."""
        return cls(validate(cls.settings_class, settings, where))

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The K columns."""

    @cached_property
    def warmup(self) -> int:
        """Longest warm-up of a column, rows."""
        return max(column.warmup for column in self.columns)

    def new_memory(self, n_assets: int) -> Memory:
        """Return the memory from before the first row."""
        return {}

    @abstractmethod
    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return raw columns of the next n rows, float32 (n, A, K) or (n, K), and move `memory` on.

        Args:
            rows: ADJUSTED records, (n, A).
            memory: As the row before left it.
        """

    def absorb(self, rows: np.ndarray, memory: Memory) -> None:
        """Move `memory` on as `encode` does, without the columns where that is faster."""
        self.encode(rows, memory)

    def fit(self, tape: "Tape") -> Self:
        """Learn nothing; subclasses that learn override it."""
        return self

    def fitted_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what was fitted: JSON values and arrays."""
        return {}, {}

    def load_fitted(self, fitted: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:  # noqa: B027
        """Take over what `fitted_state` returned; nothing, where an encoder learns nothing."""

    def memory_arrays(self, memory: Memory) -> dict[str, np.ndarray]:
        """Return `memory` as arrays for a file."""
        return {name: value.copy() for name, value in memory.items()}

    def memory_from(self, arrays: Mapping[str, np.ndarray]) -> Memory:
        """Return the memory that `memory_arrays` wrote."""
        return {name: value.copy() for name, value in arrays.items()}

    def transform(self, tape: "Tape") -> np.ndarray:
        """Return float32 (T, A, K), or (T, K) where `per_asset` is False. The stream's memory is not touched."""
        self.check_tape(tape)
        memory = self._start(tape.n_assets)
        return self._advance(adjust_tape(tape, memory["carry"]), memory)

    def update(self, row: "Row") -> np.ndarray:
        """Take the next row of the stream; return float32 (A, K), or (K,).

        Raises:
            ShapeError: The row has another number of assets than the stream.
        """
        if self._memory is None:
            self._memory = self._start(row.bars.shape[0])
        encoded: np.ndarray = self._advance(adjust_row(row, self._memory["carry"]), self._memory)[0]
        return encoded

    def prime(self, tape: "Tape") -> None:
        """Leave the stream as `update` on every row of `tape` would leave it."""
        self.check_tape(tape)
        if self._memory is None:
            self._memory = self._start(tape.n_assets)
        rows = adjust_tape(tape, self._memory["carry"])
        self.absorb(rows, self._memory)
        self._memory["rows"][0] += len(rows)

    def reset(self) -> None:
        """Forget the stream; keep what was fitted."""
        self._memory = None

    def state(self) -> EncoderState:
        """Return settings, what was fitted and the stream's memory."""
        fitted, arrays = self.fitted_state()
        if self._memory is not None:
            arrays = arrays | {f"memory/{name}": value for name, value in self.memory_arrays(self._memory).items()}
        return EncoderState(self.name, asdict(self.settings), fitted, arrays)

    def load(self, state: EncoderState) -> Self:
        """Take over a state that this kind of encoder wrote; IntegrityError where kind or version differ."""
        if (state.kind, state.version) != (self.name, ENCODER_VERSION):
            raise IntegrityError(f"encoder {self.name}: needs a state of its own kind and version {ENCODER_VERSION}, "
                                 f"was {state.kind} version {state.version}")
        memory = {name.removeprefix("memory/"): value for name, value in state.arrays.items() if name.startswith("memory/")}
        self.load_fitted(state.fitted, {name: value for name, value in state.arrays.items() if not name.startswith("memory/")})
        self._memory = self.memory_from(memory) if memory else None
        return self

    def check_tape(self, tape: "Tape") -> None:  # noqa: B027
        """Raise where this encoder cannot read `tape`: DataError for foreign assets, ConfigError where `fit` is missing."""

    def needs(self, tape: "Tape", rows: int, why: str) -> None:
        """Raise DataError where `tape` has fewer than `rows` rows."""
        if tape.n_rows < rows:
            raise DataError(f"encoder {self.name}: fit needs {rows} rows ({why}), tape {tape.name} has {tape.n_rows}; "
                            "train on a longer part or shorten the windows")

    def unfitted(self) -> ConfigError:
        """Return the error of an encoder that was used before `fit`."""
        return ConfigError(f"encoder {self.name} must be fitted (or loaded) before it encodes; call fit(tape) on the training part")

    def _start(self, n_assets: int) -> Memory:
        return {"carry": new_carry(n_assets), "rows": np.zeros(1, np.int64), **self.new_memory(n_assets)}

    def _advance(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        out = self.encode(rows, memory)
        age = rows["age"] if self.per_asset else memory["rows"][0] + np.arange(len(rows))
        if (age < self.warmup).any():
            out[age[..., None] < np.array([column.warmup for column in self.columns])] = 0.0
        memory["rows"][0] += len(rows)
        return out
