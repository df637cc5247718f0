"""The law by which one friction is drawn, once an episode."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..market.errors import ConfigError, did_you_mean

__all__ = ["KINDS", "FrictionLaw"]

KINDS: dict[str, tuple[str, ...]] = {"uniform": ("low", "high"), "log_uniform": ("low", "high"), "choice": ("values", "weights")}
MEANINGS = ("factor", "value")


@dataclass(frozen=True, kw_only=True)
class FrictionLaw:
    """How often which number is drawn.

    Attributes:
        kind: `uniform`, `log_uniform` (its logarithm is uniform) or `choice`.
        of: `factor`: the number multiplies what the costs say; `value`: it takes its place.
        values: The numbers of a choice; the lowest and the highest of the other two.
        weights: How often each number of a choice is drawn; empty: equally often.
    """

    kind: str
    of: str
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    @classmethod
    def of_setting(cls, where: str, given: object) -> "FrictionLaw":
        """Return the law of a mapping with `kind`, or of two numbers: a uniform factor between them.

        Raises:
            ConfigError: A key or a kind is unknown (with a suggestion), or a number is wrong; begins with `where`.
        """
        if isinstance(given, FrictionLaw):
            return given
        if not isinstance(given, Mapping):
            if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
                raise ConfigError(f"{where} must be [low, high] of a factor, or a mapping such as {{kind: uniform, low: 0.5, "
                                  f"high: 2}}, was {given!r}")
            given = {"kind": "uniform", "low": given[0], "high": given[1]}
        kind, of = given.get("kind"), given.get("of", "factor")
        if not isinstance(kind, str) or kind not in KINDS:
            raise ConfigError(f"{where}.kind must be one of {', '.join(KINDS)}, was {kind!r}{did_you_mean(str(kind), KINDS)}")
        for key in given:
            if key not in ("kind", "of", *KINDS[kind]):
                known = ("of", *KINDS[kind])
                raise ConfigError(f"unknown setting {where}.{key}{did_you_mean(str(key), known) or '; known: ' + ', '.join(known)}")
        if of not in MEANINGS:
            raise ConfigError(f"{where}.of must be factor or value, was {of!r}{did_you_mean(str(of), MEANINGS)}")
        if kind == "choice":
            values = _numbers(f"{where}.values", given.get("values"))
            weights = _numbers(f"{where}.weights", given["weights"]) if given.get("weights") is not None else ()
            if weights and (len(weights) != len(values) or not 0.0 < sum(weights) < math.inf):
                raise ConfigError(f"{where}.weights must be one for each of {len(values)} values, one of them positive, and add up "
                                  f"to a finite number, was {weights}")
            return cls(kind=kind, of=of, values=values, weights=weights)
        low, high = _numbers(where, [given.get(name) for name in KINDS[kind]])
        if low > high or (kind == "log_uniform" and low == 0.0):
            least = "0 < low" if kind == "log_uniform" else "low"
            raise ConfigError(f"{where} needs {least} <= high, was {low:g} and {high:g}")
        if kind == "log_uniform" and not math.isfinite(high / low):
            raise ConfigError(f"{where}: low and high are too far apart for numbers, was {low:g} and {high:g}")
        return cls(kind=kind, of=of, values=(low, high))

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number that can be drawn."""
        return min(self.values), max(self.values)

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Return a number for each of `uniform` in [0, 1), float64 (n,)."""
        if self.kind == "choice":
            weights = np.array(self.weights or (1.0,) * len(self.values))
            upper = np.cumsum(weights) / weights.sum()
            upper[-1] = 1.0
            return np.array(self.values)[np.searchsorted(upper, uniform, side="right")]
        low, high = self.values
        if self.kind == "uniform":
            return np.minimum(low + (high - low) * uniform, high)
        # one by one: NumPy's powers of arrays may differ from those of single numbers in the last bit
        return np.minimum([low * math.pow(high / low, u) for u in uniform.tolist()], high)  # rounded up, it may be past its end


def _numbers(where: str, given: Any) -> tuple[float, ...]:
    listed = isinstance(given, (Sequence, np.ndarray)) and not isinstance(given, str) and len(given) > 0
    for number in given if listed else [given]:
        real = isinstance(number, Real) and not isinstance(number, bool)
        if not (real and math.isfinite(number) and number >= 0.0):
            raise ConfigError(f"{where} needs finite numbers that are not negative, was {number!r}")
    if not listed:
        raise ConfigError(f"{where} must be a list of one or more numbers, was {given!r}")
    return tuple(float(number) for number in given)
