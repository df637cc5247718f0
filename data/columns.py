"""Recognising the columns of a table of bars: long or wide, one or many symbols, under the names that vendors use."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ..market.errors import ConfigError, DataError, did_you_mean
from .time_column import parse_times

__all__ = ["LongBars", "long_bars"]

PRICES = ("open", "high", "low", "close")
ALIASES: dict[str, tuple[str, ...]] = {
    "time": ("timestamp", "datetime", "date_time", "open_time", "time", "date", "day", "gmt_time", "local_time", "ts", "t", "unix",
             "unix_timestamp", "epoch", "index_level_0", "unnamed_0", "index", ""),
    "symbol": ("symbol", "ticker", "asset", "instrument", "sym", "pair", "code", "tic"),
    "open": ("open", "o", "open_price", "px_open"),
    "high": ("high", "h", "high_price", "max", "px_high"),
    "low": ("low", "l", "low_price", "min", "px_low"),
    "close": ("close", "c", "close_price", "last", "price", "px_last"),
    "volume": ("volume", "vol", "v", "tick_volume", "tickvol", "base_volume"),
    "adjusted": ("adj_close", "adjclose", "adjusted_close", "close_adj", "adjusted"),
    "bid": ("bid_close", "bid", "close_bid"),
    "ask": ("ask_close", "ask", "close_ask"),
    "sector": ("sector", "gics_sector"),
}  # fmt: skip
FIELDS = (*PRICES, "volume", "adjusted")  # that a wide table may have once an asset
EMPTY = ("", "nan", "null", "none", "n/a", "na", "-", "#n/a")


@dataclass(frozen=True, eq=False)
class LongBars:
    """One row a bar, as recorded.

    Attributes:
        symbol: Name of each row's asset, str (N,).
        at: Time stamp of each row, int64 ns UTC, (N,).
        columns: float64 (N,): the four prices, `volume` where there is one, `adjusted`, `bid`, `ask`; NaN where empty.
        sectors: Sector of each asset that has one.
        close_only: Only closes were recorded; the other prices repeat them.
    """

    symbol: np.ndarray
    at: np.ndarray
    columns: dict[str, np.ndarray]
    sectors: dict[str, str] = field(default_factory=dict)
    close_only: bool = False


def long_bars(
    frame: pl.DataFrame,
    where: str,
    *,
    symbol: str,
    columns: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    time_format: str | None = None,
) -> LongBars:
    """Return the bars of `frame`, whatever its shape.

    Long: one row a bar, with a column of symbols or without (one asset, named `symbol`). Wide: one row a time, a column for each
    asset and field, `AAPL_close` or `close_AAPL`; a cell whose four prices are empty holds no bar.

    Args:
        frame: The table as read; text columns are converted.
        where: Name of the file for messages.
        symbol: Name of the asset where the table does not say it.
        columns: Names in the table by field (`time`, `symbol`, `open`, ...), where they are unusual.
        timezone: Zone of naive times.
        time_format: Format of texts, where it is unusual.

    Raises:
        ConfigError: `columns` names an unknown field.
        DataError: Columns cannot be recognised, or hold what is no time or no number.
    """
    names = _recognised(frame.columns, where, columns or {})
    if "time" not in names:
        raise DataError(f"{where}: no column of times among {_listed(frame.columns)}; rename one to timestamp or pass columns")
    times = frame[names["time"]]
    clock = names.get("clock")
    if clock is not None:  # date and time of day in two columns
        times = pl.Series(times.name, [f"{day} {hour}" for day, hour in zip(times.cast(str), frame[clock].cast(str), strict=True)])
    at = parse_times(times, f"{where}: column {names['time']}", timezone=timezone, time_format=time_format)
    if "close" in names:
        return _long(frame, where, names, at, symbol)
    return _wide(frame, where, at, skip=set(names.values()))


def _recognised(found: Sequence[str], where: str, given: Mapping[str, str]) -> dict[str, str]:
    for key, name in given.items():
        if key not in ALIASES:
            raise ConfigError(f"unknown field {key!r} in columns{did_you_mean(key, ALIASES)}; known: {', '.join(ALIASES)}")
        if name not in found:
            raise DataError(f"{where}: no column {name!r}{did_you_mean(name, found)}; it has {_listed(found)}")
    plain = {_plain(name): name for name in reversed(found)}
    names = dict(given)
    for key, aliases in ALIASES.items():
        match = next((plain[alias] for alias in aliases if alias in plain), None)
        if match is not None:
            names.setdefault(key, match)
    if "time" not in given and "date" in plain and "time" in plain:
        names["time"], names["clock"] = plain["date"], plain["time"]
    return names


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"^\s*\d+\.\s*", "", name.lower())).strip("_")


def _long(frame: pl.DataFrame, where: str, names: Mapping[str, str], at: np.ndarray, symbol: str) -> LongBars:
    close_only = not any(name in names for name in ("open", "high", "low"))
    lacking = [name for name in PRICES if name not in names]
    if lacking and not close_only:
        missing = " and ".join(lacking)
        raise DataError(f"{where}: no column for {missing} among {_listed(frame.columns)}; pass columns or leave closes only")
    values = {name: _number(frame[names[name]], where) for name in (*FIELDS, "bid", "ask") if name in names}
    for name in lacking:
        values[name] = values["close"]
    if "symbol" not in names:
        return LongBars(np.full(len(at), symbol), at, values, close_only=close_only)
    symbols = frame[names["symbol"]].cast(pl.String)
    if symbols.null_count():
        row = int(symbols.is_null().arg_true()[0]) + 1
        raise DataError(f"{where}: {symbols.null_count()} rows have no symbol, first row {row}")
    sectors: dict[str, str] = {}
    if "sector" in names:
        pairs = pl.DataFrame({"symbol": symbols, "sector": frame[names["sector"]].cast(pl.String)}).drop_nulls()
        sectors = dict(pairs.unique("symbol", keep="first").iter_rows())
    return LongBars(symbols.to_numpy().astype(str), at, values, sectors, close_only)


def _wide(frame: pl.DataFrame, where: str, at: np.ndarray, skip: set[str]) -> LongBars:
    spellings = {alias: key for key in FIELDS for alias in ALIASES[key] if len(alias) > 1}
    assets: dict[str, dict[str, str]] = {}
    for name in frame.columns:
        for part in sorted(spellings, key=len, reverse=True):  # adj_close before close
            loose = part.replace("_", "[ _.]?")
            match = re.fullmatch(rf"(?:(?P<a>.+?)[ _.:/|-]{loose}|{loose}[ _.:/|-](?P<b>.+))", name.strip(), re.IGNORECASE)
            if match and name not in skip:
                assets.setdefault(match["a"] or match["b"], {})[spellings[part]] = name
                break
    if not assets or not all("close" in fields for fields in assets.values()):
        raise DataError(
            f"{where}: no bars recognised among {_listed(frame.columns)}; needs columns timestamp, open, high, low, close, volume "
            "(and symbol), or one set an asset such as AAPL_open, AAPL_close; pass columns for other names"
        )
    close_only = not any(name in fields for fields in assets.values() for name in ("open", "high", "low"))
    parts: list[tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]] = []
    every = [name for name in FIELDS if any(name in fields for fields in assets.values())]
    for asset, fields in assets.items():
        lacking = [name for name in PRICES if name not in fields]
        if lacking and not close_only:
            raise DataError(f"{where}: {asset} has no column for {' and '.join(lacking)}")
        values = {name: _number(frame[column], where) for name, column in fields.items()}
        values |= dict.fromkeys(lacking, values["close"])
        values |= {name: np.full(len(at), 0.0 if name == "volume" else np.nan) for name in every if name not in values}
        here = ~np.all([np.isnan(values[name]) for name in PRICES], axis=0)
        parts.append((np.full(int(here.sum()), asset), at[here], {name: column[here] for name, column in values.items()}))
    keys = parts[0][2].keys()
    columns = {key: np.concatenate([part[2][key] for part in parts]) for key in keys}
    symbols, times = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    return LongBars(symbols, times, columns, close_only=close_only)


def _number(column: pl.Series, where: str) -> np.ndarray:
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        empty = text.is_null() | text.str.to_lowercase().is_in(EMPTY)
        number = text.cast(pl.Float64, strict=False)
        wrong = number.is_null() & ~empty
        if wrong.any():
            row, count = int(wrong.arg_true()[0]), int(wrong.sum())
            what = f"{count} values that are no number, first {text[row]!r} in row {row + 1}"
            raise DataError(f"{where}: column {column.name} has {what}")
        column = number
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise DataError(f"{where}: column {column.name} must hold numbers, has type {column.dtype}")
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
