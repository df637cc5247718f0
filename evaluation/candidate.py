"""A policy of a bundle together with everything it needs to run on a tape, as a stream or in a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..agents.bundle import Bundle
from ..agents.policy import Policy
from ..configs.strict import validate
from ..data.tape import Tape
from ..encoders.table import FeatureTable
from ..envs.observer import Observer
from ..envs.rewards.registry import RewardGiven
from ..market.actions.registry import SCHEMES, action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError
from .backtest import backtest
from .session import Session

__all__ = ["Candidate"]


@dataclass(frozen=True)
class Candidate:
    """Who decides, what it sees, what its decisions mean and under which rules.

    Attributes:
        policy: Decides.
        observer: Builds its observations from rows, its stream at the beginning.
        scheme: Meaning of its decisions.
        costs: Frictions and rules of its account.
        cash: Initial equity, account currency.
        reward: Its reward in training; running moments of it may be part of the observation.
        tape: All assets that its encoders read.
        traded: The assets that it trades.
    """

    policy: Policy
    observer: Observer
    scheme: ActionScheme
    costs: CostSettings
    cash: float
    reward: RewardGiven
    tape: Tape = field(repr=False)
    traded: Tape = field(repr=False)
    bundle: Bundle = field(repr=False)

    @classmethod
    def of(cls, bundle: Bundle, tape: Tape, *, costs: CostSettings | None = None, cash: float | None = None) -> "Candidate":
        """Return the policy of `bundle`, ready for `tape`.

        Args:
            bundle: Who decides and how.
            tape: All assets of the bundle's encoders: the tape of training, or another one with the same assets.
            costs: Rules of the account; None: those of training.
            cash: At the start, account currency; None: that of training.

        Raises:
            ConfigError: The bundle lacks something, was trained on a world that draws its own paths, or the tape has other assets.
        """
        if bundle.context.get("tape") is None:
            raise ConfigError(f"{bundle.path}: trained on a world that draws its own paths; it has no market to run on")
        layout, encoded = bundle.layout, bundle.pipeline().layout.assets
        if tape.symbols != encoded:
            raise ConfigError(
                f"{bundle.path}: its encoders read {', '.join(encoded)} in this order, "
                f"tape {tape.name} has {', '.join(tape.symbols)}"
            )
        traded = tape if layout.assets == tape.symbols else tape.select(layout.assets)
        reward: RewardGiven = _env(bundle).get("reward", "log_return")
        trained, scheme = _costs(bundle), _scheme(bundle)
        return cls(
            policy=bundle.policy,
            observer=Observer(
                bundle.pipeline(), layout, traded.instruments, reward=reward, private=_env(bundle).get("private"), scheme=scheme,
                costs=trained,
            ),
            scheme=scheme,
            costs=trained if costs is None else costs,
            cash=_cash(bundle) if cash is None else float(cash),
            reward=reward,
            tape=tape,
            traded=traded,
            bundle=bundle,
        )

    def table(self) -> FeatureTable:
        """Return the features of every row of the tape that the policy reads, encoded as one batch."""
        whole = self.bundle.pipeline().transform(self.tape)
        return whole if self.traded is self.tape else whole.for_asset(self.traded.symbols[0])

    def backtest(self, rows: tuple[int, int]) -> Session:
        """Return the streamed backtest on rows of the tape: what a paper session over them equals byte for byte."""
        return backtest(self.policy, self.observer, self.tape, rows, self.costs, self.cash, self.scheme)


def _env(bundle: Bundle) -> Mapping[str, Any]:
    env = bundle.context.get("env")
    if not isinstance(env, Mapping):
        raise ConfigError(f"{bundle.path}: the bundle does not say in which environment it was trained")
    return env


def _costs(bundle: Bundle) -> CostSettings:
    if not isinstance(bundle.context.get("costs"), Mapping):
        raise ConfigError(f"{bundle.path}: the bundle does not say with which costs it was trained")
    return validate(CostSettings, bundle.context["costs"], f"{bundle.path}: costs")


def _cash(bundle: Bundle) -> float:
    cash = _env(bundle).get("cash")
    if not isinstance(cash, int | float) or not cash > 0.0:
        raise ConfigError(f"{bundle.path}: env.cash must be a positive number, was {cash!r}")
    return float(cash)


def _scheme(bundle: Bundle) -> ActionScheme:
    action, kind = _env(bundle).get("action"), bundle.policy.scheme
    trained = dict(action) if isinstance(action, Mapping) else {}
    own = trained if trained.pop("kind", kind) == kind else {}  # a rule has a scheme of its own
    if kind not in SCHEMES and own is trained:
        raise ConfigError(f"{bundle.path}: its actions are {kind} of {_env(bundle).get('id')}, which no backtest knows by name; "
                          "play it in that environment, or put a scheme of your own into SCHEMES first")
    return action_scheme(kind, **{"n_assets": bundle.layout.n_assets, **own})
