"""Action schemes by name."""

from dataclasses import fields
from typing import Any

from ..errors import ConfigError, UnknownNameError, did_you_mean
from .exposure import Exposure
from .holding import Holding
from .levels import Levels
from .orders import Orders
from .positions import Positions
from .quotes import QuoteGrid, Quotes
from .rebalance import Rebalance
from .scheme import ActionScheme
from .six_actions import SixActions
from .slice import Slice
from .unit_positions import UnitPositions
from .weights import TargetWeights, Weights

__all__ = ["SCHEMES", "action_scheme"]

SCHEMES: dict[str, type[ActionScheme]] = {
    scheme.name: scheme for scheme in (
        SixActions, Positions, Levels, Orders, Exposure, Weights, TargetWeights, Rebalance, Holding, UnitPositions, Slice, Quotes,
        QuoteGrid,
    )
}  # fmt: skip


def action_scheme(name: str, **settings: Any) -> ActionScheme:
    """Return the scheme `name` with `settings` (`n_assets` and the scheme's own).

    A scheme of your own is known as soon as its class stands in `SCHEMES`: `SCHEMES["mine"] = Mine`.

    Raises:
        UnknownNameError: No scheme has that name.
        ConfigError: A setting is unknown or wrong.
    """
    if name not in SCHEMES:
        raise UnknownNameError("action scheme", name, SCHEMES)
    known = [field.name for field in fields(SCHEMES[name])]
    for key in settings:
        if key not in known:
            raise ConfigError(f"unknown setting {name}.{key}{did_you_mean(key, known) or '; known: ' + ', '.join(known)}")
    return SCHEMES[name](**settings)
