"""Perturbed tapes: noise on prices and bars that are missing; further members of a pool."""

import json
import math
from dataclasses import asdict, dataclass, replace
from urllib.parse import parse_qsl

import numpy as np

from ..configs.strict import validate
from ..market.errors import ConfigError
from ..market.record import copied
from ..market.seeding import generator
from .contract import check_tape
from .record import carried, frozen
from .tape import Tape

__all__ = ["PREFIX", "PerturbSettings", "base_name", "open_perturbed", "perturbed"]

PREFIX = "perturbed:"
NEAR = 1e-6  # of a tick: so near to a multiple is a price that lies on the grid


@dataclass(frozen=True, kw_only=True)
class PerturbSettings:
    """What is done to a tape.

    Attributes:
        noise_bp: Standard deviation of the noise on every price, basis points of it.
        noise_ticks: The same in ticks of the instrument; both add up.
        missing: Share of the tradable bars that are lost, in [0, 1).
    """

    noise_bp: float = 0.0
    noise_ticks: float = 0.0
    missing: float = 0.0

    def __post_init__(self) -> None:
        for name in ("noise_bp", "noise_ticks"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"perturb.{name} must be finite and not negative, was {value}")
        if self.noise_bp > 1_000.0:
            raise ConfigError(f"perturb.noise_bp must be at most 1000 (10 %), was {self.noise_bp}")
        if not 0.0 <= self.missing < 1.0:
            raise ConfigError(f"perturb.missing is a share in [0, 1), was {self.missing}")


def perturbed(tape: Tape, seed: int, *, noise_bp: float = 0.0, noise_ticks: float = 0.0, missing: float = 0.0) -> Tape:
    """Return a noisier tape with holes; the same seed and settings give the same bytes.

    Open and close of each bar are moved by independent normal noise, high and low by noise of their own, and then so far that
    they hold both: ranges grow a little. Prices that lie on the tick grid stay on it, all stay at a tick or more. A missing bar
    cannot be traded and carries the last close. Bars of splits, dividends and rolls are never missing, nor an asset's first and
    last.

    Args:
        tape: What is perturbed; its clock, terms, sessions and volumes stay as they are (a missing bar has no volume).
        seed: Of everything random, at least 0; asset i draws from (seed, i).
        noise_bp: See `PerturbSettings`, as the others.
        noise_ticks: Likewise.
        missing: Likewise.

    Returns:
        A tape whose name `open_tape` reads, where it reads that of `tape`.

    Raises:
        ConfigError: A setting is out of its range or a seed is none.
        DataError: So much noise breaks the contract of a tape (a close at or under a roll).
    """
    settings = PerturbSettings(noise_bp=noise_bp, noise_ticks=noise_ticks, missing=missing)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ConfigError(f"perturb.seed must be an int of 0 or more, was {seed!r}")
    bars, kept = tape.bars.copy(), tape.tradable.astype(bool)
    for asset in range(tape.n_assets):
        draw = generator(np.random.SeedSequence(int(seed), spawn_key=(asset,)))
        shocks, lost = draw.standard_normal((4, tape.n_rows)), draw.random(tape.n_rows) < settings.missing
        if noise_bp > 0.0 or noise_ticks > 0.0:
            _add_noise(bars[:, asset], shocks, tape.instruments[asset].tick, settings, tape)
        kept[:, asset] &= ~(lost & _may_go(tape, asset))
    result = copied(carried(bars, kept))
    for name in ("present", "opens", "closes"):
        result[name] = tape.bars[name]
    given = "&".join(f"{name}={_digits(value)}" for name, value in asdict(settings).items() if value != 0.0)
    name = f"{PREFIX}{tape.name}?{given}{'&' if given else ''}seed={seed}"
    made = replace(tape, name=name, bars=frozen(result), notes=(*tape.notes, f"perturbed: {given or 'nothing'}, seed {seed}"))
    check_tape(made)
    return made


def open_perturbed(name: str, base: Tape) -> Tape:
    """Return the tape of a name such as `perturbed:sample:eurusd-1h?noise_bp=2&missing=0.01&seed=3`; the seed is 0 by default.

    Args:
        name: The whole name; settings stand behind its last question mark.
        base: The tape of `base_name(name)`.

    Raises:
        ConfigError: A setting is unknown (with a suggestion) or wrong, or stands twice.
    """
    pairs = parse_qsl(name.rpartition("?")[2], keep_blank_values=True, strict_parsing=False)
    given = {key: _number(name, key, value) for key, value in pairs}
    if len(given) < len(pairs):
        raise ConfigError(f"{name}: a setting stands twice; give each once")
    seed = given.pop("seed", 0)
    settings = validate(PerturbSettings, given, name)
    return replace(perturbed(base, seed, **asdict(settings)), name=name)  # type: ignore[arg-type]


def base_name(name: str) -> str:
    """Return the name of the tape that is perturbed; ConfigError where no settings follow it."""
    base, sign, _ = name.removeprefix(PREFIX).rpartition("?")
    if not sign or not base:
        raise ConfigError(f"{name}: write {PREFIX}<tape>?noise_bp=2&missing=0.01&seed=3")
    return base


def _digits(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(float(value))  # a name stands for the very settings


def _number(name: str, key: str, value: str) -> float | int:
    try:
        number = json.loads(value)
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ConfigError(f"{name}: {key} must be a number, was {value!r}")
    return number


def _add_noise(bars: np.ndarray, shocks: np.ndarray, tick: float, settings: PerturbSettings, tape: Tape) -> None:
    traded = bars["tradable"] == 1
    gridded = all(_on_grid(bars[name][traded], tick) for name in ("open", "high", "low", "close"))
    moved = {}
    for name, shock in zip(("open", "high", "low", "close"), shocks, strict=True):
        price = bars[name] + shock * (settings.noise_bp * 1e-4 * bars[name] + settings.noise_ticks * tick)
        moved[name] = np.maximum(_snapped(price, tick) if gridded else price, tick)
    if tape.close_only:
        moved["open"] = moved["high"] = moved["low"] = moved["close"]
    bars["open"], bars["close"] = moved["open"], moved["close"]
    bars["high"] = np.maximum(np.maximum(moved["open"], moved["close"]), moved["high"])
    bars["low"] = np.minimum(np.minimum(moved["open"], moved["close"]), moved["low"])


def _on_grid(prices: np.ndarray, tick: float) -> bool:
    ratio = prices / tick
    return bool(np.all(np.abs(ratio - np.round(ratio)) <= NEAR + 4.0 * np.finfo(np.float64).eps * np.abs(ratio)))


def _snapped(prices: np.ndarray, tick: float) -> np.ndarray:
    counts, inverse = np.round(prices / tick), np.round(1.0 / tick)
    # as `market.grid.on_grid`: 10050 ticks of 0.01 are 10050 / 100, correctly rounded
    decimal = inverse > 0.0 and abs(inverse * tick - 1.0) < 1e-9
    snapped: np.ndarray = counts / inverse if decimal else counts * tick
    return snapped


def _may_go(tape: Tape, asset: int) -> np.ndarray:
    free: np.ndarray = tape.tradable[:, asset] == 1
    traded = np.flatnonzero(free)
    if len(traded):
        free[[traded[0], traded[-1]]] = False
    if tape.has_terms:
        terms = tape.terms[:, asset]
        free &= (terms["split"] == 1.0) & (terms["dividend"] == 0.0) & np.isnan(terms["roll"])
    return free
