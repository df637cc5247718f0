"""How far a number can be trusted: intervals from the stationary block bootstrap, seeded."""

import math
from dataclasses import dataclass, field

import numpy as np

from ..market.errors import ConfigError
from ..market.seeding import generator
from .block_length import block_length
from .ratio import annual_return, hit_rate, omega_ratio, sortino_ratio, total_return, volatility
from .resample import Walk, check_series, draw_walks, measure_growth, measure_moments, sharpe_influence
from .tail import expected_shortfall, value_at_risk

__all__ = ["Bootstrap", "Interval", "bootstrap", "common_block", "stationary_error"]

MIN_BARS = 20


@dataclass(frozen=True)
class Interval:
    """An estimate with the range that a confidence level leaves for it; NaN bounds where it cannot be told."""

    estimate: float
    low: float
    high: float
    level: float
    method: str

    @property
    def known(self) -> bool:
        """Whether both bounds are numbers."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True)
class Bootstrap:
    """Intervals of several return series on common resamples; series 0 is the one that is compared with the others.

    Attributes:
        sharpe: Annual Sharpe ratio of each series, studentised.
        mean: Annual mean return (`mean * bars_per_year`) of each series, studentised.
        sharpe_difference: Series 0 less each other series, studentised and paired.
        mean_difference: The same of annual mean returns.
        probability_better: Share of resamples in which series 0 has the higher Sharpe ratio than each other series.
        others: Percentile intervals of further numbers of series 0, by name of the metric.
        drawdown: Deepest drawdown of each resampled equity of each series, shape (B, S). A simulated distribution, no interval.
        drawdown_bars: Longest drawdown of each, bars, shape (B, S). A simulated distribution, no interval.
        block: Mean length of the blocks, bars.
        resamples: How many there were.
        level: Confidence level of all intervals.
    """

    sharpe: tuple[Interval, ...]
    mean: tuple[Interval, ...]
    sharpe_difference: tuple[Interval, ...]
    mean_difference: tuple[Interval, ...]
    probability_better: tuple[float, ...]
    others: dict[str, Interval]
    drawdown: np.ndarray = field(repr=False)
    drawdown_bars: np.ndarray = field(repr=False)
    block: float
    resamples: int
    level: float


def common_block(values: np.ndarray) -> float:
    """Return one block length for all series (n, S): the longest that any series, any bar's influence on its Sharpe ratio, or any
    difference of series 0 from another asks for (Politis & White 2004)."""
    influence = np.stack([sharpe_influence(column) for column in values.T], axis=1)
    series = [*values.T, *influence.T]
    for s in range(1, values.shape[1]):
        series += [values[:, 0] - values[:, s], influence[:, 0] - influence[:, s]]
    return max(block_length(one) for one in series)


def stationary_error(influence: np.ndarray, block: float) -> float:
    """Return the standard error of a mean that the stationary bootstrap has in the limit of many resamples.

    Formula: `var = (R(0) + 2 sum_i ((1 - i/n) q ** i + (i/n) q ** (n - i)) R(i)) / n`, q = 1 - 1 / block, with autocovariances R
    about the mean (ddof 0). Source: Politis & Romano 1994, lemma 1.
    """
    n = influence.size
    centred = influence - influence.mean()
    keep = 1.0 - 1.0 / block
    lags = np.arange(1, n)
    weight = (1.0 - lags / n) * keep**lags + (lags / n) * keep ** (n - lags)
    lags = lags[weight > 1e-12]
    total = float(centred @ centred) / n
    for lag in lags.tolist():
        total += 2.0 * float(weight[lag - 1]) * float(centred[lag:] @ centred[: n - lag]) / n
    return math.sqrt(max(total, 0.0) / n)


def bootstrap(
    values: np.ndarray,
    bars_per_year: float,
    *,
    seed: int = 0,
    resamples: int = 10_000,
    block: float | None = None,
    level: float = 0.95,
    risk_free: float = 0.0,
) -> Bootstrap:
    """Resample the bars of one or several series in common and return intervals for all of them.

    Mean, Sharpe ratio and their paired differences are studentised and symmetric: `estimate ± c * error`, where c is the level's
    quantile of `|estimate* - estimate| / error*` over resamples, `error*` from the sums of each resample's blocks and `error` from
    `stationary_error`, both by the delta method. Other numbers have percentile intervals. Below 20 bars nothing is claimed.

    Args:
        values: Simple returns, shape (n, S); series 0 is compared with the others.
        bars_per_year: Pace of the clock.
        seed: Of the resamples; the same seed gives the same intervals.
        resamples: How many; 10,000 for reports.
        block: Mean length of blocks in bars; None: `common_block`.
        level: Confidence level in (0, 1).
        risk_free: Simple rate, a fraction a year, deducted in every number that is an excess (Sharpe, not the mean).

    Raises:
        ShapeError: `values` has not the shape (n, S) or holds a NaN.
        ConfigError: A setting is out of range.
    """
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie in (0, 1), was {level}")
    values = check_series(values)
    excess = values - risk_free / bars_per_year
    block = common_block(excess) if block is None else float(block)
    estimate, error = _whole_sample(excess, block)
    rng = generator(seed)
    stars, star_errors, growth, others = [], [], [], []
    for walk in draw_walks(len(values), block, resamples, rng):
        star, variance = measure_moments(walk, excess)
        stars.append(star)
        star_errors.append(np.sqrt(variance))
        growth.append(measure_growth(walk, values))
        others.append(_percentiles_of(walk, values[:, 0], bars_per_year))
    star, star_error = np.concatenate(stars), np.concatenate(star_errors)
    paths = np.concatenate(growth)
    low, high = _studentised(estimate, error, star, star_error, level, len(values))
    n_series, year = values.shape[1], math.sqrt(bars_per_year)

    def intervals(first: int, count: int, scale: float, plus: float = 0.0) -> tuple[Interval, ...]:
        return tuple(
            Interval(
                float(estimate[q] * scale + plus), float(low[q] * scale + plus), float(high[q] * scale + plus), level, "studentised"
            )
            for q in range(first, first + count)
        )

    better = tuple(float(np.mean(star[:, n_series] > star[:, n_series + s])) for s in range(1, n_series))
    named = {name: np.concatenate([one[name] for one in others]) for name in others[0]}
    actual = _others_of(values[:, 0], bars_per_year)
    named["total_return"] = paths[:, 0, 0] - 1.0
    named["annual_return"] = np.maximum(paths[:, 0, 0], 0.0) ** (bars_per_year / len(values)) - 1.0
    return Bootstrap(
        sharpe=intervals(n_series, n_series, year),
        mean=intervals(0, n_series, bars_per_year, risk_free),
        sharpe_difference=intervals(3 * n_series - 1, n_series - 1, year),
        mean_difference=intervals(2 * n_series, n_series - 1, bars_per_year),
        probability_better=better,
        others={name: _percentile(one, actual[name], level, len(values)) for name, one in named.items()},
        drawdown=paths[:, :, 1],
        drawdown_bars=paths[:, :, 2],
        block=block,
        resamples=resamples,
        level=level,
    )


def _whole_sample(values: np.ndarray, block: float) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates and errors (Q,) of the series as they are, in the order of the kernel."""
    mean = values.mean(axis=0)
    sharpe = np.array([0.0 if np.ptp(column) == 0.0 else column.mean() / column.std(ddof=1) for column in values.T])
    influence = np.stack([sharpe_influence(column) for column in values.T], axis=1)
    both = [*values.T, *influence.T, *(values[:, :1] - values[:, 1:]).T, *(influence[:, :1] - influence[:, 1:]).T]
    return np.concatenate([mean, sharpe, mean[0] - mean[1:], sharpe[0] - sharpe[1:]]), np.array(
        [stationary_error(one, block) for one in both]
    )


def _studentised(
    estimate: np.ndarray, error: np.ndarray, star: np.ndarray, star_error: np.ndarray, level: float, n_bars: int
) -> tuple[np.ndarray, np.ndarray]:
    gap = np.abs(star - estimate)
    ratio = np.full(star.shape, np.inf)
    np.divide(gap, star_error, out=ratio, where=star_error > 0.0)
    ratio[gap == 0.0] = 0.0
    reach = np.quantile(ratio, level, axis=0, method="higher") * error
    reach[~np.isfinite(reach) | (error == 0.0)] = np.nan
    if n_bars < MIN_BARS:
        reach[:] = np.nan
    return estimate - reach, estimate + reach


def _percentiles_of(walk: Walk, returns: np.ndarray, bars_per_year: float) -> dict[str, np.ndarray]:
    """Return further numbers of each resample of one series, shape (B,), by name of the metric."""
    drawn = np.sort(returns[walk.paths], axis=1)
    mean = drawn.mean(axis=1)
    gains = np.maximum(drawn, 0.0).sum(axis=1)
    losses = np.maximum(-drawn, 0.0).sum(axis=1)
    played = np.count_nonzero(drawn, axis=1)
    downside = np.sqrt((np.minimum(drawn, 0.0) ** 2).mean(axis=1))
    worst = drawn.shape[1] * 0.05
    whole = math.floor(worst + 1e-9)
    tail = drawn[:, :whole].sum(axis=1) + (worst - whole) * drawn[:, whole]
    position = 0.05 * (drawn.shape[1] - 1)
    below = math.floor(position)
    quantile = drawn[:, below] + (position - below) * (drawn[:, min(below + 1, drawn.shape[1] - 1)] - drawn[:, below])
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "volatility": drawn.std(axis=1, ddof=1) * math.sqrt(bars_per_year),
            "sortino": mean / downside * math.sqrt(bars_per_year),
            "omega": gains / losses,
            "hit_rate": np.count_nonzero(drawn > 0.0, axis=1) / played,
            "value_at_risk_95": -quantile,
            "expected_shortfall_95": -tail / worst,
        }


def _others_of(returns: np.ndarray, bars_per_year: float) -> dict[str, float]:
    """Return the same numbers of the series as it is."""
    return {
        "volatility": volatility(returns, bars_per_year),
        "sortino": sortino_ratio(returns, bars_per_year),
        "omega": omega_ratio(returns, bars_per_year),
        "hit_rate": hit_rate(returns),
        "value_at_risk_95": value_at_risk(returns),
        "expected_shortfall_95": expected_shortfall(returns),
        "total_return": total_return(returns),
        "annual_return": annual_return(returns, bars_per_year),
    }


def _percentile(drawn: np.ndarray, actual: float, level: float, n_bars: int) -> Interval:
    usable = drawn[np.isfinite(drawn)]
    if n_bars < MIN_BARS or usable.size < 0.99 * drawn.size:
        return Interval(actual, math.nan, math.nan, level, "percentile")
    low, high = np.quantile(usable, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(actual, float(low), float(high), level, "percentile")
