"""Corporate actions: splits and dividends read from the jumps of the adjusted close's factor."""

from dataclasses import dataclass, field
from math import fsum

import numpy as np

from ..market.errors import ShapeError

__all__ = ["Actions", "adjusted_returns", "derive_actions", "resolution_of"]

# Factor jumps from here on are splits: a dividend of a sixth of the price is rarer than a 6:5 split; MSFT's famous 3 dollars
# of 2004-11-15 were 10 %.
SPLIT_JUMP = 1.2
RATIOS = np.array(
    sorted({n / m for n in range(1, 11) for m in range(1, 11) if n != m} | set(range(11, 51)) | {1 / m for m in range(11, 51)})
)
NEAR = 0.03  # |log| distance from a ratio that a dividend on the same day may explain
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


def derive_actions(close: np.ndarray, adjusted: np.ndarray) -> Actions:
    """Return the splits and dividends that turn raw closes into the adjusted ones.

    The factor f = adjusted / close is constant but for jumps at ex dates, where it grows by
    q = split / (1 - dividend split / close[t-1]): the method by which vendors adjust. Rounded adjusted closes make f noisy;
    a jump counts where it exceeds what the rounding of its two rows can explain, and its size is then taken between the mean
    levels of up to 20 rows on each side.

    Args:
        close: Raw closes of one asset, float64 (T,), finite and positive.
        adjusted: Its adjusted closes, float64 (T,), likewise.

    Raises:
        ShapeError: The two have not one shape (T,).
    """
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
        ratio = _split_ratio(jump, close[row] / close[row - 1])
        rest = jump / ratio
        slack = bound[row - 1] + (NEAR if ratio != 1.0 else 0.0)
        if rest < 1.0 - slack or (ratio == 1.0 and jump >= SPLIT_JUMP):
            contradictions.append(row)
            continue
        split[row] = ratio
        if rest - 1.0 > bound[row - 1]:
            dividend[row] = close[row - 1] / ratio * (1.0 - 1.0 / rest)
    return Actions(split, dividend, np.array(contradictions, np.int64))


def adjusted_returns(close: np.ndarray, split: np.ndarray, dividend: np.ndarray) -> np.ndarray:
    """Return close-to-close returns as vendors' adjusted closes give them, close[t] / (close[t-1] / split - dividend) - 1, (T,).

    A holder's total return is split (close[t] + dividend) / close[t-1] - 1 (`Tape.log_return`); the two differ by the return on
    the dividend, at most some basis points on an ex date.
    """
    result = np.zeros(len(close))
    result[1:] = close[1:] / (close[:-1] / split[1:] - dividend[1:]) - 1.0
    return result


def resolution_of(values: np.ndarray) -> float:
    """Return the step 10^-d to which all `values` are rounded, or 0 where they carry eight decimals or more."""
    for decimals in range(8):
        scaled = values * 10.0**decimals
        if np.all(np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(np.abs(scaled), 1.0)):
            return float(10.0**-decimals)
    return 0.0


def _split_ratio(jump: float, move: float) -> float:
    # 1 where the jump is no split; the prices must agree: after the split they move less than before it
    if 1.0 / SPLIT_JUMP < jump < SPLIT_JUMP:
        return 1.0
    distance = np.abs(np.log(RATIOS / jump))
    ratio = float(RATIOS[distance.argmin()])
    agrees = abs(np.log(move * ratio)) < 0.5 * abs(np.log(ratio))
    return ratio if distance.min() <= NEAR and agrees else 1.0
