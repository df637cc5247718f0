"""`spared_actions`: the actions of a step in which some sub-environments only begin anew, so that theirs are ignored."""

from typing import Any

import numpy as np

__all__ = ["spared_actions"]


def spared_actions(actions: Any, envs: np.ndarray) -> Any:
    """Return actions whose values nobody has to judge where nobody plays; their form stays as it was given.

    Gymnasium's NEXT_STEP ignores the action of a sub-environment that is being reset.

    Args:
        actions: Of a batch: int (E,) or float (E, n).
        envs: Who is being reset, bool (E,).

    Returns:
        A copy with 0, an action of every scheme, in those rows; what is no array of E rows of numbers, as it is: refused later.
    """
    try:
        copy = np.array(actions)
    except (TypeError, ValueError):
        return actions
    if copy.shape[:1] != envs.shape or copy.dtype.kind not in "fiu":
        return actions
    copy[envs] = 0
    return copy
