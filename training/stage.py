"""The world of one stage of a curriculum: some options of the environment are others, and trading costs more or less."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..configs.job import StageSettings
from ..market.cost import CostSettings
from ..market.errors import ConfigError
from .environment import Blueprint

__all__ = ["stage_at", "staged"]

SCALED = ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_coefficient", "impact_temporary",
          "impact_permanent", "borrow_rate", "margin_interest_rate", "liquidation_fee_rate")  # fmt: skip
FIXED = ("id", "action", "window", "private", "asset")
"""What decides the shape of observations and actions, and with it the network."""


def stage_at(stages: Sequence[StageSettings], share: float) -> int | None:
    """Return the number of the stage that holds at `share` of the iterations; None before the first."""
    found = [number for number, stage in enumerate(stages) if stage.start <= share]
    return found[-1] if found else None


def staged(blueprint: Blueprint, stage: StageSettings, where: str) -> Blueprint:
    """Return the world of `stage`.

    Args:
        blueprint: The world of the job.
        stage: Its options stand above those of the job; `env.options` is merged, as a job's is.
        where: Of the stage, such as `training.stages.1`.

    Raises:
        ConfigError: The stage changes what the network's shape depends on, or costs that no factor can change.
    """
    changes: dict[str, Any] = dict(stage.env)
    options = changes.pop("options", {})
    for name in FIXED:
        if name in changes:
            raise ConfigError(f"{where}.env.{name} must be the same in all stages, since the network depends on it; set it in env")
    if not isinstance(options, dict):
        raise ConfigError(f"{where}.env.options must be a mapping, was {options!r}")
    settings = {name: value for name, value in (blueprint.settings | changes | options).items() if value is not None}
    return replace(blueprint, settings=settings, costs=_costs(blueprint, stage.friction, where))


def _costs(blueprint: Blueprint, friction: float, where: str) -> CostSettings | None:
    costs = blueprint.costs
    if friction == 1.0:
        return costs
    if costs is None:
        raise ConfigError(f"{where}.friction: {blueprint.id} has costs of its own; change them with {where}.env.options")
    if friction == 0.0:
        return costs.without_costs()
    if costs.fees is not None:
        raise ConfigError(f"{where}.friction must be 0 or 1 where costs.fees names a schedule, was {friction}")
    if costs.spread not in ("fixed", "tape") or (costs.spread == "tape" and _recorded(blueprint, "spread")):
        cure = "or set costs.spread=fixed"
        raise ConfigError(f"{where}.friction must be 0 or 1 where the tape says the spread, was {friction}; {cure}")
    if _recorded(blueprint, "borrow_rate"):
        raise ConfigError(f"{where}.friction must be 0 or 1 where the tape says what borrowing costs, was {friction}")
    scaled: dict[str, Any] = {name: getattr(costs, name) * friction for name in SCALED}
    if costs.maker_fee_rate is not None:
        scaled["maker_fee_rate"] = costs.maker_fee_rate * friction
    return replace(costs, **scaled)


def _recorded(blueprint: Blueprint, term: str) -> bool:
    terms = None if blueprint.tape is None else blueprint.tape.terms
    return terms is not None and bool(np.isfinite(terms[term]).any())
