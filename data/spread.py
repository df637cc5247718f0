"""Bid-ask spreads estimated from highs, lows and closes, for tapes that have no quotes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from ..market.errors import ConfigError, DataError, UnknownNameError
from .record import frozen, neutral_terms
from .tape import Tape

__all__ = ["SPREAD_MODELS", "Correction", "abdi_ranaldo", "corwin_schultz", "with_spread"]

Correction = Literal["pairs", "window"]
MONTH = 21  # trading days: the window of both papers
K = 3.0 - 2.0 * np.sqrt(2.0)


def corwin_schultz(tape: Tape, window: int = MONTH) -> np.ndarray:
    """Return the full spread as a fraction of the price, float64 (T, A), from highs and lows; row t uses rows <= t.

    The range of a bar holds the spread once and variance by the bar, that of two bars the spread once and twice the variance.
    For each pair of neighbouring rows, with beta the sum of the two squared log ranges and gamma the squared log range of
    both together: alpha = (sqrt(2 beta) - sqrt(beta)) / (3 - 2 sqrt 2) - sqrt(gamma / (3 - 2 sqrt 2)), spread =
    2 (e^alpha - 1) / (e^alpha + 1). A later bar that lies whole above or below the close before it is moved to that close
    first: the gap between sessions is no range. A negative estimate of a pair counts as 0, then pairs are averaged: the
    variant that the paper prefers. It is biased upward where the spread is small beside a bar's volatility.
    Source: Corwin & Schultz 2012, eq. 14 and 18; section I.C for gaps and negative estimates.

    Args:
        tape: With highs and lows; prices are compared after splits, dividends and rolls.
        window: Rows of one estimate, so `window` - 1 pairs; at least 2.

    Returns:
        NaN in the first `window` - 1 rows, where the asset cannot be traded, and where fewer than half of the window's pairs
        have two tradable rows.

    Raises:
        ConfigError: The window is shorter than 2.
        DataError: The tape has closes only.
    """
    high0, low0, close0, usable = _earlier(tape, window)
    high1, low1 = tape.high[1:], tape.low[1:]
    shift = np.maximum(close0 - high1, 0.0) - np.maximum(low1 - close0, 0.0)
    high1, low1 = high1 + shift, low1 + shift
    beta = _log_ratio(high0, low0, usable) ** 2 + _log_ratio(high1, low1, usable) ** 2
    both = _log_ratio(np.maximum(high0, high1), np.minimum(low0, low1), usable)
    alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / K - both / np.sqrt(K)
    return _averaged(np.maximum(2.0 * np.tanh(0.5 * alpha), 0.0), usable, tape, window)


def abdi_ranaldo(tape: Tape, window: int = MONTH, *, correction: Correction = "pairs") -> np.ndarray:
    """Return the full spread as a fraction of the price, float64 (T, A), from closes and mid-ranges; row t uses rows <= t.

    With c the log close and m the middle of log high and log low, the mean of 4 (c[t] - m[t]) (c[t] - m[t+1]) over pairs of
    rows is the squared spread. Source: Abdi & Ranaldo 2017, section 1; both corrections for negative values are theirs.

    Args:
        tape: With highs and lows; prices are compared after splits, dividends and rolls.
        window: Rows of one estimate, so `window` - 1 pairs; at least 2.
        correction: `pairs`: the root of each pair's value, 0 where it is negative, then the mean (their two-day correction,
            which they prefer to rank assets; biased upward where the spread is small beside the volatility). `window`: the
            root of the mean, 0 where it is negative (their monthly correction; nearly unbiased for larger spreads, noisier).

    Returns:
        NaN in the first `window` - 1 rows, where the asset cannot be traded, and where fewer than half of the window's pairs
        have two tradable rows.

    Raises:
        ConfigError: The window is shorter than 2, or the correction unknown.
        DataError: The tape has closes only.
    """
    if correction not in get_args(Correction):
        raise ConfigError(f"correction must be one of {', '.join(get_args(Correction))}, was {correction!r}")
    high0, low0, close0, usable = _earlier(tape, window)
    here = 0.5 * (_log_ratio(close0, high0, usable) + _log_ratio(close0, low0, usable))
    ahead = 0.5 * (_log_ratio(close0, tape.high[1:], usable) + _log_ratio(close0, tape.low[1:], usable))
    squared = 4.0 * here * ahead
    if correction == "pairs":
        return _averaged(np.sqrt(np.maximum(squared, 0.0)), usable, tape, window)
    mean = _averaged(squared, usable, tape, window)
    result: np.ndarray = np.sqrt(np.maximum(mean, 0.0))
    return result


SPREAD_MODELS: dict[str, Callable[[Tape, int], np.ndarray]] = {"corwin_schultz": corwin_schultz, "abdi_ranaldo": abdi_ranaldo}


def with_spread(tape: Tape, model: str = "corwin_schultz", window: int = MONTH) -> Tape:
    """Return the tape with `terms.spread` of row t filled by the estimate of row t - 1 where it has none.

    So the spread at which an order is filled inside a row was known before that row. Rows without an estimate stay NaN: the
    rules of trading decide there.

    Args:
        tape: With highs and lows.
        model: A name in `SPREAD_MODELS`.
        window: Rows of one estimate.

    Raises:
        UnknownNameError: No model has the name.
        ConfigError: The window is shorter than 2.
        DataError: The tape has closes only.
    """
    if not isinstance(model, str) or model not in SPREAD_MODELS:
        raise UnknownNameError("spread model", str(model), SPREAD_MODELS)
    estimate = SPREAD_MODELS[model](tape, window)
    terms = tape.terms.copy() if tape.has_terms else neutral_terms(tape.bars.shape)
    spread = terms["spread"]
    spread[1:] = np.where(np.isnan(spread[1:]), estimate[:-1], spread[1:])
    note = f"spread: {model} over {window} rows, as known one row before, where none was recorded"
    return replace(tape, terms=frozen(terms), notes=(*tape.notes, note))


def _earlier(tape: Tape, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return high, low and close of rows t - 1 in the units of rows t, (T-1, A), and which pairs can be used."""
    if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or window < 2:
        raise ConfigError(f"spread window must be a whole number of at least 2 rows, was {window!r}")
    if tape.close_only:
        raise DataError(f"tape {tape.name}: has closes only; a spread estimate needs highs and lows")
    usable = (tape.tradable[:-1] == 1) & (tape.tradable[1:] == 1)
    if not tape.has_terms:
        return tape.high[:-1], tape.low[:-1], tape.close[:-1], usable
    roll = tape.roll[1:]
    moved = np.where(np.isnan(roll), 0.0, roll) - tape.dividend[1:]
    split = tape.split[1:]
    high, low, close = (price[:-1] / split + moved for price in (tape.high, tape.low, tape.close))
    return high, low, close, usable & (low > 0.0)


def _log_ratio(above: np.ndarray, below: np.ndarray, usable: np.ndarray) -> np.ndarray:
    ratio = np.divide(above, below, out=np.ones(usable.shape), where=usable)
    result: np.ndarray = np.log(ratio, out=ratio)
    return result


def _averaged(pairs: np.ndarray, usable: np.ndarray, tape: Tape, window: int) -> np.ndarray:
    """Return the mean of the usable `pairs` (T-1, A) in each window of rows, (T, A)."""
    result = np.full(tape.bars.shape, np.nan)
    n_pairs = window - 1
    if tape.n_rows < window:
        return result
    totals = []
    for values in (np.where(usable, pairs, 0.0), usable.astype(np.float64)):
        running = np.zeros((len(values) + 1, values.shape[1]))
        np.cumsum(values, axis=0, out=running[1:])
        totals.append(running[n_pairs:] - running[:-n_pairs])
    total, count = totals
    known = (count >= np.ceil(0.5 * n_pairs)) & (tape.tradable[n_pairs:] == 1)
    np.divide(total, count, out=result[n_pairs:], where=known)
    result[np.abs(result) < 1e-12] = 0.0  # what rounding leaves of a window without any spread
    return result
