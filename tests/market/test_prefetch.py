"""A hint changes nothing, whatever row it names."""

import numpy as np

from quantgym.market.kernel import kernel
from quantgym.market.prefetch import prefetch


@kernel
def hinted_sum(values, ahead):
    total = 0.0
    for row in range(values.shape[0]):
        prefetch(values, row + ahead)
        total += values[row, 0]
    return total


def test_a_hint_changes_no_result_and_a_row_beyond_the_end_is_no_error():
    values = np.arange(20.0).reshape(10, 2)
    for ahead in (0, 5, 1_000_000, -1_000_000):
        assert hinted_sum(values, ahead) == values[:, 0].sum()
