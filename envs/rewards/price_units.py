"""What a step gained, in units of the price at its decision: the level of the price drops out."""

import numpy as np

from ...market.account import COSTS, INCOME
from ...market.desk import Books, Desk
from .reward import Reward

__all__ = ["PriceUnits", "cost_of", "income_of", "marks_before"]


def income_of(step: np.ndarray) -> np.ndarray:
    """Return the income of STEP records (E,), account currency, float64 (E,)."""
    return _sum(step, INCOME)


def cost_of(step: np.ndarray) -> np.ndarray:
    """Return all costs of STEP records (E,), account currency, float64 (E,)."""
    return _sum(step, COSTS)


def _sum(step: np.ndarray, lines: tuple[str, ...]) -> np.ndarray:
    total = np.zeros(len(step))
    for line in lines:
        total += step[line]
    return total


def marks_before(books: Books) -> np.ndarray:
    """Return the closes at which the step that was just played was decided, float64 (E, A)."""
    assert isinstance(books, Desk)
    return np.asarray(books.bars["close"][np.maximum(books.rows - 1, 0)])


class PriceUnits(Reward):
    """(income - all costs) / (units x close of the decision), for accounts that hold up to `units` of one asset.

    A position of a fixed number of units is paid its simple return, and a proportional cost its rate, whatever the price has
    become: what worlds are solved in.

    Attributes:
        units: Of a whole position.
    """

    def __init__(self, units: float) -> None:
        self.units = units

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        return np.asarray((income_of(step) - cost_of(step)) / (self.units * marks_before(books)[:, 0]))
