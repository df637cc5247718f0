"""All forms of an observation hold the same numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...encoders.form import flat_of_dict, flat_of_reference
from ...market.errors import QuantgymError
from ..batch import TradingVectorEnv
from .player import VectorPlayer
from .report import NotCheckable
from .subject import Subject

__all__ = ["forms_hold_the_same_numbers"]

OTHERS = ("dict", "reference")


def forms_hold_the_same_numbers(subject: Subject) -> Iterator[str]:
    """What `dict` and `reference` show is the flat observation, to the bit, at the end of episodes too."""
    env = subject.native
    if env is None:
        raise NotCheckable("it shows its observations in one form")
    flat = env.rebuild(observation="flat")
    seen = _flat(flat, subject, "flat")
    for form in OTHERS if env.world.source is not None else OTHERS[:1]:  # rows that are drawn anew cannot be referred to
        try:
            other = env.rebuild(observation=form)
        except QuantgymError as error:
            yield f"observation={form!r} cannot be made: {error}"
            continue
        for step, (mine, theirs) in enumerate(zip(seen, _flat(other, subject, form), strict=True)):
            for name, one, two in zip(("observation", "final observation"), mine, theirs, strict=True):
                if one is None or two is None:
                    continue
                if one.tobytes() != two.tobytes():
                    where = np.flatnonzero((one != two).reshape(-1))
                    what = f" in place {int(where[0]) % flat.layout.size} of its {flat.layout.size} numbers" if len(where) else ""
                    when = "the reset" if step == 0 else f"step {step - 1}"
                    yield f"{form}: the {name} of {when} differs from the flat one{what}"
                    break
            else:
                continue
            break


def _flat(env: TradingVectorEnv, subject: Subject, form: str) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """Return flat observations (E, D) and final ones (n, D) of every turn; None where they cannot be known any more."""
    player = VectorPlayer(env)
    observations, _ = env.reset(seed=subject.seed)
    out: list[tuple[np.ndarray | None, np.ndarray | None]] = [(_as_flat(env, observations, form), None)]
    for action in subject.actions():
        observations, _, _, _, info = env.step(player.batched(action))
        final = [one for one in info.get("final_obs", ()) if one is not None]
        out.append((_as_flat(env, observations, form), _as_flat(env, _stacked(final), form) if final else None))
    return out


def _stacked(final: list[Any]) -> Any:
    if isinstance(final[0], dict):
        return {name: np.stack([one[name] for one in final]) for name in final[0]}
    return np.stack(final)


def _as_flat(env: TradingVectorEnv, observations: Any, form: str) -> np.ndarray:
    if form == "dict":
        return flat_of_dict(observations, env.layout)
    if form == "reference":
        return flat_of_reference(observations, env.world.table, env.layout)
    return np.array(observations)
