"""A crash that happened, laid over a tape."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from ...market.errors import ConfigError
from ..contract import check_tape
from ..record import carried, frozen
from ..tape import Tape
from .gbm import GbmSettings, gbm_tapes
from .grid import on_grid
from .setting import at_least
from .template import crash_template

__all__ = ["CrashSettings", "crash_tapes", "crashed"]

LEAST, MOST = 0.5, 3.0


@dataclass(frozen=True, kw_only=True)
class CrashSettings(GbmSettings):
    """A crash over a geometric Brownian motion, or over a tape.

    Attributes:
        template: Name of the crash (`template.TEMPLATES`).
        row: First row of it; None: the middle of the tape.
        scale: Multiple of its log returns, 0.5 to 3.
        bars_per_step: Rows over which one step of it is spread.
        beta: Multiple of the log returns for each asset, one number or A.
        tape: Name or folder of the tape that it is laid over, for which the settings of the walk are not used; None: a
            geometric Brownian motion.
        on_grid: Whether prices of that tape are rounded to its ticks afterwards.
    """

    template: str = "1987-10"
    row: int | None = None
    scale: float = 1.0
    bars_per_step: int = 1
    beta: float | tuple[float, ...] = 1.0
    tape: str | None = None
    on_grid: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        crash_template(self.template)
        _check_scale(self.scale)
        at_least(self, 1, "bars_per_step")


def crash_tapes(settings: CrashSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a tape with the crash for each seed; laid over a tape they are all the same but for their names."""
    if settings.tape is None:
        walk = GbmSettings(**{part.name: getattr(settings, part.name) for part in fields(GbmSettings)})
        tapes = gbm_tapes(walk, seeds)
    else:
        from ..catalog import open_tape

        tapes = [open_tape(settings.tape)] * len(seeds)
    rounded = settings.on_grid or (settings.tape is None and settings.tick > 0.0)
    laid = [
        crashed(tape, settings.template, settings.row, settings.scale, bars_per_step=settings.bars_per_step, beta=settings.beta,
                round_prices=rounded)
        for tape in tapes
    ]  # fmt: skip
    return [replace(tape, name=f"crash-{seed}") for tape, seed in zip(laid, seeds, strict=True)]


def crashed(
    tape: Tape,
    template: str,
    row: int | None = None,
    scale: float = 1.0,
    *,
    bars_per_step: int = 1,
    beta: float | Sequence[float] = 1.0,
    round_prices: bool = False,
) -> Tape:
    """Return `tape` with the log returns of a crash added to its own, all assets at once, and the level kept afterwards.

    Bars keep the ratio of their high to the larger, and of their low to the smaller, of open and close. Dividends, marks and
    rolls are scaled with the price, volumes in the crash by the template's multiple, which grows with `scale`.

    Args:
        tape: What it is laid over.
        template: Name in `template.TEMPLATES`.
        row: First row of the crash, at least 1; None: the middle of the tape.
        scale: Multiple of the template's log returns, 0.5 to 3.
        bars_per_step: Rows over which one step of the template is spread.
        beta: Multiple for each asset, one number or A.
        round_prices: Whether prices are rounded to the instruments' ticks.

    Raises:
        ConfigError: The crash does not fit into the tape's rows, or a number is out of its range.
        UnknownNameError: No template has the name.
    """
    shape = crash_template(template)
    _check_scale(scale)
    _check_whole("bars_per_step", bars_per_step, 1)
    if row is not None:
        _check_whole("row", row, 1)
    steps = np.repeat(shape.log_moves, bars_per_step) / bars_per_step
    last = tape.n_rows - len(steps)
    if last < 1:
        raise ConfigError(f"crash {template} needs {len(steps) + 1} rows, one before it included; {tape.name} has {tape.n_rows}")
    first = tape.n_rows // 2 if row is None else row
    if first > last:
        raise ConfigError(f"row must lie in [1, {last}] for the {len(steps)} rows of crash {template} to fit, was {first}")
    betas = _betas(beta, tape.n_assets)
    level = np.zeros((tape.n_rows + 1, tape.n_assets))
    level[first + 1 :] = np.sum(steps) * betas * scale
    level[first + 1 : first + 1 + len(steps)] = np.cumsum(steps)[:, None] * betas * scale
    before, after = np.exp(level[:-1]), np.exp(level[1:])
    bars = tape.bars.copy()
    opened, closed = tape.open * before, tape.close * after
    bars["high"] = np.maximum(opened, closed) * _ratio(tape.high, np.maximum(tape.open, tape.close))
    bars["low"] = np.minimum(opened, closed) * _ratio(tape.low, np.minimum(tape.open, tape.close))
    bars["open"], bars["close"] = opened, closed
    window = slice(first, first + len(steps))
    more = tape.volume[window] * (1.0 + (shape.volume - 1.0) * scale)
    whole = (tape.volume == np.round(tape.volume)).all(axis=0)  # coins trade in fractions
    bars["volume"][window] = np.where(whole, np.round(more), more)
    moved = carried(on_grid(bars, tape.instruments) if round_prices else bars, tape.tradable == 1)
    moved.flags.writeable = True  # ours, and a copy would not keep its padding bytes at zero
    for name in ("present", "opens", "closes"):
        moved[name] = tape.bars[name]
    terms = tape.terms.copy()
    if tape.has_terms:
        for name in ("dividend", "mark", "roll"):
            terms[name] *= before
    note = f"crash {template} from row {first}, {scale:g} times its log returns; {shape.source}"
    result = replace(tape, bars=frozen(moved), terms=frozen(terms), notes=(*tape.notes, note))
    check_tape(result)
    return result


def _betas(beta: float | Sequence[float], n_assets: int) -> np.ndarray:
    try:
        given = np.asarray(beta, np.float64)
        betas: np.ndarray = np.full(n_assets, given) if given.ndim == 0 else given
    except (TypeError, ValueError):
        betas = np.zeros(0)
    if betas.shape != (n_assets,) or not np.isfinite(betas).all():
        raise ConfigError(f"beta must be finite, one number or one for each of {n_assets} assets, was {beta}")
    return betas


def _check_whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ConfigError(f"{name} must be a whole number of at least {least}, was {value!r}")


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(above, below, out=np.ones(above.shape), where=below > 0.0)
    return result


def _check_scale(scale: float) -> None:
    if isinstance(scale, bool) or not isinstance(scale, (int, float, np.integer, np.floating)) or not LEAST <= scale <= MOST:
        raise ConfigError(f"scale must lie in [{LEAST:g}, {MOST:g}], was {scale}")
