"""Bad actions that are tried of each kind of space are outside of it, all of them."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from quantgym.envs.check.refusal import bad_actions


@pytest.mark.parametrize("space", [
    Discrete(3), Discrete(2, start=-1), Box(-1.0, 1.0, (2,), np.float32), Box(-np.inf, np.inf, (1,), np.float32),
    MultiDiscrete([2, 3]), MultiBinary(3),
])
def test_none_lies_in_the_space(space):
    tried = dict(bad_actions(space))
    assert len(tried) >= 1
    inside = [name for name, action in tried.items() if space.contains(action)]
    # a box without bounds holds the infinite, as Gymnasium has it; no environment may
    assert set(inside) <= ({"the action inf", "the action -inf"} if space.shape == (1,) else set())


def test_nan_and_infinities_are_tried_of_boxes_and_bounds_where_there_are_any():
    names = " ".join(name for name, _ in bad_actions(Box(-1.0, 1.0, (2,), np.float32)))
    assert all(word in names for word in ("nan", "inf", "-inf", "outside of its bounds", "wrong shape", "text"))
    assert "outside of its bounds" not in " ".join(name for name, _ in bad_actions(Box(-np.inf, np.inf, (1,), np.float32)))


def test_of_other_spaces_none_is_known():
    assert list(bad_actions(Dict({"a": Discrete(2)}))) == []
