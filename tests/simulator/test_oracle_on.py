"""More seeds of test_oracle.py, in a file of their own so that two workers share them."""

import importlib
import sys
from pathlib import Path

import pytest

CHUNK = 25


@pytest.fixture(scope="module")
def series():
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        yield importlib.import_module("oracle.series")
    finally:
        sys.path.remove(str(Path(__file__).parent))


@pytest.mark.parametrize("first", range(700, 1400, CHUNK))
def test_random_accounts_are_played_alike(series, first):
    accounts, too_close, found = series.played(first, CHUNK)
    assert found == []
    assert accounts + too_close == 8 * CHUNK
    assert too_close <= 1
