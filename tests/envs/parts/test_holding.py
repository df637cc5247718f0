"""Positions in units, and what is left of a parent order."""

import numpy as np
import pytest

from quantgym.envs.parts.registry import PartContext, build_parts
from quantgym.market.account import new_accounts
from quantgym.market.actions.registry import action_scheme
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument, instrument_records

EVERY = np.ones(3, bool)


def written(kind, scheme, units):
    account, position = new_accounts(3, len(units[0]))
    position["units"] = units
    symbols = tuple(f"S.{asset}" for asset in range(len(units[0])))
    instruments = instrument_records(tuple(Instrument(symbol=symbol) for symbol in symbols))
    (part,) = build_parts(kind, PartContext(symbols, scheme))
    out = np.full((3, len(part.columns) + 1), 9.0, np.float32)
    part.write(EVERY, Books(np.zeros(3, np.int64), instruments, account, position, open_episodes(3)), out, 1)
    return [column.name for column in part.columns], out[:, 1:].tolist()


def test_a_holding_is_a_part_of_the_schemes_most():
    scheme = action_scheme("holding", n_assets=2, max_units=4.0)
    # 1 of 4; -6 of 4 is beyond it
    names, seen = written("holding", scheme, [[1.0, 0.0], [-6.0, 2.0], [4.0, -4.0]])
    assert names == ["holding_S_0", "holding_S_1"]
    assert seen == [[0.25, 0.0], [-1.0, 0.5], [1.0, -1.0]]


def test_what_is_left_falls_from_one_to_nothing():
    # 40 sold: 10 are a quarter; more than all is nothing left
    names, seen = written("remaining", action_scheme("slice", units=-40.0), [[0.0], [-10.0], [-50.0]])
    assert names == ["remaining"]
    assert seen == [[1.0], [0.75], [0.0]]


@pytest.mark.parametrize(("kind", "needs"), [("holding", "holding"), ("remaining", "slice")])
def test_other_actions_have_no_such_measure(kind, needs):
    for scheme in (action_scheme("exposure"), None):
        with pytest.raises(ConfigError, match=f"the private part {kind} needs the action scheme {needs}"):
            build_parts(kind, PartContext(("S0",), scheme))
