"""Rows of bars in order: asset by asset rising in time, one row a time."""

import numpy as np

from .columns import LongBars
from .fault import Fault, FaultKind
from .sanity import Policy, refuse

__all__ = ["in_order"]


def in_order(bars: LongBars, where: str, policy: Policy) -> tuple[LongBars, list[Fault]]:
    """Return `bars` sorted by asset and time, and what was wrong with their order.

    Of rows that share asset and time one is kept where all are equal, none where they differ. Order is judged as the file has
    it, asset by asset.

    Args:
        bars: Bars as recorded.
        where: Name of the file for messages.
        policy: `refuse` raises `DataError` where rows are unsorted or duplicated.
    """
    names, asset = np.unique(bars.symbol, return_inverse=True)
    as_found = np.argsort(asset, kind="stable")
    fallen = as_found[1:][(np.diff(asset[as_found]) == 0) & (np.diff(bars.at[as_found]) < 0)]
    by_time = np.lexsort((bars.at, asset))
    twin = np.concatenate([[False], (np.diff(asset[by_time]) == 0) & (np.diff(bars.at[by_time]) == 0)])
    faults = []
    for kind, rows in ((FaultKind.UNSORTED, fallen), (FaultKind.DUPLICATE, by_time[twin])):
        for index in np.unique(asset[rows]):
            own = np.sort(rows[asset[rows] == index])
            faults.append(Fault(kind, str(names[index]), own, int(bars.at[own[0]]), f"row {own[0] + 1} of the file"))
    if policy == "refuse":
        refuse(where, faults)
    differs = np.zeros(len(by_time), bool)
    for column in bars.columns.values():
        value = column[by_time]
        differs[1:] |= twin[1:] & (value[1:] != value[:-1]) & ~(np.isnan(value[1:]) & np.isnan(value[:-1]))
    group = np.cumsum(~twin) - 1
    torn = np.bincount(group, weights=differs) > 0
    kept = by_time[~twin & ~torn[group]]
    columns = {name: column[kept] for name, column in bars.columns.items()}
    return LongBars(bars.symbol[kept], bars.at[kept], columns, bars.sectors, bars.close_only), faults
