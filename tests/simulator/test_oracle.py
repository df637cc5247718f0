"""The simulator against a second, slow implementation of the same written rules that shares no code with the kernels."""

import importlib
import sys
from collections import Counter
from pathlib import Path

import pytest

from quantgym.market.order import Refusal

CHUNK = 25  # seeds of one test, eight accounts each
LIMITS = ("POSITION", "GROSS", "ORDER_SIZE", "DAILY_LOSS", "DRAWDOWN", "NET", "ORDER_RATE")
DECODERS_ALONE = {f"LIMIT_{name}" for name in LIMITS}


@pytest.fixture(scope="module")
def module():
    """Imports a module of the folder `oracle` beside this file."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        yield lambda name: importlib.import_module(f"oracle.{name}")
    finally:
        sys.path.remove(str(Path(__file__).parent))


@pytest.mark.parametrize("first", range(0, 700, CHUNK))
def test_random_accounts_are_played_alike(module, first):
    accounts, too_close, found = module("series").played(first, CHUNK)
    assert found == []
    # where two numbers that a rule compares are the same but for rounding either side may be right: fewer than one in a thousand
    assert accounts + too_close == 8 * CHUNK
    assert too_close <= 1


def test_the_second_implementation_notices_a_rule_that_changed(module):
    twin = module("case").Case(3)
    twin.exchange = lambda e, market, original=twin.exchange: cheaper(original(e, market))
    assert twin.disagreements()[0]


def cheaper(exchange):
    exchange.rules.fee_rate = exchange.rules.half_spread_rate = exchange.rules.slippage_rate = 0.0
    exchange.rules.participation = float("inf")
    return exchange


def test_random_accounts_meet_every_kind_of_fill_every_reason_and_every_state(module):
    case, refused, fills, states = module("case"), Counter(), Counter(), Counter()
    for seed in range(120):
        drawn = case.Case(seed)
        market = drawn.market()
        for e in range(len(drawn.rules)):
            account = drawn.exchange(e, market)
            for row in range(drawn.first, drawn.tape.n_rows - 1):
                account.step(*case.spoken(drawn.asks[row, e], [round(held.mark * 4) for held in account.book.holdings]))
                refused.update(account.book.refused)
                fills.update((fill.kind, fill.maker) for fill in account.book.fills)
                states.update(state for _, state, _ in account.book.log)
    assert set(refused) == {reason.name for reason in Refusal} - DECODERS_ALONE - {"NONE"}
    takers = ("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP", "LIQUIDATION", "DELISTING")
    assert set(fills) == {(kind, False) for kind in takers} | {("LIMIT", True), ("STOP_LIMIT", True)}
    assert set(states) == {"PENDING", "OPEN", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"}
    assert min([*refused.values(), *fills.values(), *states.values()]) >= 10
