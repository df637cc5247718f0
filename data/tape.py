"""`Tape`: market data aligned in time, the first of the five contracts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..market.bar import BAR, CLOCK, TERMS
from ..market.errors import DataError, IntegrityError, UnknownNameError
from ..market.instrument import Instrument, instrument_records
from ..market.record import clear_padding
from .contract import check_shapes, check_tape
from .instant import Instant, iso, to_ns
from .record import frozen, neutral_terms
from .row import Row
from .session import columns_by_calendar, session_edges
from .tape_folder import read_folder, write_folder

__all__ = ["Tape"]


@dataclass(frozen=True, eq=False)
class Tape:
    """Immutable market data of A assets over T rows. Make one with `Tape.build` or `Tape.load`, never directly.

    Attributes:
        name: What people call it; not part of the content.
        instruments: The assets, in the order of axis A.
        currency: Account currency.
        clock: CLOCK records, (T,), ns UTC.
        bars: BAR records, (T, A): raw prices, read-only and C-contiguous like the other arrays. `opens` and `closes` mark the
            edges of the sessions of each instrument's calendar (`session.session_edges`); a slice keeps those of the whole tape.
        terms: TERMS records, (T, A), or (0, A) where the tape has none: no splits, no dividends, rules decide.
        close_only: True where only closes were recorded; such a tape has no path inside a bar.
        notes: What is known about the data: which side is quoted, what was cleaned. Not part of the content.
        first_row: Position of row 0 in the tape that this one was sliced from.
    """

    schema_version: ClassVar[int] = 2

    name: str
    instruments: tuple[Instrument, ...]
    currency: str
    clock: np.ndarray = field(repr=False)
    bars: np.ndarray = field(repr=False)
    terms: np.ndarray = field(repr=False)
    close_only: bool = False
    notes: tuple[str, ...] = field(default=(), repr=False)
    first_row: int = 0

    @classmethod
    def build(
        cls,
        name: str,
        instruments: Sequence[Instrument],
        clock: np.ndarray,
        bars: np.ndarray,
        terms: np.ndarray | None = None,
        *,
        currency: str = "USD",
        close_only: bool = False,
        notes: Sequence[str] = (),
    ) -> "Tape":
        """Return a tape of these records, copied and checked.

        Args:
            name: What people call it.
            instruments: A instruments.
            clock: CLOCK records, (T,); see `record.clock_records`.
            bars: BAR records, (T, A); see `record.bar_records`. Their `opens` and `closes` are written anew from the clock and
                the instruments' calendars.
            terms: TERMS records, (T, A); None where there are none.
            currency: Account currency.
            close_only: Whether only closes were recorded.
            notes: What is known about the data.

        Raises:
            ShapeError: An array has not the shape above.
            DataError: A value breaks the contract (`contract.check_tape`).
            UnknownNameError: An instrument's calendar is unknown.
        """
        none = np.zeros((0, len(instruments)), TERMS)
        arrays = (_copied(clock, CLOCK), _copied(bars, BAR), _copied(none if terms is None else terms, TERMS))
        _mark_sessions(arrays[0], arrays[1], instruments)
        tape = cls(name, tuple(instruments), currency, *arrays, close_only, tuple(notes))
        check_tape(tape)
        return tape

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the assets, in the order of axis A."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def instrument_records(self) -> np.ndarray:
        """INSTRUMENT records, (A,)."""
        return instrument_records(self.instruments)

    @property
    def n_rows(self) -> int:
        """T."""
        return len(self.clock)

    @property
    def n_assets(self) -> int:
        """A."""
        return len(self.instruments)

    @property
    def has_terms(self) -> bool:
        """Whether rows say anything besides prices."""
        return len(self.terms) > 0

    @property
    def open_at(self) -> np.ndarray:
        """First instant of each row, int64 ns UTC, (T,)."""
        return self.clock["open_at"]

    @property
    def close_at(self) -> np.ndarray:
        """Last instant of each row, int64 ns UTC, (T,)."""
        return self.clock["close_at"]

    @property
    def open(self) -> np.ndarray:
        """Raw opens, float64 (T, A)."""
        return self.bars["open"]

    @property
    def high(self) -> np.ndarray:
        """Raw highs, float64 (T, A)."""
        return self.bars["high"]

    @property
    def low(self) -> np.ndarray:
        """Raw lows, float64 (T, A)."""
        return self.bars["low"]

    @property
    def close(self) -> np.ndarray:
        """Raw closes, float64 (T, A); the last one where there is no bar, 0 before the first."""
        return self.bars["close"]

    @property
    def volume(self) -> np.ndarray:
        """Units traded, float64 (T, A); see `Instrument.volume_unit`."""
        return self.bars["volume"]

    @property
    def present(self) -> np.ndarray:
        """Listed, uint8 (T, A)."""
        return self.bars["present"]

    @property
    def tradable(self) -> np.ndarray:
        """Orders can be filled inside the row, uint8 (T, A)."""
        return self.bars["tradable"]

    @property
    def opens(self) -> np.ndarray:
        """First row of a session, traded or not, uint8 (T, A)."""
        return self.bars["opens"]

    @property
    def closes(self) -> np.ndarray:
        """Last row of a session, traded or not, uint8 (T, A)."""
        return self.bars["closes"]

    @property
    def split(self) -> np.ndarray:
        """New units per old unit before the row's open, float64 (T, A)."""
        return self.terms["split"] if self.has_terms else np.ones(self.bars.shape)

    @property
    def dividend(self) -> np.ndarray:
        """Cash per unit after the split, ex at the row's open, float64 (T, A)."""
        return self.terms["dividend"] if self.has_terms else np.zeros(self.bars.shape)

    @property
    def roll(self) -> np.ndarray:
        """Price of the next contract less that of the old one before the row's open, float64 (T, A); NaN: no roll."""
        return self.terms["roll"] if self.has_terms else np.full(self.bars.shape, np.nan)

    @cached_property
    def digest(self) -> str:
        """sha256 of the content (schema, instruments, currency, clock, bars, terms), hex; name and notes do not enter."""
        digest = hashlib.sha256(json.dumps(self._header(), sort_keys=True).encode())
        for array in (self.clock, self.bars, self.terms):
            digest.update(b"\0" + np.ascontiguousarray(array).view(np.uint8).data)
        return digest.hexdigest()

    def index_of(self, symbol: str) -> int:
        """Return the position of `symbol` on axis A; an unknown one raises `UnknownNameError` with a suggestion."""
        if symbol not in self.symbols:
            raise UnknownNameError("symbol", symbol, self.symbols, f"tape {self.name}")
        return self.symbols.index(symbol)

    def row_at(self, at: Instant) -> int:
        """Return the last row that is closed at `at` (ns, ISO text, date or time; naive is UTC): what can be known then.

        Raises:
            DataError: No row is closed yet.
        """
        row = int(np.searchsorted(self.close_at, to_ns(at), side="right")) - 1
        if row < 0:
            raise DataError(f"tape {self.name}: no row is closed at {iso(to_ns(at))}; the first closes at {iso(self.close_at[0])}")
        return row

    def row(self, row: int) -> Row:
        """Return row `row`, 0 <= row < T, as a stream would deliver it."""
        if not 0 <= row < self.n_rows:
            raise DataError(f"tape {self.name}: row must lie in [0, {self.n_rows}), was {row}")
        terms = self.terms[row] if self.has_terms else frozen(neutral_terms((self.n_assets,)))
        return Row(int(self.clock["open_at"][row]), int(self.clock["close_at"][row]), self.bars[row], terms)

    def slice(self, start: int, stop: int) -> "Tape":
        """Return rows [start, stop) without copying; `first_row` says where they lie in the whole tape.

        Raises:
            DataError: Not 0 <= start < stop <= T.
        """
        if not 0 <= start < stop <= self.n_rows:
            raise DataError(f"tape {self.name}: a slice needs 0 <= start < stop <= {self.n_rows}, was [{start}, {stop})")
        terms = self.terms[start:stop] if self.has_terms else self.terms
        clock, bars = self.clock[start:stop], self.bars[start:stop]
        return replace(self, clock=clock, bars=bars, terms=terms, first_row=self.first_row + start)

    def select(self, symbols: Sequence[str]) -> "Tape":
        """Return the tape of these assets, in this order.

        Raises:
            UnknownNameError: A symbol is not on the tape.
            DataError: There is no symbol, or one stands twice.
        """
        if isinstance(symbols, str):
            symbols = [symbols]
        if not symbols or len(set(symbols)) < len(symbols):
            raise DataError(f"tape {self.name}: select needs one or more different symbols, was {list(symbols)}")
        indices = [self.index_of(symbol) for symbol in symbols]
        instruments = tuple(self.instruments[index] for index in indices)
        bars, terms = (_copied(array[:, indices], array.dtype) for array in (self.bars, self.terms))
        return replace(self, instruments=instruments, bars=bars, terms=terms)

    def log_return(self) -> np.ndarray:
        """Return total log returns close to close, float64 (T, A), dimensionless.

        ln(split[t] (close[t] + dividend[t] - roll[t]) / close[t-1]): what a holder earned, dividends at their ex row. Where a
        continuous series passes to its next contract, the holder is moved at the price of the next one and earns only
        close[t] - roll[t] - close[t-1]: the gap between two contracts is no return. 0 in the first row, before an asset's
        first bar and where it cannot be traded. Row t uses rows <= t only.
        """
        close = self.close
        result = np.zeros(close.shape)
        known = (self.tradable[1:] == 1) & (close[:-1] > 0.0)
        worth = close[1:] + 0.0
        if self.has_terms:
            roll = self.roll[1:]
            worth = self.split[1:] * (worth + self.dividend[1:] - np.where(np.isnan(roll), 0.0, roll))
        np.log(np.divide(worth, close[:-1], out=np.ones_like(worth), where=known), out=result[1:])
        return result

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the tape into a new `folder`, whole or not at all, and return it.

        Raises:
            DataError: The folder exists and `overwrite` is False, or it cannot be written.
        """
        label = {"name": self.name, "notes": list(self.notes), "digest": self.digest}
        arrays = {"clock": self.clock, "bars": self.bars} | ({"terms": self.terms} if self.has_terms else {})
        return write_folder(Path(folder), {**label, **self._header()}, arrays, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, mmap: bool = True, verify: bool = False) -> "Tape":
        """Return the tape saved in `folder`.

        Args:
            folder: Where `save` wrote it.
            mmap: Map the arrays into memory instead of reading them, so that all processes of a machine share one copy.
            verify: Check the content against the stored digest and the contract.

        Raises:
            DataError: The folder is missing, unreadable or breaks the contract; ShapeError where its arrays do not fit.
            IntegrityError: The schema version is not ours, or the digest does not agree.
        """
        header, arrays = read_folder(Path(folder), {"clock": CLOCK, "bars": BAR, "terms": TERMS}, cls.schema_version, mmap=mmap)
        try:
            instruments = tuple(Instrument(**settings) for settings in header["instruments"])
            label = (header["name"], instruments, header["currency"])
            terms = arrays.get("terms", frozen(np.zeros((0, len(instruments)), TERMS)))
            tape = cls(*label, arrays["clock"], arrays["bars"], terms, header["close_only"], tuple(header["notes"]))
            digest: str = header["digest"]
        except (KeyError, TypeError) as error:
            raise DataError(f"{folder}: unreadable tape: {type(error).__name__}: {error}; import it again") from error
        check_shapes(tape)
        if verify:
            check_tape(tape)
            tape.verify(digest, str(folder))
        return tape

    def verify(self, digest: str, where: str = "") -> None:
        """Raise `IntegrityError` where the content has not this `digest`."""
        if self.digest != digest:
            place = where or f"tape {self.name}"
            raise IntegrityError(f"{place}: content has digest {self.digest[:12]}, expected {digest[:12]}; these are other data")

    def _header(self) -> dict[str, Any]:
        return {
            "schema_version": self.schema_version,
            "currency": self.currency,
            "close_only": self.close_only,
            "instruments": [asdict(instrument) for instrument in self.instruments],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self.clock, self.bars, self.terms):
            if array.flags.writeable:
                clear_padding(array)  # a deep copy leaves it undefined, and the digest reads it
                array.flags.writeable = False  # copies forget it, and compiled code is bound to it


def _mark_sessions(clock: np.ndarray, bars: np.ndarray, instruments: Sequence[Instrument]) -> None:
    # arrays that do not fit each other are left to `check_shapes`
    if bars.shape != (len(clock), len(instruments)):
        return
    bars.flags.writeable = True
    for calendar, columns in columns_by_calendar(instruments).items():
        opens, closes = session_edges(clock["open_at"], calendar)
        bars["opens"][:, columns], bars["closes"][:, columns] = opens[:, None], closes[:, None]
    frozen(bars)


def _copied(records: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    # field by field into zeros: padding bytes would else enter the digest
    records = np.asarray(records)
    result = np.zeros(records.shape, dtype)
    for name in dtype.names or ():
        if records.dtype.names is not None and name in records.dtype.names:
            result[name] = records[name]
    return frozen(result)
