"""Faults of recorded bars: finding them, then refusing, masking or dropping what is faulty."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

import numpy as np

from ..market.errors import ConfigError, DataError
from .calendar import missing_rows
from .fault import Fault, FaultKind
from .instant import iso

__all__ = ["Policy", "check_policy", "clean", "clock_faults", "find_faults", "price_faults", "refuse", "summary"]

Policy = Literal["refuse", "mask", "drop"]

# new units per old one that companies do use
WHOLE = (2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 50)
SPLIT_RATIOS = np.array(sorted({1.25, 4 / 3, 1.5, *WHOLE} | {1.0 / n for n in WHOLE}))
JUMP = np.log(1.3)  # smaller moves happen overnight; 5:4 splits stay undetected without adjusted closes
NEAR = 0.06  # |log| distance from a ratio: the market moves on the day of a split as well


def find_faults(
    clock: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray, *, calendar: str = "24/7", step_ns: int = 0
) -> list[Fault]:
    """Return every fault of aligned bars, the breaking kinds first.

    Args:
        clock: CLOCK records, (T,).
        bars: BAR records as recorded, (T, A).
        symbols: A names.
        recorded: True where there is a bar, bool (T, A).
        calendar: Calendar that says which rows are missing.
        step_ns: Length of a bar; 0: rows are not looked for.
    """
    faults = clock_faults(clock) + price_faults(clock["open_at"], bars, symbols, recorded)
    traded = (bars["volume"] > 0).any(axis=0)  # an asset without any volume has none recorded: nothing to say
    still = recorded & (bars["volume"] == 0) & traded
    faults += [_fault(FaultKind.NO_VOLUME, symbols[asset], np.flatnonzero(still[:, asset]), clock) for asset in _columns(still)]
    faults += jump_faults(clock, bars, symbols, recorded)
    listed = np.maximum.accumulate(recorded) & np.maximum.accumulate(recorded[::-1])[::-1]
    holes = listed & ~recorded
    faults += [_fault(FaultKind.HOLE, symbols[asset], np.flatnonzero(holes[:, asset]), clock) for asset in _columns(holes)]
    if step_ns:
        missing = missing_rows(clock["open_at"], step_ns, calendar)
        if len(missing):
            days = ", ".join(iso(at) for at in missing[:8])
            faults.append(Fault(FaultKind.GAP, "", missing, int(missing[0]), days + (", ..." if len(missing) > 8 else "")))
    return faults


def clock_faults(clock: np.ndarray) -> list[Fault]:
    """Return what is wrong with CLOCK records (T,): order, duplicates, bars that reach into the next."""
    open_at, close_at = clock["open_at"], clock["close_at"]
    step = np.diff(open_at)
    overlap = close_at <= open_at
    overlap[:-1] |= (close_at[:-1] > open_at[1:]) & (step > 0)
    found = [
        (FaultKind.UNSORTED, np.flatnonzero(step < 0) + 1),
        (FaultKind.DUPLICATE, np.flatnonzero(step == 0) + 1),
        (FaultKind.OVERLAP, np.flatnonzero(overlap)),
    ]
    return [_fault(kind, "", rows, clock) for kind, rows in found if len(rows)]


def price_faults(open_at: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray) -> list[Fault]:
    """Return the contract's price and volume faults in the `recorded` cells (bool, (T, A)) of BAR records (T, A)."""
    return list(_price_faults(open_at, bars, symbols, recorded))


def jump_faults(clock: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray) -> list[Fault]:
    """Return moves of 30 % or more (up; 23 % down) from a close to the next recorded open; the detail tells of the first."""
    faults = []
    for asset in range(bars.shape[1]):
        rows = np.flatnonzero(recorded[:, asset])
        close, opened = bars["close"][rows[:-1], asset], bars["open"][rows[1:], asset]
        with np.errstate(all="ignore"):
            move = np.nan_to_num(np.log(close / opened))  # log of new units per old one, were it a split
        hits = np.flatnonzero(np.abs(move) >= JUMP)
        if len(hits):
            first = hits[0]
            distance = np.abs(move[first] - np.log(SPLIT_RATIOS))
            near = distance.min() <= NEAR
            reason = f"like a split into {SPLIT_RATIOS[distance.argmin()]:.4g}" if near else "like no usual split"
            detail = f"{close[first]:g} to {opened[first]:g}, {reason}"
            faults.append(_fault(FaultKind.JUMP, symbols[asset], rows[hits + 1], clock, detail))
    return faults


def refuse(where: str, faults: Iterable[Fault]) -> None:
    """Raise `DataError` that tells of all breaking faults: how many of each kind, where the first one is, and the cure."""
    breaking = [fault for fault in faults if fault.kind.breaking]
    if breaking:
        raise DataError(f"{where}: {'; '.join(summary(breaking))}; repair the data or clean them (policy mask or drop)")


def summary(faults: Sequence[Fault]) -> list[str]:
    """Return one line a kind: the total, in how many assets, and the first fault."""
    lines = []
    for kind in FaultKind:
        same = [fault for fault in faults if fault.kind is kind]
        if not same:
            continue
        first = min(same, key=lambda fault: fault.first_at)
        total = sum(fault.count for fault in same)
        spread = f" in {len(same)} assets" if len(same) > 1 else ""
        detail = f" ({first.detail})" if first.detail else ""
        place = f"{first.symbol} at {iso(first.first_at)}".lstrip()
        lines.append(f"{total} {kind.value}{spread}, first {place}{detail}")
    return lines


def clean(
    where: str, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray, faults: Sequence[Fault], policy: Policy
) -> tuple[np.ndarray, np.ndarray]:
    """Apply `policy` to faults of prices and volumes.

    Args:
        where: Name of the data for messages.
        bars: BAR records as recorded, (T, A).
        symbols: A names.
        recorded: True where there is a bar, bool (T, A).
        faults: What `find_faults` found.
        policy: `refuse`: raise; `mask`: the bar counts as not recorded; `drop`: its row leaves the tape, for every asset.

    Returns:
        recorded, bool (T, A), without what is not to be used: faulty bars, and bars without volume, in which nothing can have
        been filled; and keep, bool (T,): rows that stay.

    Raises:
        DataError: There are breaking faults and the policy is `refuse`.
    """
    check_policy(policy)
    if policy == "refuse":
        refuse(where, faults)
    recorded, keep = recorded.copy(), np.ones(len(bars), bool)
    for fault in faults:
        if fault.kind in (FaultKind.JUMP, FaultKind.GAP, FaultKind.HOLE, FaultKind.UNSORTED, FaultKind.DUPLICATE):
            continue  # nothing to mask, or already put in order (`ordering.in_order`)
        if fault.kind is FaultKind.OVERLAP:
            raise DataError(f"{where}: {fault}; give every bar its own time")
        recorded[fault.rows, list(symbols).index(fault.symbol)] = False
        if policy == "drop" and fault.kind.breaking:
            keep[fault.rows] = False
    return recorded, keep


def check_policy(policy: str) -> None:
    """Raise `ConfigError` where `policy` is none."""
    if policy not in get_args(Policy):
        raise ConfigError(f"policy must be one of {', '.join(get_args(Policy))}, was {policy!r}")


def _price_faults(open_at: np.ndarray, bars: np.ndarray, symbols: Sequence[str], recorded: np.ndarray) -> Iterator[Fault]:
    o, h, l, c, v = (bars[name] for name in ("open", "high", "low", "close", "volume"))  # noqa: E741
    finite = np.isfinite(o) & np.isfinite(h) & np.isfinite(l) & np.isfinite(c)
    positive = finite & (o > 0.0) & (h > 0.0) & (l > 0.0) & (c > 0.0)
    ordered = (l <= o) & (l <= c) & (o <= h) & (c <= h)
    masks = {
        FaultKind.MISSING_PRICE: recorded & ~finite,
        FaultKind.NOT_POSITIVE: recorded & finite & ~positive,
        FaultKind.OHLC: recorded & positive & ~ordered,
        FaultKind.BAD_VOLUME: recorded & ~(np.isfinite(v) & (v >= 0.0)),
    }
    for kind, mask in masks.items():
        for asset in _columns(mask):
            rows = np.flatnonzero(mask[:, asset])
            bar = bars[rows[0], asset]
            names = ("volume",) if kind is FaultKind.BAD_VOLUME else ("open", "high", "low", "close")
            detail = " ".join(f"{name} {bar[name]:g}" for name in names)
            yield Fault(kind, symbols[asset], rows, int(open_at[rows[0]]), detail)


def _columns(mask: np.ndarray) -> list[int]:
    found: list[int] = np.flatnonzero(mask.any(axis=0)).tolist()
    return found


def _fault(kind: FaultKind, symbol: str, rows: np.ndarray, clock: np.ndarray, detail: str = "") -> Fault:
    return Fault(kind, symbol, rows, int(clock["open_at"][rows[0]]), detail)
