"""All checks, in order, and what they found."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...market.errors import ConfigError, IntegrityError, UnknownNameError
from .autoreset import episodes_begin_again_as_declared
from .ending import ends_say_why
from .feature import features_decide_nothing
from .form import forms_hold_the_same_numbers
from .growth import memory_does_not_grow, steps_do_not_slow_down
from .independence import one_alone_equals_one_of_many, others_change_nothing
from .ledger import books_agree
from .lookahead import features_know_no_later_row, play_knows_no_later_row
from .refusal import bad_actions_leave_no_trace, steps_out_of_turn_are_refused
from .remembrance import new_episodes_remember_nothing
from .report import EnvReport, NotCheckable
from .reward import every_step_is_paid_once
from .seeding import globals_are_left_alone, seeds_decide_everything
from .space import memory_is_not_shared, observations_lie_in_their_space
from .state import state_goes_on
from .subject import Subject, subject_of

__all__ = ["CHECKS", "check"]

CHECKS: dict[str, Callable[[Subject], Iterator[str]]] = {
    "spaces": observations_lie_in_their_space,
    "forms": forms_hold_the_same_numbers,
    "shared memory": memory_is_not_shared,
    "seeding": seeds_decide_everything,
    "global state": globals_are_left_alone,
    "independence": others_change_nothing,
    "single": one_alone_equals_one_of_many,
    "bad actions": bad_actions_leave_no_trace,
    "out of turn": steps_out_of_turn_are_refused,
    "autoreset": episodes_begin_again_as_declared,
    "new episode": new_episodes_remember_nothing,
    "ends": ends_say_why,
    "books": books_agree,
    "rewards": every_step_is_paid_once,
    "features": features_decide_nothing,
    "no future in play": play_knows_no_later_row,
    "lookahead": features_know_no_later_row,
    "state": state_goes_on,
    "memory": memory_does_not_grow,
    "time": steps_do_not_slow_down,
}
"""Every check: called with a subject; yields faults in words, or raises `NotCheckable`."""


def check(id_or_env: Any, *, n_envs: int = 7, seed: int = 0, checks: Sequence[str] | None = None, **settings: Any) -> EnvReport:
    """Prove that an environment keeps the rules of `docs/environments.md`, by playing it.

    Ours are checked whole. Of any other environment of Gymnasium's what can be is checked: spaces, seeding, independence, refusal
    of bad actions, autoreset, and books and rewards where `info` carries `equity`; the rest is in `skipped`, with the reason.
    Environments that are passed in are built anew or copied, never played; wrappers around ours are not looked at,
    which `skipped` says.

    Args:
        id_or_env: An id; an environment, single or batch; or a class or function that makes one (with `num_envs` where it takes
            that).
        n_envs: Sub-environments in the batches that are played, 2 or more.
        seed: Of everything random.
        checks: Names of the checks to be made; None: all of `CHECKS`.
        settings: Passed on to what makes the environment.

    Raises:
        IntegrityError: A rule is broken; one line for each fault, `name: check: fault`.
        ConfigError: It is no environment, or one that cannot be built again; an argument is of the wrong kind.
        UnknownNameError: There is no such check; carries a suggestion.
    """
    _accept(n_envs, seed, checks)
    subject = subject_of(id_or_env, n_envs, seed, settings)
    faults: list[str] = []
    passed: list[str] = []
    skipped: list[str] = []
    for name, examine in CHECKS.items():
        if checks is not None and name not in checks:
            continue
        found: list[str] = []
        try:
            for fault in examine(subject):
                found.append(fault)  # noqa: PERF402 (what was found before a check gives up counts)
        except NotCheckable as reason:
            if not found:
                skipped.append(f"{name}: {reason}")
                continue
        except Exception as error:  # what is checked may break anywhere
            found.append(str(error) if isinstance(error, IntegrityError) else f"stopped with {type(error).__name__}: {error}")
        faults += [f"{subject.name}: {name}: {fault}" for fault in found]
        passed += [] if found else [name]
    if faults:
        raise IntegrityError("\n".join(faults))
    skipped += [f"wrappers: {', '.join(subject.around)}: what is inside was played without them"] if subject.around else []
    leaks = bool(subject.native is not None and subject.native.leaks)
    return EnvReport(tuple(passed), tuple(skipped), leaks)


def _accept(n_envs: int, seed: int, checks: Sequence[str] | None) -> None:
    for name, value, least in (("n_envs", n_envs, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"check: {name} must be an int of {least} or more, was {value!r}")
    if checks is None:
        return
    if isinstance(checks, str) or not len(checks):
        raise ConfigError(f"check: checks must be a sequence of names, such as ['spaces'], or None for all, was {checks!r}")
    for name in checks:
        if name not in CHECKS:
            raise UnknownNameError("check", name, CHECKS)
