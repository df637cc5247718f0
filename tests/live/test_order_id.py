import pytest

from quantgym.live.order_id import order_id
from quantgym.market.errors import ConfigError


def test_the_same_decision_is_the_same_order_for_ever():
    first = order_id("demo", 7, "AAPL")
    assert first == order_id("demo", 7, "AAPL", leg=0, child=0, attempt=0)
    assert first == "1db0630c9112e0cd2d45b8de6d512d21"  # journals of the past are found by it
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


def test_every_part_of_the_decision_changes_the_id():
    ids = [
        order_id("demo", 7, "AAPL"),
        order_id("demo2", 7, "AAPL"),
        order_id("demo", 8, "AAPL"),
        order_id("demo", 7, "IBM"),
        order_id("demo", 7, "AAPL", leg=1),
        order_id("demo", 7, "AAPL", child=1),
        order_id("demo", 7, "AAPL", attempt=1),
    ]
    assert len(set(ids)) == 7


def test_parts_cannot_run_into_each_other():
    assert order_id("demo", 11, "A") != order_id("demo1", 1, "A")
    assert order_id('d", 1, "A', 1, "A") != order_id("d", 1, 'A", 1, "A')


@pytest.mark.parametrize(
    ("deployment", "sequence", "symbol", "word"),
    [("", 0, "A", "deployment"), ("d", 0, "", "symbol"), ("d", -1, "A", "sequence must not be negative, was -1")],
)
def test_an_id_of_nothing_is_refused(deployment, sequence, symbol, word):
    with pytest.raises(ConfigError, match=word):
        order_id(deployment, sequence, symbol)
