"""From a bundle to a strategy: the same parts for the paper session and for the backtest that it must equal."""

from collections.abc import Mapping
from typing import Any

from ..agents.bundle import Bundle
from ..configs.strict import validate
from ..data.tape import Tape
from ..envs.observer import Observer
from ..evaluation.backtest import backtest
from ..evaluation.session import Session
from ..market.actions.registry import action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError
from .session import Strategy

__all__ = ["build_strategy", "cash_of", "costs_of", "reference_backtest"]


def build_strategy(bundle: Bundle, tape: Tape, costs: CostSettings | None = None, cash: float | None = None) -> Strategy:
    """Return the strategy of a bundle on a tape, its stream at the beginning.

    Args:
        bundle: Who decides and how.
        tape: All assets of the bundle's encoders.
        costs: Rules of the account; None: those of training.
        cash: At the start, account currency; None: that of training.

    Raises:
        ConfigError: The bundle lacks something, or names what does not exist.
        DataError: The tape has not the bundle's assets.
    """
    instruments = tuple(tape.instruments[tape.index_of(symbol)] for symbol in bundle.layout.assets)
    reward: str | Mapping[str, Any] = _env(bundle).get("reward", "log_return")
    return Strategy(
        policy=bundle.policy,
        observer=Observer(bundle.pipeline(), bundle.layout, instruments, reward=reward, costs=costs_of(bundle)),
        scheme=_scheme(bundle),
        costs=costs_of(bundle) if costs is None else costs,
        instruments=instruments,
        cash=cash_of(bundle) if cash is None else cash,
    )


def reference_backtest(
    bundle: Bundle, tape: Tape, rows: tuple[int, int], costs: CostSettings | None = None, cash: float | None = None
) -> Session:
    """Return the backtest of a bundle on rows of a tape: what a paper session over them must equal byte for byte.

    Args and errors are those of `build_strategy` and `evaluation.backtest`.
    """
    own = build_strategy(bundle, tape, costs, cash)
    return backtest(own.policy, own.observer, tape, rows, own.costs, own.cash, own.scheme)


def costs_of(bundle: Bundle) -> CostSettings:
    """Return the costs that a bundle was trained with; ConfigError where they are missing or wrong."""
    if not isinstance(bundle.context.get("costs"), Mapping):
        raise ConfigError(f"{bundle.path}: the bundle names no costs; pass them")
    return validate(CostSettings, bundle.context["costs"], f"{bundle.path}: costs")


def cash_of(bundle: Bundle) -> float:
    """Return the initial equity of training, account currency; ConfigError where it is missing or not positive."""
    cash = _env(bundle).get("cash")
    if not isinstance(cash, int | float) or not cash > 0.0:
        raise ConfigError(f"{bundle.path}: env.cash must be a positive number, was {cash!r}; pass the cash")
    return float(cash)


def _env(bundle: Bundle) -> Mapping[str, Any]:
    env = bundle.context.get("env")
    if not isinstance(env, Mapping):
        raise ConfigError(f"{bundle.path}: the bundle does not say in which environment it was trained")
    return env


def _scheme(bundle: Bundle) -> ActionScheme:
    action, name = _env(bundle).get("action"), bundle.policy.scheme
    own = action if isinstance(action, Mapping) and action.get("kind") == name else {}
    settings = {key: value for key, value in own.items() if key != "kind"}
    return action_scheme(name, **{"n_assets": bundle.layout.n_assets, **settings})
