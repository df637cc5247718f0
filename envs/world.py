"""What an environment plays on: a tape, its features, and the rows that episodes may touch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.tape import Tape
from ..encoders.table import FeatureTable
from ..market.errors import ConfigError, DataError, ShapeError

__all__ = ["Encode", "Features", "Rows", "World", "build_world"]

Encode = Callable[[Tape], FeatureTable]
Features = FeatureTable | Encode | None
Rows = tuple[int, int] | slice | None


@dataclass(frozen=True)
class World:
    """A tape and what is known about it.

    Attributes:
        tape: What is traded; its assets are those of the actions.
        table: Features of every row of `tape`.
        rows: First row and the row after the last that episodes may touch.
        encode: How features come from a tape, where that is known: the checker looks for lookahead with it.
        source: The tape before an asset was chosen, which `encode` reads; None where the environment draws its own paths.
    """

    tape: Tape
    table: FeatureTable
    rows: tuple[int, int]
    encode: Encode | None
    source: Tape | None


def build_world(tape: Tape | str, features: Features, encode: Encode, rows: Rows, asset: str | None = None) -> World:
    """Return the world of an environment's arguments.

    Args:
        tape: A tape, or the name of one in the catalogue.
        features: A table of every row of the tape; or a function that makes one from a tape; or None: `encode`.
        encode: The environment's own features.
        rows: Rows for episodes, (start, stop) or a slice; None: all.
        asset: Trade this asset alone: tape and features are cut down to it.

    Raises:
        ConfigError: `features` or `rows` are of another kind.
        DataError: The rows do not lie on the tape, nothing can be traded in them, or a feature is not finite.
        ShapeError: The features are not of this tape.
        UnknownNameError: No such tape or asset; carries a suggestion.
    """
    if isinstance(tape, str):
        from ..data.catalog import open_tape

        tape = open_tape(tape)
    if not (features is None or isinstance(features, FeatureTable) or callable(features)):
        raise ConfigError("features must be a FeatureTable, a function from a tape to one, or None, was "
                          f"{type(features).__name__}")
    given = features if isinstance(features, FeatureTable) else (features or encode)(tape)
    if given.n_rows != tape.n_rows:
        raise ShapeError(f"features must have a row for each of the {tape.n_rows} rows of tape {tape.name}, had {given.n_rows}")
    source = tape
    if asset is not None:
        tape = tape.select([asset])
        if given.layout.assets != (asset,):
            given = given.for_asset(asset)
    if given.layout.assets != tape.symbols:
        raise ShapeError(f"features must be of the assets {', '.join(tape.symbols)} of tape {tape.name}, in this order, were of "
                         f"{', '.join(given.layout.assets)}")
    wrong = np.flatnonzero(~np.isfinite(given.values).all(axis=1))
    if len(wrong):
        raise DataError(f"features must be finite: {len(wrong)} rows of tape {tape.name} are not, first row {wrong[0]}")
    known = None if isinstance(features, FeatureTable) else (features or encode)
    start, stop = _checked_rows(rows, tape)
    if not tape.tradable[start:stop].any():
        raise DataError(f"tape {tape.name}: {', '.join(tape.symbols[:8])} cannot be traded in any of the rows [{start}, {stop}); "
                        "choose other rows or another asset")
    return World(tape, given, (start, stop), known, source)


def only_asset(tape: Tape, asset: str | None) -> str:
    """Return the asset to trade: `asset`, or the only one of the tape; ConfigError where the choice is open."""
    if asset is None and tape.n_assets > 1:
        names = ", ".join(tape.symbols[:8]) + (", ..." if tape.n_assets > 8 else "")
        raise ConfigError(f"asset must say which of the {tape.n_assets} assets of tape {tape.name} is traded: {names}")
    return tape.symbols[0] if asset is None else asset


def _checked_rows(rows: Rows, tape: Tape) -> tuple[int, int]:
    if rows is None:
        return 0, tape.n_rows
    if isinstance(rows, slice):
        start, stop, step = rows.indices(tape.n_rows)
        if step != 1 or (rows.stop is not None and rows.stop > tape.n_rows):
            raise DataError(f"rows must be consecutive rows of tape {tape.name}, 0 to {tape.n_rows}, was {rows}")
    else:
        if not (isinstance(rows, Sequence) and len(rows) == 2 and all(isinstance(row, (int, np.integer)) for row in rows)):
            raise ConfigError(f"rows must be (start, stop), two ints, or a slice, was {rows!r}")
        start, stop = int(rows[0]), int(rows[1])
    if not 0 <= start < stop <= tape.n_rows:
        raise DataError(f"rows must satisfy 0 <= start < stop <= {tape.n_rows} (tape {tape.name}), was ({start}, {stop})")
    return start, stop
