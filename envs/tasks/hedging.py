"""`Hedging`: what environments in which a written call is hedged have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...market.actions.scheme import ActionScheme
from ...market.errors import ConfigError
from ..parts.part import Part
from ..world import World
from .written_option import HedgeReward, HedgeScheme, OptionPart, WrittenOption

if TYPE_CHECKING:
    from ..batch import TradingVectorEnv as _Base
else:
    _Base = ABC

__all__ = ["Hedging"]


class Hedging(_Base):
    """Mixin over `TradingVectorEnv`: action, parts, reward and end of an episode in which one written call is hedged.

    Attributes:
        option: The options of all sub-environments.
    """

    option: WrittenOption

    @abstractmethod
    def write_option(self, world: World) -> WrittenOption:
        """Return the options of a world."""

    def _assemble(self, world: World) -> None:
        if not isinstance(self.settings.reward, HedgeReward):
            raise ConfigError(f"{self.name} pays the hedge of its option, reward was {self.settings.reward!r}; leave reward out "
                              "and set risk")
        self.option = self.write_option(world)
        super()._assemble(world)

    def build_scheme(self) -> ActionScheme:
        """See `TradingVectorEnv.build_scheme`."""
        if self.settings.action not in ("hedge", {"kind": "hedge"}):
            raise ConfigError(f"{self.name} decides on the hedge ratio, action was {self.settings.action!r}; leave action out")
        return HedgeScheme(option=self.option)

    def extra_parts(self) -> Sequence[Part]:
        """See `TradingVectorEnv.extra_parts`."""
        assert isinstance(self.reward, HedgeReward)
        self.reward.option = self.option
        return (OptionPart(self.option),)

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """See `TradingVectorEnv.task_done`: the option matures in the last row of its episode."""
        done: Any = self.simulator.rows >= self.books.episode["last_row"]
        return np.asarray(done)
