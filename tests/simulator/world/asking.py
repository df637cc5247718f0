"""Random decisions: tickets alone, pairs of which one cancels the other, brackets, and cancels."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from quantgym.market.order import OrderKind, TimeInForce

LIMIT, STOP_LIMIT, TRAILING_STOP = OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TRAILING_STOP
KINDS = (OrderKind.MARKET, LIMIT, OrderKind.STOP, STOP_LIMIT, TRAILING_STOP)
TIFS = tuple(TimeInForce)
SESSION = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


@dataclass(frozen=True)
class Ask:
    """A ticket; `limit` and `stop` are ticks from the close at its decision, `date` rows and hours after it."""

    lots: int = 0
    kind: int = 0
    tif: int = 0
    asset: int = 0
    limit: int = 0
    stop: int = 0
    trail: int = 0
    rate: float = 0.0
    date: tuple = (1, 0.0)
    reduce_only: bool = False
    post_only: bool = False
    parent: int = 0
    group: int = 0
    delay: int = 1
    cancels: int = 0


@st.composite
def asks(draw, n_assets, kinds=KINDS, tifs=TIFS):
    """One ticket of any kind and time in force that go together."""
    kind, tif = draw(st.sampled_from(kinds)), draw(st.sampled_from((TimeInForce.GTC, *tifs)))
    if tif in SESSION and kind not in (OrderKind.MARKET, LIMIT):
        tif = TimeInForce.GTC
    rate = draw(st.sampled_from((0.0, 0.0625))) if kind == TRAILING_STOP else 0.0
    return Ask(
        draw(st.integers(1, 30)) * draw(st.sampled_from((1, -1))), kind, tif, draw(st.integers(0, n_assets - 1)),
        draw(st.integers(-6, 6)) if kind in (LIMIT, STOP_LIMIT) else 0,
        draw(st.integers(-6, 6)) if kind in (OrderKind.STOP, STOP_LIMIT) else 0,
        draw(st.integers(1, 8)) if kind == TRAILING_STOP and rate == 0.0 else 0, rate,
        (draw(st.integers(1, 3)), draw(st.sampled_from((0.0, 0.5, 1.0, 3.0)))) if tif == TimeInForce.GTD else (1, 0.0),
        draw(st.integers(0, 7)) == 0,
        kind == LIMIT and tif in (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD) and draw(st.integers(0, 5)) == 0,
    )  # fmt: skip


@st.composite
def pairs(draw, n_assets):
    """Two orders of which each takes from the other what it fills."""
    first, second = draw(asks(n_assets)), draw(asks(n_assets))
    return [replace(first, group=1), replace(second, group=1, asset=first.asset)]


@st.composite
def brackets(draw, n_assets):
    """An entry, a stop and a target."""
    entry = draw(asks(n_assets, kinds=KINDS[:4]))
    side, delay = (1 if entry.lots > 0 else -1), draw(st.integers(0, 2))
    child = Ask(-entry.lots, asset=entry.asset, parent=1, group=1, delay=delay)
    stop = replace(child, kind=OrderKind.STOP, stop=entry.limit - side * draw(st.integers(1, 6)))
    if draw(st.booleans()):
        stop = replace(child, kind=TRAILING_STOP, trail=draw(st.integers(1, 6)))
    return [entry, stop, replace(child, kind=LIMIT, limit=entry.limit + side * draw(st.integers(1, 6)))]


def shapes(n_assets):
    """What one decision places: up to three tickets that know of each other, or a cancel."""
    one = alone(n_assets)
    cancel = st.integers(1, 9).map(lambda number: [Ask(cancels=number)])
    return st.one_of(one, one, pairs(n_assets), brackets(n_assets), cancel)


def decisions(n_rows, n_assets, shape=shapes):
    """Tickets by decision row, each of a shape(n_assets); none at some."""
    return st.lists(st.one_of(st.just([]), shape(n_assets)), min_size=n_rows - 1, max_size=n_rows - 1)


def alone(n_assets, kinds=KINDS, tifs=TIFS):
    """One ticket."""
    return asks(n_assets, kinds, tifs).map(lambda ask: [ask])
