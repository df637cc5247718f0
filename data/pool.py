"""A pool: several tapes one after the other, so that one environment plays on all of them."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..market.errors import DataError, UnknownNameError
from ..market.instrument import Instrument
from ..market.record import copied
from .record import frozen, neutral_terms
from .tape import Tape

__all__ = ["Pool", "pooled"]

COUNTS = ("quote_currency", "price_side")  # beside the records of the kernel: what makes prices of two instruments different things


@dataclass(frozen=True, eq=False)
class Pool:
    """Tapes that share one set of rules, as one tape whose time begins anew at every segment.

    Rows of `tape` are played inside a segment only; across its end neither prices nor times follow each other. What looks back
    (features, estimated spreads) is computed on each member alone.

    Attributes:
        tape: All rows; with one member that tape itself. Symbols are those of the first member.
        members: The tapes, S.
        segments: First row of each member on `tape` and the row after its last, read-only int64 (S, 2).
    """

    tape: Tape
    members: tuple[Tape, ...]
    segments: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the members, (S,)."""
        return tuple(member.name for member in self.members)

    @property
    def digest(self) -> str:
        """sha256 over the digests of the members, hex: their order counts, and where one ends; of one member its own."""
        if len(self.members) == 1:
            return self.members[0].digest
        return hashlib.sha256("\n".join(member.digest for member in self.members).encode()).hexdigest()

    def locate(self, row: int) -> tuple[int, int]:
        """Return the member of a row of `tape`, and the row there; DataError where it lies outside."""
        if not 0 <= row < self.tape.n_rows:
            raise DataError(f"pool {self.tape.name}: row must lie in [0, {self.tape.n_rows}), was {row}")
        member = int(np.searchsorted(self.segments[:, 0], row, side="right")) - 1
        return member, row - int(self.segments[member, 0])

    def member(self, name: str) -> int:
        """Return the place of the member `name`; UnknownNameError with a suggestion where there is none."""
        if name not in self.names:
            raise UnknownNameError("tape", name, self.names, f"pool {self.tape.name}")
        return self.names.index(name)

    def map(self, change: Callable[[Tape], Tape]) -> "Pool":
        """Return the pool of the changed members: `select`, `with_spread`, or whatever makes a tape of a tape."""
        return pooled([change(member) for member in self.members])


def pooled(tapes: Sequence[Tape], name: str | None = None) -> Pool:
    """Return the pool of `tapes`, in their order.

    One tape is not copied; several are, once, into arrays of their common size. Symbols may differ (a pool of stocks that are
    each traded alone); what the simulator reads of an instrument may not.

    Args:
        tapes: One or more, with as many assets each.
        name: Of the pool's tape; None: the names of its members, joined.

    Raises:
        DataError: There is none, or two do not go together; says in what, and the cure.
    """
    members = () if isinstance(tapes, Tape) else tuple(tapes)
    if not members or not all(isinstance(tape, Tape) for tape in members):
        none = "one alone, not in a list" if isinstance(tapes, Tape) else "none"
        kinds = ", ".join(type(tape).__name__ for tape in members) or none
        raise DataError(f"a pool needs one or more tapes, was {kinds}; open names with quantgym.data.catalog.open_tape")
    for tape in members[1:]:
        _check_alike(members[0], tape)
    lengths = np.array([tape.n_rows for tape in members])
    stops = np.cumsum(lengths)
    segments = frozen(np.stack([stops - lengths, stops], axis=1).astype(np.int64))
    if len(members) == 1:
        return Pool(members[0] if name is None else replace(members[0], name=name), members, segments)
    title = _title([tape.name for tape in members]) if name is None else name
    clock, bars = (frozen(copied(np.concatenate([getattr(tape, part) for tape in members]))) for part in ("clock", "bars"))
    notes = tuple(dict.fromkeys(note for tape in members for note in tape.notes))
    tape = replace(members[0], name=title, terms=_terms(members), notes=notes, first_row=0, clock=clock, bars=bars)
    return Pool(tape, members, segments)


def _terms(members: Sequence[Tape]) -> np.ndarray:
    if not any(tape.has_terms for tape in members):
        return members[0].terms
    return frozen(np.concatenate([tape.terms if tape.has_terms else neutral_terms(tape.bars.shape) for tape in members]))


def _title(names: Sequence[str]) -> str:
    first = ", ".join(names[:3])
    return first if len(names) <= 3 else f"{first} and {len(names) - 3} more"


def _check_alike(first: Tape, other: Tape) -> None:
    where = f"tapes {first.name} and {other.name} cannot share an environment"
    if first.n_assets != other.n_assets:
        raise DataError(f"{where}: they have {first.n_assets} and {other.n_assets} assets; select the same number of each "
                        "(Tape.select, or asset=)")
    if first.currency != other.currency:
        raise DataError(f"{where}: the account's currency is {first.currency} on one, {other.currency} on the other; build both "
                        "with the same currency")
    if first.close_only != other.close_only:
        raise DataError(f"{where}: one holds closes only, the other whole bars; pool tapes of one kind")
    for pair in zip(first.instruments, other.instruments, strict=True):
        _check_instruments(where, *pair)
    records = first.instrument_records, other.instrument_records
    for field in records[0].dtype.names or ():
        different = np.flatnonzero(records[0][field] != records[1][field])
        if len(different):
            at = int(different[0])
            ours, theirs = (float(record[field][at]) for record in records)
            raise DataError(f"{where}: {field} of asset {at} ({first.symbols[at]}, {other.symbols[at]}) is {ours:g} on one, "
                            f"{theirs:g} on the other; give both instruments the same {field}")


def _check_instruments(where: str, ours: Instrument, theirs: Instrument) -> None:
    for field in COUNTS:
        if getattr(ours, field) != getattr(theirs, field):
            raise DataError(f"{where}: {field} of {ours.symbol} is {getattr(ours, field)}, of {theirs.symbol} "
                            f"{getattr(theirs, field)}; pool instruments of one {field}")
