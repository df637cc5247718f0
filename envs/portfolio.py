"""`quantgym/Portfolio-v0`: target weights over the assets of a tape and cash."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ..market.errors import ConfigError
from .batch import TradingVectorEnv
from .world import Features, Rows, Tapes, World, build_world

__all__ = ["PortfolioVectorEnv"]


class PortfolioVectorEnv(TradingVectorEnv):
    """E portfolios over the A assets of a tape; otherwise as `TradingVectorEnv`.

    The action (A + 1 numbers in [-1, 1], cash last) becomes long-only weights as the scheme `weights` says.
    """

    name: ClassVar[str] = "Portfolio-v0"
    default_tape: ClassVar[str] = "sample:us-tech"
    defaults: ClassVar[Mapping[str, Any]] = {"action": "weights", "private": "weights"}

    def build_world(self, tape: Tapes | None, features: Features, rows: Rows, asset: str | None) -> World:
        """Return tape, features and rows of the constructor's arguments; all assets of the tape are traded."""
        if asset is not None:
            raise ConfigError(f"Portfolio-v0 trades every asset of its tape, asset was {asset!r}; pass tape.select([...]) for some "
                              "of them, or make quantgym/Trading-v0 for one")
        return build_world(self.default_tape if tape is None else tape, features, self.encode, rows)
