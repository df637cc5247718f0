"""Corporate actions: splits and dividends read from the jumps of the adjusted close's factor."""

from dataclasses import dataclass, field
from math import fsum
from typing import Literal, get_args

import numpy as np

from ..market.errors import ConfigError, ShapeError

__all__ = ["Actions", "DividendBase", "adjusted_returns", "check_base", "derive_actions", "resolution_of"]

DividendBase = Literal["previous", "ex"]
"""Close that a vendor relates a dividend to: the last one before the ex date (CRSP, Yahoo) or that of the ex date (WIKI)."""

# Smaller jumps of the factor are dividends; MSFT's 3 dollars of 2004-11-15 were one of 1.11.
SPLIT_JUMP = 1.2
WHOLE = range(2, 51)
RATIOS = np.array(sorted({n / m for m in range(2, 6) for n in range(m + 1, 3 * m)} | set(WHOLE) | {1 / n for n in WHOLE}))
NEAR = 0.03  # excess over a ratio that a dividend on the same day may explain
WINDOW = 20  # rows on each side over which a rounded factor is averaged
FLOOR = 1e-6  # smallest jump believed in where adjusted closes are not rounded


@dataclass(frozen=True, eq=False)
class Actions:
    """Splits and dividends of one asset.

    Attributes:
        split: New units per old unit before the row's open, float64 (T,); 1 none.
        dividend: Cash per unit after the split, ex at the row's open, float64 (T,); 0 none.
        contradictions: Rows, int64, whose factor says something the closes deny; nothing is applied there.
    """

    split: np.ndarray
    dividend: np.ndarray
    contradictions: np.ndarray = field(repr=False)


def derive_actions(close: np.ndarray, adjusted: np.ndarray, base: DividendBase = "previous") -> Actions:
    """Return the splits and dividends that turn raw closes into the adjusted ones.

    The factor f = adjusted / close is constant but for jumps at ex dates, where it grows by q. With base `previous`,
    q = split / (1 - dividend split / close[t-1]); with base `ex`, q = split (1 + dividend / close[t]). Rounded adjusted closes
    make f noisy; a jump counts where it exceeds what the rounding of its two rows can explain, and its size is then taken
    between the mean levels of up to 20 rows on each side.

    Args:
        close: Raw closes of one asset, float64 (T,), finite and positive.
        adjusted: Its adjusted closes, float64 (T,), likewise.
        base: How the vendor adjusted for dividends.

    Raises:
        ConfigError: The base is unknown.
        ShapeError: The two have not one shape (T,).
    """
    check_base(base)
    close, adjusted = np.asarray(close, np.float64), np.asarray(adjusted, np.float64)
    if close.shape != adjusted.shape or close.ndim != 1:
        raise ShapeError(f"close and adjusted must both have shape (T,): {close.shape} against {adjusted.shape}")
    split, dividend = np.ones(len(close)), np.zeros(len(close))
    factor = adjusted / close
    noise = 0.5 * resolution_of(adjusted) / adjusted
    bound = 1.01 * (noise[1:] + noise[:-1]) + FLOOR
    jumps = np.flatnonzero(np.abs(factor[1:] / factor[:-1] - 1.0) > bound) + 1
    edges = np.concatenate([[0], jumps, [len(close)]])
    contradictions = []
    for before, row, after in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        earlier, later = slice(max(before, row - WINDOW), row), slice(row, min(after, row + WINDOW))
        # fsum: the same bits on every machine, so that a sample has one digest
        jump = (fsum(adjusted[later]) / fsum(close[later])) / (fsum(adjusted[earlier]) / fsum(close[earlier]))
        if abs(jump - 1.0) <= bound[row - 1]:
            continue
        ratio = _split_ratio(jump, close[row] / close[row - 1], bound[row - 1])
        if ratio is None:
            contradictions.append(row)
            continue
        rest = jump / ratio
        split[row] = ratio
        if rest - 1.0 > bound[row - 1]:
            dividend[row] = close[row] * (rest - 1.0) if base == "ex" else close[row - 1] / ratio * (1.0 - 1.0 / rest)
    return Actions(split, dividend, np.array(contradictions, np.int64))


def check_base(base: str) -> None:
    """Raise `ConfigError` where `base` is none."""
    if base not in get_args(DividendBase):
        raise ConfigError(f"dividend_base must be one of {', '.join(get_args(DividendBase))}, was {base!r}")


def adjusted_returns(
    close: np.ndarray, split: np.ndarray, dividend: np.ndarray, base: DividendBase = "previous"
) -> np.ndarray:
    """Return close-to-close returns as the vendor's adjusted closes give them, float64 (T,), 0 in the first row.

    With base `ex` they are a holder's total returns, split (close[t] + dividend) / close[t-1] - 1 (`Tape.log_return`). With base
    `previous` they are close[t] / (close[t-1] / split - dividend) - 1, which differs on an ex date by the return on the dividend.
    """
    check_base(base)
    result = np.zeros(len(close))
    if base == "ex":
        result[1:] = split[1:] * (close[1:] + dividend[1:]) / close[:-1] - 1.0
    else:
        result[1:] = close[1:] / (close[:-1] / split[1:] - dividend[1:]) - 1.0
    return result


def resolution_of(values: np.ndarray) -> float:
    """Return the step 10^-d to which all `values` are rounded, or 0 where they carry eight decimals or more."""
    for decimals in range(8):
        scaled = values * 10.0**decimals
        if np.all(np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(np.abs(scaled), 1.0)):
            return float(10.0**-decimals)
    return 0.0


def _split_ratio(jump: float, move: float, bound: float) -> float | None:
    # 1: a dividend (or what was handed out in a spin-off); None: the prices deny the jump
    if 1.0 < jump < SPLIT_JUMP:
        return 1.0
    if abs(np.log(move * jump)) > 0.5 * abs(np.log(jump)):  # undone, the jump must leave a smaller move
        return None
    # a dividend on the same day is believed of whole ratios only: 1.35 is rather a spin-off than 4:3 and a dividend
    excess = jump / RATIOS - 1.0
    fits = np.flatnonzero((excess > -bound) & (excess < bound + np.where(RATIOS % 1.0 == 0.0, NEAR, 0.0)))
    if len(fits):
        return float(RATIOS[fits[np.abs(excess[fits]).argmin()]])
    return 1.0 if jump > 1.0 else None
