"""Training that begins from the weights of a bundle, whatever the backend."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from torch import nn

from ..agents.bundle import Bundle, load_bundle
from ..agents.network_policy import NetworkPolicy
from ..encoders.column import Column
from ..encoders.layout import Layout
from ..market.errors import ConfigError
from .preparation import Prepared

__all__ = ["check_start", "warm_start"]

UNASKED = ("reading", "forecast")  # what it reads is said by its columns, and the head of forecasts decides nothing


def warm_start(network: nn.Module, prepared: Prepared) -> bool:
    """Load the weights of the bundle `training.start_from` into a new network of the job; nothing where the job names none.

    A head of forecasts that only one of both has is left out, or stays new: it decides nothing.

    Learners call it right after they have built the network; target networks are copied from it afterwards.

    Args:
        network: What `build_network(prepared.network, seed)` returned; changed in place.
        prepared: The job.

    Returns:
        Whether weights were loaded.

    Raises:
        ConfigError: The bundle holds another network or a rule, reads other columns or decides in other actions.
        IntegrityError: There is no bundle, or it is damaged.
    """
    policy = check_start(prepared)
    if policy is None:
        return False
    own = network.state_dict()
    given = {name: value for name, value in policy.network.state_dict().items() if name in own or not _forecasts(name)}
    network.load_state_dict({name: value for name, value in own.items() if _forecasts(name)} | given)
    return True


def _forecasts(name: str) -> bool:
    return "forecaster" in name.split(".")


def check_start(prepared: Prepared) -> NetworkPolicy | None:
    """Return the policy of the bundle `training.start_from`, None where the job names none; raises as `warm_start` does."""
    place = prepared.job.training.start_from
    if place is None:
        return None
    bundle = load_bundle(place)
    policy = bundle.policy
    if not isinstance(policy, NetworkPolicy):
        raise ConfigError(f"training.start_from: {place} holds the rule {policy.name}, which has no weights; learn it with "
                          "agent.algorithm: BC first")
    if _as_named(bundle.layout) != _as_named(prepared.layout):
        odd = _odd_column(bundle, prepared)
        raise ConfigError(f"training.start_from: {place} reads other columns than this job observes ({odd}); use the encoders, "
                          "assets, window and private part that it was trained with")
    _check_same("agent", _unfrozen(policy.settings.plain()), _unfrozen(prepared.network.plain()), place)
    _check_same("env.action", _action(bundle), prepared.action, place)
    return policy


def _as_named(layout: Layout) -> Layout:
    """Return the layout without shifts and scales: those are of the encoders, which are fitted on the job's own training rows."""
    return replace(
        layout, market_global=_unscaled(layout.market_global), market_asset=_unscaled(layout.market_asset),
        private=_unscaled(layout.private),
    )  # fmt: skip


def _unscaled(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(replace(column, shift=0.0, scale=1.0) for column in columns)


def _check_same(where: str, theirs: Mapping[str, Any], mine: Mapping[str, Any], place: str) -> None:
    for name in (*mine, *(other for other in theirs if other not in mine)):
        if name not in UNASKED and theirs.get(name) != mine.get(name):
            raise ConfigError(f"training.start_from: {place} has {where} with {name} {theirs.get(name)}, this job has "
                              f"{mine.get(name)}; they must be the same")


def _unfrozen(network: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a network that do not say whether its body learns."""
    body = network["body"]
    return {**network, "body": body and {name: value for name, value in body.items() if name != "frozen"}}


def _action(bundle: Bundle) -> Mapping[str, Any]:
    env = bundle.context.get("env")
    action = env.get("action") if isinstance(env, Mapping) else None
    return action if isinstance(action, Mapping) else {"kind": bundle.policy.scheme}


def _odd_column(bundle: Bundle, prepared: Prepared) -> str:
    theirs, mine = bundle.layout, prepared.layout
    for ours, other in zip((*mine.names, *(c.name for c in mine.private)), (*theirs.names, *(c.name for c in theirs.private)),
                           strict=False):  # fmt: skip
        if ours != other:
            return f"{other} where this job has {ours}"
    if theirs.size != mine.size:
        return f"{theirs.size} numbers, this job has {mine.size}"
    plain, own = (_as_named(one) for one in (theirs, mine))
    odd = next(one.name for one in fields(plain) if getattr(plain, one.name) != getattr(own, one.name))
    return f"{odd} {getattr(plain, odd)}, this job has {getattr(own, odd)}"
