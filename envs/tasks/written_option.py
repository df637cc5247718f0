"""A written call that lives for an episode: what it is worth, what is observed of it, how it is hedged, what hedging pays."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ...encoders.column import Column
from ...market.actions.holding import hold_batch
from ...market.actions.scheme import ActionScheme
from ...market.actions.setting import is_number
from ...market.desk import Books, Desk
from ...market.errors import ConfigError
from ..optimum.black_scholes import call_price
from ..parts.part import Part
from ..rewards.price import costs_of
from ..rewards.reward import Reward

__all__ = ["HedgeReward", "HedgeScheme", "OptionPart", "WrittenOption"]

LIMIT = 100.0


@dataclass(frozen=True, eq=False, repr=False)
class WrittenOption:
    """One call a sub-environment, written at the money in the first row of its episode, that matures in the last one.

    It is on the price with dividends, splits and rolls added back, in one unit; interest is 0, and its worth that of Black and
    Scholes at the volatility of the row. Everything follows from an episode's rows, so nothing is remembered.

    Attributes:
        price: Of the underlying with dividends, splits and rolls added back, (T,).
        carried: Units of the asset in one unit of that price, (T,): grows with splits and dividends.
        paid: Account currency for one unit of the asset at its close, (T,).
        deviation: Volatility of a bar at which the option is valued in each row, (T,).
        share: Part of the initial equity that the underlying of the whole option is worth when it is written.
    """

    price: np.ndarray
    carried: np.ndarray
    paid: np.ndarray
    deviation: np.ndarray
    share: float

    def moneyness(self, books: Books, back: int = 0) -> np.ndarray:
        """Return price over strike, (E,), at the last mark or `back` rows before it."""
        at = self.price[np.maximum(books.rows - back, books.episode["first_row"])]
        return np.asarray(at / self.price[books.episode["first_row"]])

    def bars_left(self, books: Books, back: int = 0) -> np.ndarray:
        """Return bars to maturity, int64 (E,)."""
        return np.asarray(np.maximum(books.episode["last_row"] - books.rows, 0) + back)

    def worth(self, books: Books, back: int = 0) -> np.ndarray:
        """Return the worth of the option in units of its strike, (E,)."""
        rows = np.maximum(books.rows - back, books.episode["first_row"])
        left = self.deviation[rows] * np.sqrt(self.bars_left(books, back))
        return call_price(self.moneyness(books, back), 1.0, left)

    def units(self, books: Books, back: int = 0) -> np.ndarray:
        """Return the units of the asset that a hedge ratio of 1 holds, (E,)."""
        first = books.episode["first_row"]
        rows = np.maximum(books.rows - back, first)
        written = self.share * books.account["initial_equity"] / self.paid[first]
        return np.asarray(written * self.carried[rows] / self.carried[first])


class OptionPart(Part):
    """Moneyness and implied volatility in percent, time left and the hedge ratio that is held."""

    columns = (
        Column("moneyness", "percent", -LIMIT, LIMIT),  # 100 ln(price / strike)
        Column("time_left", "fraction", 0.0, 1.0),  # bars to maturity / bars of the option
        Column("implied_volatility", "percent", 0.0, LIMIT),  # of a bar
        Column("held", "fraction", -1.0, 1.0),  # units held / units of the option
    )

    def __init__(self, option: WrittenOption) -> None:
        self._option = option

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        option, life = self._option, books.episode["last_row"] - books.episode["first_row"]
        held = books.position["units"][:, 0] / option.units(books)
        columns = (100.0 * np.log(option.moneyness(books)), option.bars_left(books) / np.maximum(life, 1),
                   100.0 * option.deviation[books.rows], held)
        for index, (values, column) in enumerate(zip(columns, self.columns, strict=True)):
            out[active, at + index] = np.clip(values, column.low, column.high)[active]


@dataclass(frozen=True, kw_only=True)
class HedgeScheme(ActionScheme):
    """One number in [-1, 1]: the units of the underlying that are held, over those of the option.

    Attributes:
        option: The option.
    """

    option: WrittenOption = field(repr=False, compare=False)

    name: ClassVar[str] = "hedge"
    discrete: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """The hedge ratio."""
        return 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of the number."""
        return ("hedge_ratio",)

    def plain(self) -> dict[str, Any]:
        """Return its name: what the option is, its environment knows."""
        return {"kind": self.name}

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        hold_batch(actions * self.option.units(desk)[:, None], *desk.sheets)


class HedgeReward(Reward):
    """g - risk / 2 g^2 - costs: g is the income of the hedge less what the option has gained, all per unit of the option and in
    units of the price at the decision.

    Attributes:
        risk: Aversion, per unit of return.
        option: The option; the environment sets it.
    """

    def __init__(self, risk: float) -> None:
        if not (is_number(risk) and risk >= 0.0):
            raise ConfigError(f"risk must be finite and not negative, was {risk!r}")
        self.risk = risk
        self.option: WrittenOption | None = None

    def check_world(self, n_assets: int) -> None:
        """See `Reward.check_world`."""
        if self.option is None:
            raise ConfigError("HedgeReward pays in environments that write an option alone")

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        self.check_world(books.n_assets)
        option = self.option
        assert option is not None
        before = np.maximum(books.rows - 1, books.episode["first_row"])
        notional = option.units(books, back=1) * option.paid[before]
        gained = (option.worth(books) - option.worth(books, back=1)) / option.moneyness(books, back=1)
        costs = costs_of(step)
        gain = (step["equity"] - step["equity_before"] + costs) / notional - gained
        return np.asarray(gain - 0.5 * self.risk * gain * gain - costs / notional)
