"""The features of a pool: every member encoded alone, then one after the other."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..data.pool import Pool
from ..encoders.table import FeatureTable
from ..market.errors import ConfigError, ShapeError

__all__ = ["joined_table"]


def joined_table(tables: Sequence[FeatureTable], pool: Pool) -> FeatureTable:
    """Return the features of every row of a pool.

    Args:
        tables: One of each member, of every row of it. Symbols may differ between members, as they may in the pool.
        pool: Whose members they are.

    Returns:
        The table itself where there is one; else float32 (T, F) with the symbols of the first member and the longest warm-up.

    Raises:
        ConfigError: There is not one table a member, or two layouts differ in more than their symbols.
        ShapeError: A table has not a row for each row of its tape.
    """
    if len(tables) != len(pool.members) or not all(isinstance(table, FeatureTable) for table in tables):
        kinds = ", ".join(sorted({type(table).__name__ for table in tables})) or "nothing"
        raise ConfigError(f"features of a pool must be one FeatureTable for each of its {len(pool.members)} tapes, or one function "
                          f"from a tape to a table, were {len(tables)} of {kinds}")
    first = tables[0].layout
    for table, name, (start, stop) in zip(tables, pool.names, pool.segments.tolist(), strict=True):
        if table.n_rows != stop - start:
            raise ShapeError(f"features must have a row for each of the {stop - start} rows of tape {name}, had {table.n_rows}")
        if replace(table.layout, assets=first.assets, warmup=first.warmup) != first:
            ours, theirs = set(first.names), set(replace(table.layout, assets=first.assets).names)
            odd = ", ".join(sorted(ours ^ theirs)[:5])
            raise ConfigError(f"features of tapes {pool.names[0]} and {name} differ in {odd or 'units, bounds or order'}; encode "
                              "all tapes of a pool by one encoder")
    if len(tables) == 1:
        return tables[0]
    layout = replace(first, warmup=max(table.layout.warmup for table in tables))
    return FeatureTable(np.concatenate([table.values for table in tables]), layout, pool.digest)
