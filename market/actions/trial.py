"""Trials of actions: a mask comes from the decoder itself, tried on empty sheets, so that the two can never disagree."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..desk import Desk
from ..kernel import constant, kernel

__all__ = ["judged", "trial_sheets", "tried"]

ASSET = constant(0)


@kernel(inline=True)
def judged(e: int, rests: bool, account: np.ndarray, intents: np.ndarray, declined: np.ndarray) -> bool:
    """Whether a decision for the one asset, tried on these sheets, is legal; wipes them for the next trial.

    It is where nothing of it was declined and it asks for something, which a ruined account cannot do; or where it asks for nothing
    and is an action that `rests`.
    """
    asks = intents[e, ASSET].lots != 0 or intents[e, ASSET].cancel != 0
    legal = declined[e, 0] == 0 and (account[e].ruined == 0 if asks else rests)
    intents[e, ASSET].lots = 0
    intents[e, ASSET].cancel = 0
    if declined[e, 0] != 0:
        for reason in range(declined.shape[1]):
            declined[e, reason] = 0
    return legal


def trial_sheets(desk: Desk) -> tuple[np.ndarray, ...]:
    """Return the sheets of `desk` with empty intents and counts in place of its own, as kernels of action schemes take them."""
    return (*desk.sheets[:6], np.zeros_like(desk.intents), np.zeros_like(desk.declined))


def tried(judge: Callable[..., None], desk: Desk, n: int, *settings: Any) -> np.ndarray:
    """Return which of `n` actions are legal, bool (E, n): `judge`, a kernel, takes `settings`, the sheets and the mask to write."""
    legal = np.empty((desk.n_envs, n), np.bool_)
    judge(*settings, *trial_sheets(desk), legal)
    return legal
