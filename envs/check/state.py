"""State that is saved in the middle of an episode and restored goes on identically."""

from collections.abc import Iterator
from copy import deepcopy

from .report import NotCheckable
from .subject import Subject
from .trace import trace

__all__ = ["state_goes_on"]


def state_goes_on(subject: Subject) -> Iterator[str]:
    """`get_state` in the middle of an episode disturbs nothing; `set_state` goes on to the bit, there and in a new environment."""
    played = subject.player()
    if not all(callable(getattr(one, name, None)) for one in played.unwrapped for name in ("get_state", "set_state")):
        raise NotCheckable("it offers no get_state and set_state")
    actions, everyone = subject.actions(), range(subject.n)
    half = len(actions) // 3 + 2  # in the middle of an episode
    whole = trace(subject.player(), subject.seed, actions)
    trace(played, subject.seed, actions[:half])
    state = [one.get_state() for one in played.unwrapped]
    kept = deepcopy(state)
    expected = trace(played, None, actions[half:], begin=False)
    rest = type(whole)(turns=whole.turns[half + 1 :], seen=whole.seen[half + 1 :], ended=whole.ended[half + 1 :], begun=False)
    if where := expected.difference(rest, everyone):
        yield f"taking the state changes what follows: {where}"
        return
    fresh = subject.player()
    fresh.reset(subject.seed + 5)
    for player, name, given in ((played, "the same environment", kept), (fresh, "a new environment", deepcopy(kept)),
                                (subject.player(), "a new environment that was never reset", deepcopy(kept)),
                                (played, "the same environment, from a state that was played on since it was taken,", state)):
        for one, saved in zip(player.unwrapped, given, strict=True):
            one.set_state(saved)
        if where := trace(player, None, actions[half:], begin=False).difference(expected, everyone):
            yield f"{name} goes on otherwise after set_state: {where} of those that follow"
            return
