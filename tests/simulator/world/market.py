"""Small random markets on a dyadic grid: prices are quarters, every bar may gap, halt, split or pay."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from hypothesis import strategies as st

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.instrument import Instrument

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
NIGHT = 21 * HOUR
TICK = 0.25
FIRST = 80  # ticks
SMALL = st.integers(-6, 6)
AWAY = st.integers(0, 5)
VOLUMES = st.sampled_from((0, 12, 40, 40, 400))
EVENTS = {
    "split": st.sampled_from((2.0, 0.5, 4.0, 0.25)),
    "dividend": st.sampled_from((0.5, 1.0)),
    "funding_rate": st.sampled_from((0.0078125, -0.00390625)),
    "fx": st.sampled_from((1.25, 1.5, 0.75)),
    "roll": st.sampled_from((1.0, -0.75)),
    "mark": st.sampled_from((20.5, 24.0)),
    "borrow_rate": st.just(0.5),
    "spread": st.just(0.015625),
}


@dataclass(frozen=True)
class Market:
    """Bars (gap, move, up, down, volume, halted) by row and asset, in ticks; events (row, asset, name, value)."""

    bars: tuple
    events: tuple = ()
    two_a_day: bool = False
    scale: float = 1.0  # of all prices

    @property
    def n_rows(self):
        return len(self.bars)

    @property
    def n_assets(self):
        return len(self.bars[0])

    @property
    def opened(self):
        """Ns UTC of the opens: 9:00 of each day, 12:00 as well with two bars a day."""
        rows = range(self.n_rows)
        return [row // 2 * DAY + 9 * HOUR + row % 2 * 3 * HOUR if self.two_a_day else row * DAY + 9 * HOUR for row in rows]

    @cached_property
    def prices(self):
        """Ticks of (open, high, low, close), int64 (T, A, 4)."""
        ticks = np.zeros((self.n_rows, self.n_assets, 4), np.int64)
        for a in range(self.n_assets):
            last = FIRST
            for t, row in enumerate(self.bars):
                gap, move, up, down, _, halted = row[a]
                if halted:
                    ticks[t, a] = last
                    continue
                opened = max(last + gap, 4)
                last = max(opened + move, 4)
                ticks[t, a] = opened, max(opened, last) + up, max(min(opened, last) - down, 1), last
        return ticks

    @cached_property
    def tape(self):
        """The market as a tape."""
        prices = self.prices * TICK * self.scale
        column = np.array([[cell[4:] for cell in row] for row in self.bars], float)
        opened = np.array(self.opened)
        shape, terms = prices.shape[:2], None
        if self.events:
            columns = {name: np.full(shape, {"split": 1.0, "fx": 1.0, "dividend": 0.0, "funding_rate": 0.0}.get(name, np.nan))
                       for name in EVENTS}  # fmt: skip
            for row, a, name, value in self.events:
                if name == "fx":
                    columns[name][row:, a] = value
                elif not self.bars[row][a][5] or name not in ("split", "dividend", "roll"):
                    columns[name][row, a] = value * (self.scale if name in ("dividend", "roll", "mark") else 1.0)
            terms = term_records(shape, **columns)
        grids = ((1.0, 1.0), (0.5, 2.0))
        return Tape.build(
            "world",
            [Instrument(symbol=f"S{a}", tick=TICK * self.scale, lot=grids[a][0], multiplier=grids[a][1]) for a in range(shape[1])],
            clock_records(opened, opened + 3 * HOUR),
            bar_records(*np.moveaxis(prices, 2, 0), column[..., 0], 1 - column[..., 1]), terms,
        )  # fmt: skip

    def with_rows(self, first, last, other):
        """The same market with rows first to last - 1 of another one."""
        bars = tuple(other.bars[t] if first <= t < last else row for t, row in enumerate(self.bars))
        theirs = tuple(event for event in other.events if first <= event[0] < last)
        return replace(self, bars=bars, events=tuple(e for e in self.events if not first <= e[0] < last) + theirs)


@st.composite
def markets(draw, n_rows=6, n_assets=2, events=tuple(EVENTS), halts=True, delistings=False, two_a_day=True):
    """Markets of that size, with a few events of the given names; the first and last rows are traded unless assets may leave."""
    halted = st.sampled_from((False,) * 9 + (True,)) if halts else st.just(False)
    edge = st.tuples(SMALL, SMALL, AWAY, AWAY, VOLUMES, st.just(False))
    inner = st.tuples(SMALL, SMALL, AWAY, AWAY, VOLUMES, halted)
    rows = [[draw(edge if t in (0, n_rows - 1) else inner) for _ in range(n_assets)] for t in range(n_rows)]
    if delistings and draw(st.booleans()):
        for t in range(draw(st.integers(2, n_rows - 1)), n_rows):
            rows[t][0] = (0, 0, 0, 0, 0, True)
    said = []
    if events:
        for name in draw(st.lists(st.sampled_from(events), max_size=4)):
            where = draw(st.integers(1, n_rows - 1)), draw(st.integers(0, n_assets - 1))
            said.append((*where, name, draw(EVENTS[name])))
    return Market(tuple(tuple(row) for row in rows), tuple(said), draw(st.booleans()) if two_a_day else False)
