"""`quantgym/OptionHedging-v0`: hedging a written call on any tape."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np

from ...data.tape import Tape
from ...market.actions.setting import is_number
from ...market.errors import ConfigError, did_you_mean
from ..batch import TradingVectorEnv
from ..single import SingleEnv
from ..world import Features, World
from .hedging import Hedging
from .written_option import HedgeReward, WrittenOption

__all__ = ["OptionHedgingEnv", "OptionHedgingVectorEnv", "realised_volatility"]

LEAST = 1e-6  # volatility of a bar; a price that never moved has a worth that is defined


def realised_volatility(tape: Tape, n_bars: int) -> np.ndarray:
    """Return the root of the mean squared total log return of the last `n_bars` rows of a one-asset tape, (T,), at least 1e-6.

    Row t uses rows <= t only; the first rows use those there are.
    """
    squared = np.square(tape.log_return()[:, 0])
    total = np.concatenate([[0.0], np.cumsum(squared)])
    rows = np.arange(1, tape.n_rows + 1)
    first = np.maximum(rows - n_bars, 0)
    return np.asarray(np.maximum(np.sqrt(np.maximum(total[rows] - total[first], 0.0) / (rows - first)), LEAST))


class OptionHedgingVectorEnv(Hedging, TradingVectorEnv):
    """E writers of a call, at the money when an episode begins, that matures when it ends; the action is the hedge ratio.

    The option is on the price with dividends, splits and rolls added back. It is worth what Black and Scholes say at the implied
    volatility of the row, so a rise of that is a loss, and matures at its payoff: the episode is then terminated. The reward is g -
    risk / 2 g^2 - costs, g the P&L of hedge and option per unit of the option, in units of the price at the decision. The
    premium and the option itself are not in the account, which holds the hedge alone.
    """

    name: ClassVar[str] = "OptionHedging-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": "hedge", "private": (), "episode_bars": 120}

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, risk: float = 1_000.0,
                 implied_volatility: float | Literal["realised"] = "realised", volatility_bars: int = 60, share: float = 0.5,
                 **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: As `TradingVectorEnv`.
            features: As `TradingVectorEnv`.
            risk: Aversion, per unit of return.
            implied_volatility: Of the log return of a bar: a number, or `realised`, that of the last `volatility_bars` rows.
            volatility_bars: Rows that `realised` looks back; episodes start after as many.
            share: Part of the initial equity that the underlying of the option is worth when it is written.
            settings: See `EnvSettings`; `action` and `reward` are the environment's own.

        Raises:
            ConfigError: A value is out of its range, or an action or reward was given.
        """
        if isinstance(implied_volatility, str):
            if implied_volatility != "realised":
                raise ConfigError(f"implied_volatility must be a number or 'realised', was {implied_volatility!r}"
                                  f"{did_you_mean(implied_volatility, ('realised',))}")
        elif not (is_number(implied_volatility) and implied_volatility > 0.0):
            raise ConfigError(f"implied_volatility must be positive and finite, was {implied_volatility!r}")
        if isinstance(volatility_bars, bool) or not isinstance(volatility_bars, int) or volatility_bars < 1:
            raise ConfigError(f"volatility_bars must be an int of 1 or more, was {volatility_bars!r}")
        if not (is_number(share) and 0.0 < share <= 1.0):
            raise ConfigError(f"share must lie in (0, 1], was {share!r}")
        own = {"risk": risk, "implied_volatility": implied_volatility, "volatility_bars": volatility_bars, "share": share}
        self._implied, self._look_back, self._share = implied_volatility, volatility_bars, share
        if settings.get("reward") is None:
            settings["reward"] = HedgeReward(risk)
        super().__init__(tape, features, **settings)
        self._given |= own | {"reward": None}

    def _assemble(self, world: World) -> None:
        if self._implied == "realised":
            layout = world.table.layout
            longer = replace(layout, warmup=max(layout.warmup, self._look_back))
            world = replace(world, table=replace(world.table, layout=longer))
        super()._assemble(world)

    def write_option(self, world: World) -> WrittenOption:
        """See `Hedging.write_option`."""
        tape = world.tape
        close = tape.close[:, 0]
        price = np.exp(np.cumsum(tape.log_return()[:, 0]))
        carried = np.divide(price, close, out=np.ones_like(close), where=close > 0.0)
        fx = tape.terms["fx"][:, 0] if tape.has_terms else 1.0
        paid = np.where(close > 0.0, close * tape.instruments[0].multiplier * fx, 1.0)
        if isinstance(self._implied, str):
            deviation = realised_volatility(tape, self._look_back)
        else:
            deviation = np.full(tape.n_rows, float(self._implied))
        return WrittenOption(price, carried, paid, deviation, self._share)


class OptionHedgingEnv(SingleEnv):
    """`quantgym/OptionHedging-v0`: see `OptionHedgingVectorEnv`."""

    batch_class = OptionHedgingVectorEnv
