import numpy as np
import pytest

from quantgym.data.row import Row
from quantgym.live.books import Books
from quantgym.live.gateway import AccountReport, FillReport, PositionReport
from quantgym.market.bar import BAR, TERMS
from quantgym.market.cost import CostSettings
from quantgym.market.errors import DataError, IntegrityError
from quantgym.market.instrument import Instrument

HOUR = 3_600_000_000_000


def row(number, close, split=1.0, dividend=0.0):
    bars, terms = np.zeros(1, BAR), np.zeros(1, TERMS)
    for name in ("open", "high", "low", "close"):
        bars[name] = close
    bars["present"] = bars["tradable"] = 1
    terms["split"], terms["dividend"], terms["fx"] = split, dividend, 1.0
    terms["spread"] = terms["borrow_rate"] = terms["mark"] = terms["roll"] = np.nan
    return Row(number * HOUR, (number + 1) * HOUR, bars, terms)


def bought(lots, price, reference=None, spread=0.0, commission=0.0, execution="x", symbol="A"):
    return FillReport(execution_id=execution, client_id="", symbol=symbol, lots=lots, units=float(lots), price=price,
                      reference=price if reference is None else reference, spread=spread, commission=commission)  # fmt: skip


@pytest.fixture
def books():
    books = Books([Instrument(symbol="A")], CostSettings(), 1_000.0, first_row=7)
    books.open(row(0, 10.0))
    return books


def test_a_buy_a_split_and_a_dividend_leave_the_cash_that_they_should(books):
    # 10 at 20.5 (reference 20, spread 5 in all), commission 1: cash 1000 - 205 - 1 = 794, worth 10 x 21 = 210
    step = books.advance(row(1, 21.0), [bought(10, 20.5, reference=20.0, spread=5.0, commission=1.0)], 0, exact=True)
    assert (books.account["cash"][0], books.account["equity"][0]) == (794.0, 1_004.0)
    assert (step["gross"][0], step["spread"][0], step["commission"][0], step["n_fills"][0]) == (10.0, 5.0, 1.0, 1)
    # 2 for 1: 20 units; 0.5 each: 10; close 11: 794 + 10 + 220 = 1024
    step = books.advance(row(2, 11.0, split=2.0, dividend=0.5), [], 0, exact=True)
    assert books.position["units"][0, 0] == 20.0
    assert (books.account["cash"][0], books.account["equity"][0], step["dividends"][0]) == (804.0, 1_024.0, 10.0)
    assert (books.row, step["row"][0], books.position["opened_row"][0, 0]) == (9, 9, 8)


def test_the_books_agree_with_a_report_that_says_the_same(books):
    books.advance(row(1, 21.0), [bought(10, 20.0)], 0, exact=True)
    same = AccountReport(at=0, cash=800.0, equity=1_010.0, positions=(PositionReport(symbol="A", units=10.0, mark=21.0),))
    books.verify(same, exact=True)


@pytest.mark.parametrize(
    ("cash", "units", "mark", "words"),
    [
        (801.0, 10.0, 21.0, "cash is 800.0 here and 801.0 at the broker"),
        (800.0, 11.0, 21.0, "A units is 10.0 here and 11.0 at the broker"),
        (800.0, 10.0, 21.5, "A mark is 21.0 here and 21.5 at the broker"),
    ],
)
@pytest.mark.parametrize("exact", [True, False])
def test_what_differs_is_named_with_both_numbers(books, cash, units, mark, words, exact):
    books.advance(row(1, 21.0), [bought(10, 20.0)], 0, exact=True)
    other = AccountReport(at=0, cash=cash, equity=1_010.0, positions=(PositionReport(symbol="A", units=units, mark=mark),))
    with pytest.raises(IntegrityError, match=words):
        books.verify(other, exact)


def test_rounding_is_forgiven_to_brokers_and_not_to_ourselves(books):
    other = AccountReport(at=0, cash=1_000.0005, equity=1_000.0005, positions=())
    books.position["mark"] = 0.0
    books.verify(other, exact=False)
    with pytest.raises(IntegrityError, match="cash is"):
        books.verify(other, exact=True)


def test_something_held_that_we_never_bought_is_found(books):
    other = AccountReport(at=0, cash=1_000.0, equity=1_000.0, positions=(
        PositionReport(symbol="A", units=0.0, mark=10.0), PositionReport(symbol="B", units=3.0, mark=1.0)))  # fmt: skip
    with pytest.raises(IntegrityError, match=r"B units is 0\.0 here and 3\.0 at the broker"):
        books.verify(other, exact=True)


def test_a_fill_that_does_not_add_up_is_refused(books):
    with pytest.raises(IntegrityError, match=r"give the price 20\.5, reported was 20\.0"):
        books.advance(row(1, 21.0), [bought(10, 20.0, reference=20.0, spread=5.0)], 0, exact=True)
    with pytest.raises(IntegrityError, match="'Z' is not traded here; the books hold A"):
        books.advance(row(2, 21.0), [bought(10, 20.0, symbol="Z")], 0, exact=True)


def test_a_row_from_the_past_is_refused(books):
    with pytest.raises(DataError, match="came after one that closes at"):
        books.advance(row(0, 21.0), [], 0, exact=True)
