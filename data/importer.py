"""A user's Parquet or CSV file of bars becomes a tape."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from ..market.errors import ConfigError, DataError
from ..market.instrument import Instrument, PriceSide
from .align import Aligned, align
from .calendar import Stamp, bar_clock, guessed_calendar
from .columns import LongBars, long_bars
from .corporate import DividendBase, check_base, derive_actions, resolution_of
from .fault import Fault, FaultKind
from .ordering import in_order
from .record import carried, term_records
from .sanity import Policy, check_policy, clean, find_faults, refuse, summary
from .table_file import read_table
from .tape import Tape
from .timeframe import common_step, parse_timeframe, timeframe_text

__all__ = ["import_file", "inspect_file"]

FRACTION_LOT = 1e-6  # of assets whose volumes are not whole numbers


@dataclass(frozen=True, eq=False)
class _Recorded:
    bars: LongBars
    aligned: Aligned
    clock: np.ndarray
    calendar: str
    step_ns: int
    faults: list[Fault]


def import_file(
    path: str | Path,
    name: str | None = None,
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    policy: Policy = "refuse",
    calendar: str | None = None,
    timezone: str = "UTC",
    time_format: str | None = None,
    stamp: Stamp = "open",
    columns: Mapping[str, str] | None = None,
    currency: str = "USD",
    price_side: PriceSide = "trade",
    dividend_base: DividendBase = "previous",
    lot: float | None = None,
    tick: float | None = None,
) -> Tape:
    """Return the tape of a file of bars; nothing is saved (`catalog.save_tape`).

    Adjusted closes, where the file has them, give splits and dividends; bid and ask give the spread. A bar without volume cannot
    be traded, where its asset has volumes at all. What was found and done stands in the tape's notes.

    Args:
        path: Parquet or CSV; long or wide, one or many symbols (`columns.long_bars`).
        name: Name of the tape; None: the file's.
        symbol: Name of the asset where the file does not say it; None: the file's.
        timeframe: Length of a bar (`1h`); None: the most common step.
        policy: What becomes of faults. `refuse`: one error. `mask`: a faulty bar counts as not recorded. `drop`: its row goes,
            for every asset. With the last two, rows are put in order, and duplicates that differ count as not recorded.
        calendar: `24/7`, `24/5` or `XNYS`; None: 24/7 where there are bars on Saturdays, else 24/5. Daily bars on XNYS open and
            close with its sessions.
        timezone: Zone of naive times.
        time_format: Format of times written as text, where it is unusual.
        stamp: Whether a bar is stamped with its open or its close.
        columns: Names in the file by field, where they are unusual.
        currency: Quote and account currency.
        price_side: What the prices are.
        dividend_base: How adjusted closes were adjusted for dividends (`corporate.derive_actions`).
        lot: Quantity step; None: 1, or 1e-6 where volumes are fractions.
        tick: Price step; None: the decimals that the closes use.

    Raises:
        ConfigError: An option is wrong.
        DataError: The file is missing, unreadable or not recognised, or has faults that the policy refuses.
    """
    check_base(dividend_base)
    path = Path(path)
    found = _recorded(path, policy, symbol, timeframe, calendar, timezone, time_format, stamp, columns)
    faults, aligned = found.faults, found.aligned
    recorded, keep = clean(path.name, aligned.bars, aligned.symbols, aligned.recorded, faults, policy)
    if not recorded[keep].any():
        raise DataError(f"{path.name}: no bar is left after cleaning: {'; '.join(summary(faults))}")
    extras = {key: column[keep] for key, column in aligned.extras.items()}
    aligned = replace(aligned, at=aligned.at[keep], bars=aligned.bars[keep], recorded=recorded[keep], extras=extras)
    clock = found.clock[keep]
    terms, contradictions = _terms(aligned, clock, dividend_base)
    if policy == "refuse":
        refuse(path.name, contradictions)
    instruments = [
        _instrument(aligned, asset, calendar=found.calendar, quote_currency=currency, price_side=price_side, lot=lot, tick=tick,
                    sector=found.bars.sectors.get(aligned.symbols[asset]))
        for asset in range(len(aligned.symbols))
    ]  # fmt: skip
    origin = f"imported from {path.name}, timeframe {timeframe_text(found.step_ns)}, policy {policy}"
    notes = (origin, *summary([*faults, *contradictions]))
    bars, close_only = carried(aligned.bars, aligned.recorded), found.bars.close_only
    return Tape.build(name or _stem(path), instruments, clock, bars, terms, currency=currency, close_only=close_only, notes=notes)


def inspect_file(
    path: str | Path,
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    calendar: str | None = None,
    timezone: str = "UTC",
    time_format: str | None = None,
    stamp: Stamp = "open",
    columns: Mapping[str, str] | None = None,
) -> list[Fault]:
    """Return every fault of a file of bars, whatever `import_file` would do about it; the arguments and errors are the same."""
    return _recorded(Path(path), "mask", symbol, timeframe, calendar, timezone, time_format, stamp, columns).faults


def _recorded(
    path: Path,
    policy: Policy,
    symbol: str | None,
    timeframe: str | None,
    calendar: str | None,
    timezone: str,
    time_format: str | None,
    stamp: Stamp,
    columns: Mapping[str, str] | None,
) -> _Recorded:
    check_policy(policy)
    if stamp not in get_args(Stamp):
        raise ConfigError(f"stamp must be one of {', '.join(get_args(Stamp))}, was {stamp!r}")
    read = long_bars(
        read_table(path), path.name, symbol=symbol or _stem(path), columns=columns, timezone=timezone, time_format=time_format
    )
    bars, faults = in_order(read, path.name, policy)
    step_ns = common_step(bars.symbol, bars.at, path.name) if timeframe is None else parse_timeframe(timeframe)
    aligned = align(bars.symbol, bars.at, bars.columns)
    volume = aligned.bars["volume"]
    volume[:, np.isnan(volume).any(axis=0) & ~(volume > 0).any(axis=0)] = 0.0  # no volume at all is unknown, not faulty
    known = calendar or guessed_calendar(aligned.at)
    clock = bar_clock(aligned.at, step_ns, known, stamp)
    # a guessed 24/5 may be any exchange: its missing rows would be noise
    expected_step = step_ns if calendar or known == "24/7" else 0
    faults += find_faults(clock, aligned.bars, aligned.symbols, aligned.recorded, calendar=known, step_ns=expected_step)
    return _Recorded(bars, aligned, clock, known, step_ns, faults)


def _terms(aligned: Aligned, clock: np.ndarray, base: DividendBase) -> tuple[np.ndarray | None, list[Fault]]:
    shape = aligned.bars.shape
    split, dividend, spread = np.ones(shape), np.zeros(shape), np.full(shape, np.nan)
    faults = []
    for asset, symbol in enumerate(aligned.symbols):
        rows = np.flatnonzero(aligned.recorded[:, asset])
        adjusted = aligned.extras["adjusted"][rows, asset] if "adjusted" in aligned.extras else np.zeros(0)
        if not (adjusted > 0.0).any():
            continue
        wrong = rows[~(np.isfinite(adjusted) & (adjusted > 0.0))]
        if not len(wrong):
            actions = derive_actions(aligned.bars["close"][rows, asset], adjusted, base)
            split[rows, asset], dividend[rows, asset] = actions.split, actions.dividend
            wrong = rows[actions.contradictions]
        if len(wrong):
            faults.append(Fault(FaultKind.FACTOR, symbol, wrong, int(clock["open_at"][wrong[0]])))
    if "bid" in aligned.extras and "ask" in aligned.extras:
        bid, ask = aligned.extras["bid"], aligned.extras["ask"]
        with np.errstate(invalid="ignore"):
            quoted = aligned.recorded & (bid > 0.0) & (ask >= bid)
        spread[quoted] = ((ask - bid) / (0.5 * (ask + bid)))[quoted]
    if (split == 1.0).all() and not dividend.any() and np.isnan(spread).all():
        return None, faults
    return term_records(shape, split=split, dividend=dividend, spread=spread), faults


def _instrument(
    aligned: Aligned,
    asset: int,
    *,
    calendar: str,
    quote_currency: str,
    price_side: PriceSide,
    lot: float | None,
    tick: float | None,
    sector: str | None,
) -> Instrument:
    rows = aligned.recorded[:, asset]
    close, volume = aligned.bars["close"][rows, asset], aligned.bars["volume"][rows, asset]
    whole = bool((volume == np.round(volume)).all())
    # seven digits where the decimals do not tell: prices that were adjusted, or stored in 32 bits
    fallback = 10.0 ** (np.floor(np.log10(np.median(close))) - 6) if len(close) else 0.01
    return Instrument(
        symbol=aligned.symbols[asset],
        tick=tick if tick is not None else (resolution_of(close) or fallback),
        lot=lot if lot is not None else (1.0 if whole else FRACTION_LOT),
        quote_currency=quote_currency,
        calendar=calendar,
        volume_unit=1.0 if volume.any() else None,
        price_side=price_side,
        sector=sector,
    )


def _stem(path: Path) -> str:
    return path.name.split(".")[0]
