"""`quantgym/StrategySelection-v0`: which of K strategies runs next, or what mix of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.table import FeatureTable
from ...market.actions.scheme import ActionScheme
from ...market.errors import ConfigError, ShapeError
from ..batch import TradingVectorEnv
from ..parts.part import Part
from ..single import SingleEnv
from ..world import Features, Rows, Tapes, World, build_world
from .bound import bound_scheme
from .choice import CHOICE_SCHEMES, ChoicePart, Followed
from .strategy import Strategies, StrategiesGiven, strategies_of, with_performance

__all__ = ["SelectionEnv", "SelectionVectorEnv"]

DEFAULT: tuple[str, ...] = ("cash", "hold", "ma_cross", "momentum")


class SelectionVectorEnv(TradingVectorEnv):
    """E accounts that follow one of K strategies, or a mix, over the A assets of a tape; otherwise as `TradingVectorEnv`.

    A strategy is a column of target weights for each asset. What is observed: the market, how each strategy has done lately on
    paper (`return_<name>`, `drawdown_<name>`, from closed bars alone), the weights held and the mix that is followed. The default
    reward is the log return of equity, so switching costs what its trades cost.

    Attributes:
        strategies: Names and targets.
        followed: What each account follows; read it, never write.
    """

    name: ClassVar[str] = "StrategySelection-v0"
    default_tape: ClassVar[str] = "sample:us-tech"
    defaults: ClassVar[Mapping[str, Any]] = {"action": "choice", "private": "weights"}

    def __init__(self, tape: Tapes | None = None, features: Features = None, *, strategies: StrategiesGiven | None = None,
                 performance_bars: int = 20, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: See `TradingVectorEnv`.
            features: See `TradingVectorEnv`; the performance of the strategies is added to them.
            strategies: See `strategy.strategies_of`; None: `cash`, `hold`, `ma_cross` and `momentum`. Arrays have a row for each of
                the tape's, or of all tapes of a pool one after the other.
            performance_bars: Bars that recent performance looks back.
            settings: See `TradingVectorEnv` and `EnvSettings`; `action` is `choice` or `mix`.

        Raises:
            ConfigError: A strategy or a setting is unknown or wrong.
            ShapeError: Target arrays are not of this tape.
        """
        bars = performance_bars
        if isinstance(bars, bool) or not isinstance(bars, (int, np.integer)) or bars < 1:
            raise ConfigError(f"performance_bars must be an int of 1 or more, was {bars!r}")
        self._asked: StrategiesGiven = DEFAULT if strategies is None else strategies
        self.performance_bars = int(bars)
        super().__init__(tape, features, **settings)
        self._given |= {"strategies": strategies, "performance_bars": performance_bars}

    def build_world(self, tape: Tapes | None, features: Features, rows: Rows, asset: str | None) -> World:
        """Return tape, features with the strategies' performance, and rows; all assets of the tape are traded."""
        if asset is not None:
            raise ConfigError(f"{self.name} trades every asset of its tape, asset was {asset!r}; pass tape.select([...])")
        world = build_world(self.default_tape if tape is None else tape, features, self.encode, rows)
        members = (world.tape,) if world.pool is None else world.pool.members
        bounds = [0, world.tape.n_rows] if world.pool is None else [0, *world.pool.segments[:, 1].tolist()]
        each = [self._strategies(member, start, stop) for member, start, stop in zip(members, bounds, bounds[1:], strict=False)]
        tables = [with_performance(world.table.slice(start, stop), member, one, self.performance_bars)
                  for member, one, start, stop in zip(members, each, bounds, bounds[1:], strict=False)]
        self.strategies = Strategies(each[0].names, np.concatenate([one.targets for one in each]))
        values = np.ascontiguousarray(np.concatenate([table.values for table in tables]))
        encode, named = world.encode, not isinstance(self._asked, (np.ndarray, Mapping))

        def shown(given: Tape) -> FeatureTable:
            assert encode is not None
            own = self._strategies(given, 0, given.n_rows) if named else replace(self.strategies)
            return with_performance(encode(given), given, own, self.performance_bars)

        known = None if encode is None or (not named and world.pool is not None) else shown
        return replace(world, table=replace(tables[0], values=values, tape_digest=world.table.tape_digest), encode=known)

    def _strategies(self, member: Tape, start: int, stop: int) -> Strategies:
        given = self._asked
        if isinstance(given, np.ndarray):
            if given.ndim not in (2, 3) or len(given) < stop:
                raise ShapeError(f"strategies must be an array (T, K, A), or (T, K) of one asset, of {stop} rows or more, was "
                                 f"{given.shape}")
            given = given[start:stop]
        elif isinstance(given, Mapping):
            given = {name: np.asarray(values)[start:stop] for name, values in given.items()}
        return strategies_of(given, member)

    def build_scheme(self) -> ActionScheme:
        """Return what actions mean, bound to the strategies."""
        self.followed = Followed(self.strategies, self.num_envs)
        made: ActionScheme = bound_scheme(self.settings.action, CHOICE_SCHEMES, self.name, task=self.followed,
                                          n_assets=self.tape.n_assets)  # fmt: skip
        return made

    def extra_parts(self) -> Sequence[Part]:
        """Return what is followed."""
        return (ChoicePart(self.followed),)

    def on_begin(self, indices: np.ndarray) -> None:
        """Nothing is followed before the first decision."""
        self.followed.begin(indices)

    def caption(self, env: int) -> str:
        """See `TradingVectorEnv.caption`: what is followed."""
        mix = zip(self.strategies.names, self.followed.mix[env], strict=True)
        shares = [f"{name} {share:.0%}" for name, share in mix if share >= 0.005]
        return f"follows {', '.join(shares)}" if shares else "follows nothing yet"

    def own_state(self) -> dict[str, Any]:
        """See `TradingVectorEnv.own_state`: what is followed."""
        return {"followed": self.followed.state()}

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        self.followed.load(state["followed"])


class SelectionEnv(SingleEnv):
    """`quantgym/StrategySelection-v0`: see `SelectionVectorEnv`."""

    batch_class = SelectionVectorEnv
