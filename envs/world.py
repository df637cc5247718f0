"""What an environment plays on: a tape, its features, and the rows that episodes may touch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data.pool import Pool, pooled
from ..data.spread import SPREAD_MODELS, with_spread
from ..data.tape import Tape
from ..encoders.table import FeatureTable
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError, ShapeError
from ..simulator.venue import venue_arrays
from .joined_table import joined_table

__all__ = ["Encode", "Features", "Rows", "Tapes", "World", "build_world", "only_asset", "pool_venue"]

Encode = Callable[[Tape], FeatureTable]
Tapes = Tape | str | Sequence[Tape | str]
Features = FeatureTable | Sequence[FeatureTable] | Encode | None
Stretch = tuple[int, int] | slice
Rows = Stretch | Sequence[tuple[int, int]] | Sequence[Stretch | Sequence[tuple[int, int]] | None] | None


@dataclass(frozen=True)
class World:
    """A tape, or a pool of tapes, and what is known about it.

    Attributes:
        tape: What is traded; its assets are those of the actions.
        table: Features of every row of `tape`.
        rows: First row and the row after the last that episodes may touch; or several such stretches, int64 (K, 2).
        encode: How features come from a tape, where that is known: the checker looks for lookahead with it.
        source: The tape before an asset was chosen, which `encode` reads, or the tapes of a pool; None where the environment
            draws its own paths.
        pool: The tapes that `tape` holds one after the other; None where it is one.
    """

    tape: Tape
    table: FeatureTable
    rows: tuple[int, int] | np.ndarray
    encode: Encode | None
    source: Tape | tuple[Tape, ...] | None
    pool: Pool | None = None

    @property
    def tapes(self) -> tuple[Tape, ...]:
        """Every tape that is traded: one, or those of the pool."""
        return (self.tape,) if self.pool is None else self.pool.members

    def arguments(self, tapes: Sequence[Tape] | None = None, values: np.ndarray | None = None) -> dict[str, Any]:
        """Return `tape` and `features` of a constructor, of what is traded.

        Args:
            tapes: To be played instead, as long as `self.tapes` and alike; None: those.
            values: Features of every row of `self.tape`, float32 (T, F); None: those of `table`.
        """
        given = self.tapes if tapes is None else tuple(tapes)
        table = self.table if values is None else replace(self.table, values=values)
        if self.pool is None:
            return {"tape": given[0], "features": table}
        return {"tape": given, "features": [table.slice(start, stop) for start, stop in self.pool.segments.tolist()]}


def build_world(
    tape: Tapes, features: Features, encode: Encode, rows: Rows, asset: str | None = None, *, one_asset: bool = False
) -> World:
    """Return the world of an environment's arguments.

    Args:
        tape: A tape, or the name of one in the catalogue; or several, of which each is encoded alone.
        features: A table of every row of the tape; or a function that makes one from a tape; or None: `encode`. Of several tapes:
            a table each, or one function.
        encode: The environment's own features.
        rows: Rows for episodes, (start, stop) or a slice, or several (start, stop) that do not overlap; None: all. Of several
            tapes: one of these each.
        asset: Trade this asset alone: tape and features are cut down to it.
        one_asset: One asset is traded; `asset` must say which where a tape has several.

    Raises:
        ConfigError: `features` or `rows` are of another kind.
        DataError: The rows do not lie on the tape, nothing can be traded in them, or a feature is not finite; or tapes do not go
            together.
        ShapeError: The features are not of this tape.
        UnknownNameError: No such tape or asset; carries a suggestion.
    """
    if not isinstance(tape, (Tape, str)):
        return _build_pool(tape, features, encode, rows, asset, one_asset)
    tape = _opened(tape)
    if not (features is None or isinstance(features, FeatureTable) or callable(features)):
        raise ConfigError("features must be a FeatureTable, a function from a tape to one, or None, was "
                          f"{type(features).__name__}")
    if one_asset:
        asset = only_asset(tape, asset)
    given = features if isinstance(features, FeatureTable) else (features or encode)(tape)
    if not isinstance(given, FeatureTable):
        raise ConfigError("features must be a FeatureTable, or a function from a tape to one; the function returned "
                          f"{type(given).__name__}")
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
    stretches = _stretches(rows, tape)
    if not any(tape.tradable[start:stop].any() for start, stop in stretches):
        where = ", ".join(f"[{start}, {stop})" for start, stop in stretches)
        raise DataError(f"tape {tape.name}: {', '.join(tape.symbols[:8])} cannot be traded in any of the rows {where}; "
                        "choose other rows or another asset")
    return World(tape, given, stretches[0] if len(stretches) == 1 else np.array(stretches, np.int64), known, source)


def _build_pool(tapes: Sequence[Tape | str], features: Features, encode: Encode, rows: Rows, asset: str | None, one: bool) -> World:
    if not isinstance(tapes, Sequence) or not tapes or not all(isinstance(tape, (Tape, str)) for tape in tapes):
        raise ConfigError(f"tape must be a Tape, the name of one, or a list of these, was {tapes!r}")
    n = len(tapes)
    each = [features] * n if features is None or callable(features) else features
    if isinstance(each, FeatureTable) or not isinstance(each, Sequence) or len(each) != n:
        raise ConfigError(f"features of {n} tapes must be a list of {n} tables, one function from a tape to a table, or None, was "
                          f"{type(features).__name__}{f' of {len(each)}' if isinstance(each, Sequence) else ''}")
    parts = [None] * n if rows is None else rows
    if isinstance(parts, slice) or not isinstance(parts, Sequence) or len(parts) != n or any(_is_row(part) for part in parts):
        raise ConfigError(f"rows of {n} tapes must be a list of {n}: for each tape (start, stop), a slice, several (start, stop), "
                          f"or None for all, was {rows!r}")
    worlds = [build_world(tape, table, encode, part, asset, one_asset=one)  # type: ignore[arg-type]
              for tape, table, part in zip(tapes, each, parts, strict=True)]
    pool = pooled([world.tape for world in worlds])
    table = joined_table([world.table for world in worlds], pool)
    begins = pool.segments[:, 0].tolist()
    stretches = np.concatenate([np.atleast_2d(world.rows) + start for world, start in zip(worlds, begins, strict=True)])
    return World(pool.tape, table, stretches, worlds[0].encode, tuple(_source(world) for world in worlds), pool)


def _source(world: World) -> Tape:
    assert isinstance(world.source, Tape)
    return world.source


def _opened(tape: Tape | str) -> Tape:
    if isinstance(tape, Tape):
        return tape
    from ..data.catalog import open_tape

    return open_tape(tape)


def pool_venue(world: World, costs: CostSettings) -> tuple[Tape, CostSettings]:
    """Return what a simulator plays: estimates of spreads look back on their own tape alone, fee schedules hold on every one.

    Raises: As `simulator.venue.venue_arrays`, of any tape of the pool.
    """
    if world.pool is None:
        return world.tape, costs
    for member in world.pool.members:  # a schedule is looked up by date, and the first row of a pool is not its earliest
        venue_arrays(member.slice(0, min(2, member.n_rows)), replace(costs, spread="fixed", funding="tape"))
    if costs.spread not in SPREAD_MODELS:
        return world.tape, costs
    estimated = world.pool.map(lambda member: with_spread(member, costs.spread, costs.spread_window))
    return estimated.tape, replace(costs, spread="tape")


def only_asset(tape: Tape, asset: str | None) -> str:
    """Return the asset to trade: `asset`, or the only one of the tape; ConfigError where the choice is open."""
    if asset is None and tape.n_assets > 1:
        names = ", ".join(tape.symbols[:8]) + (", ..." if tape.n_assets > 8 else "")
        raise ConfigError(f"asset must say which of the {tape.n_assets} assets of tape {tape.name} is traded: {names}")
    return tape.symbols[0] if asset is None else asset


def _is_row(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _stretches(rows: Any, tape: Tape) -> list[tuple[int, int]]:
    if rows is None:
        return [(0, tape.n_rows)]
    if isinstance(rows, slice):
        start, stop, step = rows.indices(tape.n_rows)
        if step != 1 or (rows.stop is not None and rows.stop > tape.n_rows):
            raise DataError(f"rows must be consecutive rows of tape {tape.name}, 0 to {tape.n_rows}, was {rows}")
        stretches = [(start, stop)]
    else:
        several = rows if isinstance(rows, Sequence) and rows and not any(_is_row(row) for row in rows) else [rows]
        for pair in several:
            if not (isinstance(pair, Sequence) and len(pair) == 2 and all(_is_row(row) for row in pair)):
                raise ConfigError(f"rows must be (start, stop), two ints, or a slice, was {rows!r}; several are a list of "
                                  "(start, stop)")
        stretches = sorted((int(start), int(stop)) for start, stop in several)
    for start, stop in stretches:
        if not 0 <= start < stop <= tape.n_rows:
            raise DataError(f"rows must satisfy 0 <= start < stop <= {tape.n_rows} (tape {tape.name}), was ({start}, {stop})")
    return stretches
