"""The simulator against a second, slow implementation of the same written rules that shares no code with the kernels."""

import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def case():
    """The module `oracle.case` beside this file."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        yield importlib.import_module("oracle.case")
    finally:
        sys.path.remove(str(Path(__file__).parent))


def test_nine_hundred_random_accounts_are_played_alike(case):
    found, too_close = [], 0
    for seed in range(150):
        different, close = case.Case(seed).disagreements()
        found, too_close = found + different, too_close + close
    assert found == []
    # where two numbers that a rule compares are the same but for rounding, either side may be right; fewer than one in a thousand
    assert too_close == 0


def test_the_second_implementation_notices_a_rule_that_changed(case):
    twin = case.Case(3)
    twin.exchange = lambda e, original=twin.exchange: cheaper(original(e))
    assert twin.disagreements()[0]


def cheaper(exchange):
    exchange.rules.fee_rate = exchange.rules.half_spread_rate = exchange.rules.slippage_rate = 0.0
    exchange.rules.participation = float("inf")
    return exchange
