"""The scheme `rebalance`: target weights with a switch."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import new_desk
from quantgym.market.instrument import Instrument, instrument_records


def lots(name, actions):
    """Two accounts of 1,000 and nothing else, two assets at 100 and 50, no costs, no buffer; -> lots (2, 2)."""
    close = np.array([[100.0, 50.0]])
    bars = bar_records(close, close, close, close, None, np.ones((1, 2)))
    instruments = instrument_records((Instrument(symbol="A"), Instrument(symbol="B")))
    rules = rules_records(CostSettings(fee_rate=0.0, half_spread_rate=0.0, sizing_margin=0.0), 2)
    account, position = new_accounts(2, 2)
    account["cash"] = account["equity"] = 1_000.0
    desk = new_desk(np.zeros(2, np.int64), bars, instruments, rules, account, position)
    scheme = action_scheme(name, n_assets=2)
    checked = scheme.check_actions(np.array(actions), 2)
    scheme.decode(checked, desk)
    return desk.intents["lots"].tolist()


def test_the_switch_trades_to_the_weights_and_without_it_nothing_is_sent():
    # 0.5 of 1,000 at 100 is 5, 0.25 of it at 50 is 5
    assert lots("rebalance", [[0.5, 0.25, 1.0], [0.5, 0.25, 0.0]]) == [[5, 5], [0, 0]]
    assert lots("rebalance", [[0.5, 0.25, -1.0], [1.0, 0.0, 0.01]]) == [[0, 0], [10, 0]]


@pytest.mark.parametrize("weights", [[0.3, 0.3], [0.9, 0.9], [0.0, 0.04]])
def test_with_the_switch_it_is_target_weights(weights):
    assert lots("rebalance", [[*weights, 1.0]] * 2) == lots("target_weights", [weights] * 2)
