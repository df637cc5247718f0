"""Units of price: amounts of a step divided by the price at its decision, so that the level of prices drops out."""


import numpy as np

from ...market.account import COSTS
from ...market.actions.setting import is_number
from ...market.desk import Books, Desk
from ...market.errors import ConfigError

__all__ = ["check_not_negative", "check_one_asset", "costs_of", "prices_of"]


def prices_of(step: np.ndarray, books: Books, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the tape's closes at the decision and at the end of a step, account currency per unit, float64 (E,) each.

    Raises:
        ConfigError: There is no tape, or more than one asset.
    """
    if not isinstance(books, Desk):
        raise ConfigError(f"reward {where} counts in units of the price of one asset; it needs an environment that trades one")
    check_one_asset(where, books.n_assets)
    scale = books.instruments["multiplier"][0] * books.position["fx"][:, 0]
    close, row = books.bars["close"][:, 0], step["row"]
    return np.asarray(close[row - 1] * scale), np.asarray(close[row] * scale)


def check_one_asset(where: str, n_assets: int) -> None:
    """Raise ConfigError where a reward in units of price is asked for a world of more assets than one."""
    if n_assets != 1:
        raise ConfigError(f"reward {where} counts in units of the price of one asset; it needs an environment that trades one, "
                          f"this one trades {n_assets}")


def costs_of(step: np.ndarray) -> np.ndarray:
    """Return all costs of STEP records (E,), account currency, float64 (E,)."""
    spent = np.zeros(len(step))
    for line in COSTS:
        spent += step[line]
    return spent


def check_not_negative(where: str, **values: float) -> None:
    """Raise ConfigError where a setting of the reward `where` is negative or not finite."""
    for name, value in values.items():
        if not (is_number(value) and value >= 0.0):
            raise ConfigError(f"{where}.{name} must be finite and not negative, was {value!r}")
