from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.pool import pooled
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.table import FeatureTable
from quantgym.envs.features import price_features
from quantgym.envs.joined_table import joined_table
from quantgym.market.errors import ConfigError, ShapeError

POOL = pooled([gbm_tape(1, 50), gbm_tape(2, 70)])


def tables():
    return [price_features(member) for member in POOL.members]


def test_every_member_is_encoded_as_if_it_were_alone():
    table = joined_table(tables(), POOL)
    assert table.n_rows == 120
    assert table.values[50:].tobytes() == price_features(gbm_tape(2, 70)).values.tobytes()
    assert table.tape_digest == POOL.digest
    # one table of all rows would see the jump from one tape to the other as a return
    assert not np.array_equal(price_features(POOL.tape).values, table.values)


def test_one_table_stays_as_it_is():
    only = tables()[0]
    assert joined_table([only], pooled([POOL.members[0]])) is only


def test_symbols_may_differ_and_the_longest_warmup_counts():
    first, second = tables()
    other = replace(second, layout=replace(second.layout, assets=("MSFT",), warmup=first.layout.warmup + 5))
    table = joined_table([first, other], POOL)
    assert table.layout == replace(first.layout, warmup=first.layout.warmup + 5)


def test_tables_that_do_not_fit_are_refused():
    first, second = tables()
    with pytest.raises(ConfigError, match=r"one FeatureTable for each of its 2 tapes, or one function .*, were 1 of FeatureTable"):
        joined_table([first], POOL)
    with pytest.raises(ShapeError, match="each of the 70 rows of tape gbm-2, had 50"):
        joined_table([first, first], POOL)
    layout = replace(second.layout, market_global=(*second.layout.market_global, Column("mood", "score")))
    wider = FeatureTable(np.zeros((70, layout.n_market), np.float32), layout)
    with pytest.raises(ConfigError, match="features of tapes gbm-1 and gbm-2 differ in mood; encode all tapes of a pool"):
        joined_table([first, wider], POOL)
