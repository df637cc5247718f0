"""A block copy in a kernel is the slice, and writes nothing beside it."""

import numpy as np
import pytest

from quantgym.market.block import copy_block
from quantgym.market.kernel import kernel


@kernel
def copied_rows(source, firsts, count, target):
    for e in range(firsts.shape[0]):
        copy_block(source, firsts[e], count, target, e)


@pytest.mark.parametrize("count", [0, 1, 3, 16, 33])
def test_a_block_is_the_slice_and_the_rest_of_the_row_stays(count):
    source, target = np.arange(100, dtype=np.float32), np.full((3, 40), -1.0, np.float32)
    source.flags.writeable = False
    copied_rows(source, np.array([0, 5, 100 - count]), count, target)
    for e, first in enumerate((0, 5, 100 - count)):
        assert target[e, :count].tolist() == source[first : first + count].tolist()
        assert (target[e, count:] == -1.0).all()


@pytest.mark.parametrize(("source", "target"), [
    (np.zeros(9), np.zeros((2, 4), np.float32)),  # another dtype: bytes would be read as other numbers
    (np.zeros(9)[::2], np.zeros((2, 4))),  # not contiguous: a block would hold what lies between
    (np.zeros((3, 3)), np.zeros((2, 4))),
])
def test_arrays_that_are_no_blocks_of_one_kind_do_not_compile(source, target):
    with pytest.raises(Exception, match=r"No implementation|copy_block|Invalid use"):
        copied_rows(source, np.array([0, 1]), 2, target)
