"""Domain randomisation: each episode has frictions of its own, drawn from its sub-environment's stream."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..data.spread import SPREAD_MODELS
from ..data.tape import Tape
from ..market.cost import CostSettings, rules_records
from ..market.errors import ConfigError, DataError, UnknownNameError
from ..market.record import copied
from .friction_law import FrictionLaw
from .stream import Streams

__all__ = ["FRICTIONS", "Frictions", "friction_laws"]


class Friction(NamedTuple):
    """What can be drawn: the settings of `CostSettings` that a factor multiplies, and the one that a value takes the place of."""

    scaled: tuple[str, ...]
    valued: str
    check: Callable[[CostSettings, Tape], str]
    """Why it cannot be drawn, and the cure; empty where it can."""


def _fees(costs: CostSettings, tape: Tape) -> str:
    if costs.fees is None:
        return ""
    return "costs.fees names a fee schedule, which all sub-environments share; leave one of the two out"


def _spread(costs: CostSettings, tape: Tape) -> str:
    known = tape.has_terms and not np.isnan(tape.terms["spread"]).all()
    if costs.spread in SPREAD_MODELS or (costs.spread == "tape" and known):
        return f"costs.spread {costs.spread} takes spreads from rows that all sub-environments share; set costs.spread to fixed"
    return ""


def _participation(costs: CostSettings, tape: Tape) -> str:
    if all(instrument.volume_unit is not None for instrument in tape.instruments):
        return ""
    return "the unit of the tape's volumes is unknown; set instrument.volume_unit or leave participation out"


def _borrow(costs: CostSettings, tape: Tape) -> str:
    if not tape.has_terms or np.isnan(tape.terms["borrow_rate"]).all():
        return ""
    return "the tape has borrow rates of its own, which all sub-environments share; leave borrow out"


def _free(costs: CostSettings, tape: Tape) -> str:
    return ""


FRICTIONS: dict[str, Friction] = {
    "fees": Friction(("fee_rate", "maker_fee_rate", "fee_per_unit"), "fee_rate", _fees),
    "spread": Friction(("half_spread_rate",), "half_spread_rate", _spread),
    "slippage": Friction(("slippage_rate",), "slippage_rate", _free),
    "impact": Friction(("impact_coefficient", "impact_temporary", "impact_permanent"), "impact_coefficient", _free),
    "latency": Friction(("latency_ms",), "latency_ms", _free),
    "participation": Friction(("participation",), "participation", _participation),
    "borrow": Friction(("borrow_rate",), "borrow_rate", _borrow),
}
"""What can be drawn, in the order in which it is drawn."""

BY_INTENSITY = ("fees", "borrow")  # quotes that stand around a mid fill at their limits, at once and whole


def friction_laws(randomise: Mapping[str, Any]) -> dict[str, FrictionLaw]:
    """Return the laws of a setting, in the order of `FRICTIONS`.

    Raises:
        ConfigError: No mapping, or a law is wrong; UnknownNameError where a name is none of `FRICTIONS`.
    """
    if not isinstance(randomise, Mapping):
        raise ConfigError(f"randomise must map names of frictions to laws, such as {{fees: [0.5, 2.0]}}, was {randomise!r}")
    for name in randomise:
        if name not in FRICTIONS:
            raise UnknownNameError("friction in randomise", str(name), FRICTIONS)
    return {name: FrictionLaw.of_setting(f"randomise.{name}", randomise[name]) for name in FRICTIONS if name in randomise}


class Frictions:
    """Draws the frictions of episodes and writes them into the RULES of their sub-environments.

    Attributes:
        names: What is drawn, (K,).
        laws: How, by name.
        drawn: The numbers of the running episodes, factors or values as their laws say, float64 (E, K).
    """

    def __init__(self, laws: Mapping[str, FrictionLaw], costs: CostSettings, tape: Tape, n_envs: int) -> None:
        """Check every law at both of its ends.

        Raises:
            ConfigError: A friction does not reach what the costs or the tape say, or a number leaves the range of its setting.
            DataError: Participation is drawn, and the unit of the tape's volumes is unknown.
        """
        self.names, self.laws = tuple(laws), dict(laws)
        self.drawn = np.ones((n_envs, len(laws)))
        self._costs, self._base = costs, rules_records(costs)
        for name, law in laws.items():
            if says := FRICTIONS[name].check(costs, tape):
                raise (DataError if name == "participation" else ConfigError)(f"randomise.{name}: {says}")
            self._check(name, law)

    def _check(self, name: str, law: FrictionLaw) -> None:
        costs, where = self._costs, f"randomise.{name}"
        settings = [setting for setting in FRICTIONS[name].scaled if getattr(costs, setting) is not None]
        if name == "impact":
            settings = ["impact_coefficient"] if costs.impact == "square_root" else ["impact_temporary", "impact_permanent"]
        if law.of == "factor" and not any(getattr(costs, setting) for setting in settings):
            what = ", ".join(f"costs.{setting}" for setting in settings or FRICTIONS[name].scaled)
            raise ConfigError(f"{where}: a factor changes nothing where {what} is 0 or null; set it, or draw values (of: value)")
        if law.of == "value" and name == "impact" and costs.impact != "square_root":
            raise ConfigError(f"{where}: a value is the coefficient of the square-root law, costs.impact was {costs.impact}; draw "
                              "a factor")
        if law.of == "value" and name == "fees" and (costs.maker_fee_rate is not None or costs.fee_per_unit != 0.0):
            raise ConfigError(f"{where}: a value is the one rate of all fills, but costs has a maker_fee_rate or fee_per_unit; "
                              "draw a factor, or leave them out")
        for end in law.ends:
            try:
                self._settings(name, law, end)
            except ConfigError as error:
                raise ConfigError(f"{where}: {end:g} as a {law.of}: {error}") from None

    def _settings(self, name: str, law: FrictionLaw, number: float) -> CostSettings:
        friction = FRICTIONS[name]
        if law.of == "value":
            changes: dict[str, Any] = {friction.valued: number}
        else:
            given = {setting: getattr(self._costs, setting) for setting in friction.scaled}
            changes = {setting: value * number for setting, value in given.items() if value is not None}
        return replace(self._costs, **changes)

    @property
    def adds_working_orders(self) -> bool:
        """Whether market orders may have to wait where the costs alone would let them all be filled at once."""
        waits = self._costs.latency_ms > 0.0 or self._costs.participation is not None
        return not waits and any(name in ("latency", "participation") for name in self.names)

    def require_intensity(self, cure: str) -> None:
        """Raise ConfigError, which ends with `cure`, where a friction does not exist in matching by intensity."""
        for name in self.names:
            if name not in BY_INTENSITY:
                raise ConfigError(f"randomise.{name} means nothing by intensity; {cure}")

    def begin(self, indices: np.ndarray, streams: Streams, rules: np.ndarray) -> None:
        """Draw for the episodes that the sub-environments `indices` (n,) begin: one uniform number for each friction.

        Args:
            indices: Which, int64 (n,).
            streams: Each one's own.
            rules: RULES records of the simulator, (E,); those of `indices` become the costs' own but for what is drawn.
        """
        fresh = np.repeat(self._base, len(indices))
        for k, (name, law) in enumerate(self.laws.items()):
            numbers = law.draw(streams.uniform(indices))
            self.drawn[indices, k] = numbers
            APPLY[name](fresh, numbers, law.of == "value", self._costs)
        # as `CostSettings.sizing_buffer`: orders are sized for what they will cost
        fresh["sizing_buffer"] = fresh["fee_rate"] + fresh["half_spread_rate"] + fresh["slippage_rate"] + self._costs.sizing_margin
        for field in ("close_only", "log_orders"):
            fresh[field] = rules[field][indices]
        whole = f"V{rules.dtype.itemsize}"  # records as they are: field by field is 20 times slower
        rules.view(whole)[indices] = fresh.view(whole)

    def state(self) -> dict[str, np.ndarray]:
        """Return a copy of what was drawn; the rules themselves are part of the simulator's state."""
        return {"drawn": copied(self.drawn)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self.drawn[:] = state["drawn"]


def _apply_fees(rules: np.ndarray, numbers: np.ndarray, as_value: bool, costs: CostSettings) -> None:
    if as_value:
        rules["fee_rate"] = rules["maker_rate"] = numbers
        return
    for field in ("fee_rate", "maker_rate", "fee_per_unit"):
        rules[field] *= numbers


def _apply_impact(rules: np.ndarray, numbers: np.ndarray, as_value: bool, costs: CostSettings) -> None:
    if as_value:
        rules["impact_rate"] = numbers * costs.impact_volatility
        return
    for field in ("impact_rate", "impact_temporary", "impact_permanent"):
        rules[field] *= numbers


def _apply_latency(rules: np.ndarray, numbers: np.ndarray, as_value: bool, costs: CostSettings) -> None:
    rules["latency_ns"] = np.rint((numbers if as_value else costs.latency_ms * numbers) * 1e6).astype(np.int64)


def _apply_to(field: str) -> Callable[[np.ndarray, np.ndarray, bool, CostSettings], None]:
    def apply(rules: np.ndarray, numbers: np.ndarray, as_value: bool, costs: CostSettings) -> None:
        rules[field] = numbers if as_value else rules[field] * numbers

    return apply


APPLY: dict[str, Callable[[np.ndarray, np.ndarray, bool, CostSettings], None]] = {
    "fees": _apply_fees, "spread": _apply_to("half_spread_rate"), "slippage": _apply_to("slippage_rate"), "impact": _apply_impact,
    "latency": _apply_latency, "participation": _apply_to("participation"), "borrow": _apply_to("borrow_rate"),
}  # fmt: skip
