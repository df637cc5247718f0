"""The venue of a tape under given costs: what kernels read, and a refusal where the tape has not what a cost model needs."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from ..data.spread import SPREAD_MODELS, with_spread
from ..data.tape import Tape
from ..market.bar import CLOCK
from ..market.brackets import bracket_records
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError, UnknownNameError
from ..market.fees.registry import fee_schedule
from ..market.fees.schedule import tariff_records
from ..market.instrument import instrument_records
from ..market.record import copied
from .arrays import TapeArrays

__all__ = ["check_counts", "check_market", "venue_arrays"]

V = TypeVar("V")


def check_market(tape: object, costs: object) -> None:
    """Refuse what is no tape, or no settings of costs.

    Raises:
        ConfigError: One of the two is something else.
    """
    if not isinstance(tape, Tape):
        raise ConfigError(f"simulator.tape must be a Tape, was {type(tape).__name__}; open it with data.catalog.open_tape")
    if not isinstance(costs, CostSettings):
        raise ConfigError(f"simulator.costs must be CostSettings, was {type(costs).__name__}; write CostSettings(fee_rate=...)")


def check_counts(**counts: int) -> None:
    """Refuse a count of a simulator that is no whole number, or less than 1 (of `max_tickets`: than 0).

    Raises:
        ConfigError: Names it.
    """
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise ConfigError(f"simulator.{name} must be a whole number, was {value!r}")
        least = 0 if name == "max_tickets" else 1
        if value < least:
            raise ConfigError(f"simulator.{name} must be at least {least}, was {value}")


def venue_arrays(tape: Tape, costs: CostSettings) -> TapeArrays:
    """Return the tape as kernels read it: read-only, with fees, brackets, liquidity and spreads of `costs`.

    Raises:
        DataError: The tape is too short or has not what a model needs: a volume unit, highs and lows, a funding rate, a first
            row inside the fee schedule, the account's currency where brackets count.
        ConfigError: A setting by symbol leaves out an asset of the tape; UnknownNameError where it names one that is not there.
    """
    _check(tape, costs)
    if costs.spread in SPREAD_MODELS:
        tape = with_spread(tape, costs.spread, costs.spread_window)
    terms, bars, clock = tape.terms, tape.bars, tape.clock
    if costs.spread == "fixed" and tape.has_terms and not np.isnan(terms["spread"]).all():
        terms = copied(terms)
        terms["spread"] = np.nan
    if tape.close_only:
        bars, clock = closes_of(bars), closing_clock(clock)
    instruments = instrument_records(tape.instruments)
    if costs.impact != "square_root":
        instruments["liquidity"] = by_symbol(tape, "impact_volume", costs.impact_volume)
    tariff = _tariff(tape, costs, instruments)
    leverage = costs.max_leverage if costs.brackets is not None else 0.0
    brackets, first, count = bracket_records(costs.brackets, tape.instruments, leverage)
    instruments["bracket_first"], instruments["bracket_count"] = first, count
    _check_currency(tape, count)
    return TapeArrays(*(frozen(array) for array in (bars, terms, clock, instruments, tariff, brackets)))


def by_symbol(tape: Tape, name: str, setting: "V | Mapping[str, V]") -> "list[V]":
    """Return the value of a setting for each asset of the tape, (A,): one for all, or one by symbol.

    Raises:
        UnknownNameError: A symbol is not on the tape.
        ConfigError: An asset of the tape has no value.
    """
    if not isinstance(setting, Mapping):
        return [setting] * tape.n_assets
    for symbol in setting:
        if symbol not in tape.symbols:
            raise UnknownNameError("symbol", symbol, tape.symbols, f"costs.{name} on tape {tape.name}")
    missing = [symbol for symbol in tape.symbols if symbol not in setting]
    if missing:
        raise ConfigError(f"costs.{name} must name every asset of tape {tape.name}, {', '.join(missing[:5])} has no value")
    return [setting[symbol] for symbol in tape.symbols]


def _check(tape: Tape, costs: CostSettings) -> None:
    if tape.n_rows < 2:
        raise DataError(f"{tape.name}: a simulator needs 2 rows, a decision and a bar after it; the tape has {tape.n_rows}")
    unknown = [instrument.symbol for instrument in tape.instruments if instrument.volume_unit is None]
    if costs.participation is not None and unknown:
        raise DataError(
            f"{tape.name}: costs.participation needs a volume unit, {', '.join(unknown[:5])} has none; "
            "set instrument.volume_unit or leave participation null"
        )
    if costs.spread in SPREAD_MODELS and tape.close_only:
        raise DataError(
            f"{tape.name}: costs.spread {costs.spread} needs highs and lows, the tape has closes only; choose tape or fixed"
        )
    if costs.funding == "required":
        paid = (tape.terms["funding_rate"] != 0.0).any(axis=0) if tape.has_terms else np.zeros(tape.n_assets, np.bool_)
        without = [symbol for symbol, known in zip(tape.symbols, paid, strict=True) if not known]
        if without:
            raise DataError(
                f"{tape.name}: costs.funding required needs terms.funding_rate, {', '.join(without[:5])} has none; "
                "import it with the bars or set costs.funding to tape"
            )


def _check_currency(tape: Tape, bracket_count: np.ndarray) -> None:
    converted = (tape.terms["fx"] != 1.0).any(axis=0) if tape.has_terms else np.zeros(tape.n_assets, np.bool_)
    wrong = [symbol for symbol, bad in zip(tape.symbols, converted & (bracket_count > 0), strict=True) if bad]
    if wrong:
        raise DataError(
            f"{tape.name}: costs.brackets count in the contract's currency, which the account must share; terms.fx of "
            f"{', '.join(wrong[:5])} is not 1; leave them out of costs.brackets"
        )


def _tariff(tape: Tape, costs: CostSettings, instruments: np.ndarray) -> np.ndarray:
    names = by_symbol(tape, "fees", costs.fees)
    schedules = [None if name is None else fee_schedule(name, discount=costs.fee_discount) for name in names]
    try:
        rows, first, count = tariff_records(schedules, start_at=int(tape.open_at[0]), extend=costs.fee_extend)
    except DataError as error:
        what = str(error).partition("; ")[0]
        raise DataError(f"{tape.name}: costs.fees: {what}; begin later, or set costs.fee_extend to backward") from error
    instruments["tariff_first"], instruments["tariff_count"] = first, count
    return rows


def frozen(records: np.ndarray) -> np.ndarray:
    """Return a read-only C-contiguous view: one array type, so that the kernels compile once."""
    view = np.ascontiguousarray(records).view(np.ndarray)
    view.flags.writeable = False
    return view


def closes_of(bars: np.ndarray) -> np.ndarray:
    """Return bars whose four points are their close: a close-only tape fills at the close of t + 1."""
    closes = copied(bars)
    for name in ("open", "high", "low"):
        closes[name] = bars["close"]
    return closes


def closing_clock(clock: np.ndarray) -> np.ndarray:
    """Return a clock whose bars last no time: everything happens at their close."""
    instants = np.zeros(clock.shape, CLOCK)
    instants["open_at"] = instants["close_at"] = clock["close_at"]
    return instants
