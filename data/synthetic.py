"""Seeded tapes with known properties: random walks for tests, and the walk behind `quantgym/Leak-v0`."""

import numpy as np

from ..market.errors import ConfigError
from ..market.instrument import Instrument
from ..market.seeding import generator
from .instant import DAY, HOUR, Instant, to_ns
from .record import bar_records, clock_records
from .tape import Tape

__all__ = ["gbm_tape", "leak_tape", "next_open_return"]


def gbm_tape(
    seed: int,
    n_bars: int = 1_000,
    n_assets: int = 1,
    *,
    volatility: float = 0.01,
    drift: float = 0.0,
    gap_share: float = 0.2,
    price: float = 100.0,
    volume: float = 1e6,
    start: Instant = "2000-01-03",
    bar_ns: int = DAY,
    lot: float = 1.0,
    tick: float = 0.01,
    late: int = 0,
) -> Tape:
    """Return independent geometric Brownian motions with bars drawn from four steps inside each bar.

    Args:
        seed: Of everything random; asset i is the same whatever `n_assets`.
        n_bars: T.
        n_assets: A; symbols S0, S1, ...
        volatility: Standard deviation of a bar's log return, close to close.
        drift: Mean of a bar's log return.
        gap_share: Share of the variance that falls between close and next open, in [0, 1).
        price: First open, quote currency.
        volume: Median volume of a bar, units.
        start: Open of the first bar.
        bar_ns: Length of a bar; rows follow each other without a break.
        lot: Quantity step of every instrument.
        tick: Price step; prices are rounded to it where it is positive and smaller than 1 % of `price`.
        late: The last asset is listed at this row (0: from the start).

    Raises:
        ConfigError: A number is out of its range.
    """
    if n_bars < 2 or n_assets < 1 or not 0.0 <= gap_share < 1.0 or volatility < 0.0 or not 0 <= late < n_bars:
        raise ConfigError(
            f"gbm_tape needs n_bars >= 2, n_assets >= 1, 0 <= gap_share < 1, volatility >= 0 and 0 <= late < n_bars, "
            f"was {n_bars}, {n_assets}, {gap_share}, {volatility}, {late}"
        )
    # five steps a bar: the gap, then four inside
    scale = volatility * np.sqrt(np.array([gap_share] + [(1.0 - gap_share) / 4] * 4))
    levels, volumes = [], []
    for asset in range(n_assets):
        draw = generator(np.random.SeedSequence(seed, spawn_key=(asset,)))
        steps = draw.standard_normal((n_bars, 5)) * scale + drift / 5
        steps[0, 0] = 0.0
        levels.append(price * np.exp(np.cumsum(steps.ravel())).reshape(n_bars, 5))
        volumes.append(np.round(volume * np.exp(0.3 * draw.standard_normal(n_bars))))
    path = np.stack(levels, axis=1)  # (T, A, 5)
    if 0.0 < tick < 0.01 * price:
        path = np.maximum(np.round(path / tick), 1.0) * tick
    recorded = np.ones((n_bars, n_assets), bool)
    recorded[:late, -1] = False
    bars = bar_records(path[..., 0], path.max(-1), path.min(-1), path[..., -1], np.stack(volumes, axis=1), recorded)
    instruments = [Instrument(symbol=f"S{asset}", lot=lot, tick=tick) for asset in range(n_assets)]
    return Tape.build(f"gbm-{seed}", instruments, _even_clock(start, n_bars, bar_ns), bars, notes=("geometric Brownian motion",))


def leak_tape(
    seed: int, n_bars: int = 4_096, *, volatility: float = 0.01, price: float = 100.0, start: Instant = "2000-01-01"
) -> Tape:
    """Return one asset, S0, whose bars open at the last close and move by independent log returns of mean 0.

    Without gaps the return from the fill of a decision (open of t+1) to the next one (open of t+2) is that of bar t+1, so a
    policy that is shown `next_open_return` earns it whole. Hourly bars, lot 1e-6, tick 1e-8, prices not rounded.

    Args:
        seed: Of everything random.
        n_bars: T.
        volatility: Standard deviation of a bar's log return.
        price: First open, quote currency.
        start: Open of the first bar.
    """
    if n_bars < 3 or volatility <= 0.0:
        raise ConfigError(f"leak_tape needs n_bars >= 3 and volatility > 0, was {n_bars} and {volatility}")
    draw = generator(seed)
    returns = volatility * draw.standard_normal(n_bars)
    close = price * np.exp(np.cumsum(returns - returns.mean()))
    opened = np.concatenate([[price], close[:-1]])
    volume = np.round(1e6 * np.exp(0.3 * draw.standard_normal(n_bars)))
    bars = bar_records(opened, np.maximum(opened, close), np.minimum(opened, close), close, volume)
    instrument = Instrument(symbol="S0", lot=1e-6, tick=1e-8)
    return Tape.build(f"leak-{seed}", [instrument], _even_clock(start, n_bars, HOUR), bars, notes=("random walk without gaps",))


def next_open_return(tape: Tape) -> np.ndarray:
    """Return open[t+2] / open[t+1] - 1, float64 (T, A): what a position taken at decision t earns until it can be changed.

    It looks into the future on purpose. 0 in the last two rows and where either row cannot be traded.
    """
    result = np.zeros(tape.bars.shape)
    known = (tape.tradable[1:-1] == 1) & (tape.tradable[2:] == 1)
    ratio = np.divide(tape.open[2:] * tape.split[2:], tape.open[1:-1], out=np.ones(known.shape), where=known)
    result[:-2] = ratio - 1.0
    return result


def _even_clock(start: Instant, n_bars: int, bar_ns: int) -> np.ndarray:
    open_at = to_ns(start) + bar_ns * np.arange(n_bars, dtype=np.int64)
    return clock_records(open_at, open_at + bar_ns)
