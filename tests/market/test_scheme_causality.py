"""No action scheme knows a row after the close of its decision."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.actions.registry import SCHEMES, action_scheme
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import new_desk
from quantgym.market.instrument import Instrument, instrument_records

ROW, ROWS, ENVS = 3, 6, 16


def intents(scheme, closes):
    """What sixteen accounts with 1,000 in cash, every other one with 4 units at 100, ask for at the close of row 3."""
    bars = bar_records(closes, closes, closes, closes, None, np.ones(closes.shape, int))
    instruments = instrument_records((Instrument(symbol="S0", lot=0.001),))
    account, position = new_accounts(ENVS, 1)
    position["units"][1::2], position["mark"] = 4.0, 100.0
    account["cash"] = 1_000.0
    account["equity"] = 1_000.0 + 100.0 * position["units"][:, 0]
    generator = np.random.default_rng(5)
    actions = generator.integers(0, scheme.n, ENVS) if scheme.discrete else generator.uniform(-1.0, 1.0, (ENVS, scheme.size))
    rules = rules_records(CostSettings(allow_short=True), ENVS)
    desk = new_desk(np.full(ENVS, ROW), bars, instruments, rules, account, position, scheme.n_tickets)
    scheme.decode(scheme.check_actions(actions, ENVS), desk)
    return desk.intents["lots"].ravel().tolist()


def prices(row, price):
    """A hundred in every row but one."""
    closes = np.full((ROWS, 1), 100.0)
    closes[row] = price
    return closes


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_a_scheme_decides_by_the_close_of_its_row_and_by_none_after_it(name):
    scheme = action_scheme(name)
    asked = intents(scheme, prices(ROW, 100.0))
    assert len(set(asked)) > 1
    for later in range(ROW + 1, ROWS):
        assert intents(scheme, prices(later, 50.0)) == asked


IN_UNITS = ("holding", "slice", "unit_positions")


@pytest.mark.parametrize("name", sorted(set(SCHEMES).difference(IN_UNITS)))
def test_the_close_of_its_row_is_what_it_decides_by(name):
    scheme = action_scheme(name)
    assert intents(scheme, prices(ROW, 50.0)) != intents(scheme, prices(ROW, 100.0))


@pytest.mark.parametrize("name", IN_UNITS)
def test_a_scheme_in_units_asks_for_the_same_at_any_price(name):
    scheme = action_scheme(name)
    assert intents(scheme, prices(ROW, 50.0)) == intents(scheme, prices(ROW, 100.0))
