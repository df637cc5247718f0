"""Desks on which one decision is written, and what stands on them afterwards."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import new_desk
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.order import Refusal


def build_desk(*, cash=1_000.0, prices=(100.0,), units=(0,), lot=1.0, tick=0.01, listed=True, min_notional=0.0, working=0,
               multiplier=1.0, fx=1.0, close_only=False, **settings):  # fmt: skip
    """One account at the close of row 0; a unit is sized at 1.25 times its price unless told otherwise."""
    n = len(prices)
    settings = {"fee_rate": 0.0, "half_spread_rate": 0.0, "sizing_margin": 0.25, **settings}
    close = np.array([prices], float)
    bars = bar_records(close, close, close, close, None, np.full((1, n), int(listed)))
    made = [Instrument(symbol=f"S{a}", lot=lot, tick=tick, min_notional=min_notional, multiplier=multiplier) for a in range(n)]
    rules = rules_records(CostSettings(**settings))
    rules["close_only"] = close_only
    account, position = new_accounts(1, n)
    account["cash"], account["n_working"] = cash, working
    position["units"][0], position["mark"][0], position["fx"] = units, prices, fx
    account["equity"] = cash + (np.array(units) * prices).sum() * multiplier * fx
    return new_desk(np.zeros(1, np.int64), bars, instrument_records(tuple(made)), rules, account, position)


def decide(scheme, action, **world):
    """-> the intents of a decision, INTENT records (A,), and the reasons of what was declined."""
    desk = build_desk(**world)
    scheme.decide(np.array([action]), desk)
    assert desk.declined[0, 0] == desk.declined[0, 1:].sum()
    return desk.intents[0], [reason.name for reason in Refusal if reason and desk.declined[0, reason]]


@pytest.fixture(scope="session")
def desk_of():
    return build_desk


@pytest.fixture(scope="session")
def decided():
    return decide
