"""Money of the second implementation: what a fill costs, what can be paid, and what a fill changes."""

import math

from .book import DAY, Book, Fill, Holding
from .fees import charges, row_in_force, volume_before

EPSILON = 1e-9  # comparisons closer than this may go either way; they are counted
LINES = ("spread", "slippage", "impact", "commission", "fees")


class Broker:
    """One account on a market of cells[t][a]; the bar being played is the one after `row`."""

    def __init__(self, kinds, cells, clock, rules, cash, row, slots, close_only=False):
        self.kinds, self.cells, self.clock, self.rules = kinds, cells, clock, rules
        self.row, self.slots, self.close_only = row, slots, close_only
        self.initial = self.peak = cash
        self.next_id = 1
        self.ruined = False
        self.playing = False  # a round of orders: what it does to other orders counts after it
        self.close_calls = 0
        self.assets = range(len(kinds))
        self.book = Book(cash, [Holding(mark=cell.close, fx=cell.fx) for cell in cells[row]])

    def near(self, left, right):
        """Note a comparison that rounding could decide."""
        if left != right and abs(left - right) <= EPSILON * max(1.0, abs(left), abs(right)):
            self.close_calls += 1

    def units(self, book, a):
        """Signed units times multiplier."""
        return book.holdings[a].lots * self.kinds[a].lot * self.kinds[a].multiplier

    def value(self, book, a):
        held = book.holdings[a]
        return self.units(book, a) * held.mark * held.fx

    def equity(self, book):
        return book.cash + sum(self.value(book, a) for a in self.assets if book.holdings[a].lots)

    def power(self, book):
        if self.rules.account == "cash":
            return book.cash
        if self.rules.account == "isolated":
            free = book.cash
            for a, held in enumerate(book.holdings):
                if held.lots:
                    free += self.units(book, a) * held.average * held.fx - held.margin
            return self.rules.max_leverage * free
        gross = sum(abs(self.value(book, a)) for a in self.assets if book.holdings[a].lots)
        return self.rules.max_leverage * self.equity(book) - gross

    def displaced_after(self, a, shift, units):
        """Displacement after a fill of signed units."""
        rules, kind = self.rules, self.kinds[a]
        if rules.impact == "square_root" or kind.liquidity == 0:
            return 0.0 if rules.impact == "square_root" else shift
        return min(max(shift + rules.impact_permanent * units / kind.liquidity, -0.5), 1.0)

    def impact_of(self, a, shift, units):
        """Impact against the trader, as a fraction of the reference."""
        rules, kind, cell = self.rules, self.kinds[a], self.cells[self.row + 1][a]
        if rules.impact == "square_root":
            return rules.impact_rate * math.sqrt(abs(units) / cell.volume) if kind.volume_known and cell.volume > 0 else 0.0
        own = 0.0
        if kind.liquidity > 0:
            each = rules.impact_temporary if rules.impact == "almgren_chriss" else rules.impact_permanent / 2
            own = each * units / kind.liquidity
        return shift + own if units > 0 else -(shift + own)

    def half_spread(self, cell):
        return self.rules.half_spread_rate if math.isnan(cell.spread) else cell.spread / 2

    def quote(self, book, a, lots, reference, limit=None, order=None, maker=False):
        """(spread, slippage, impact: per unit; price; commission, fees) of a fill."""
        kind, cell = self.kinds[a], self.cells[self.row + 1][a]
        sign, units = (1 if lots > 0 else -1), abs(lots) * kind.lot
        spread, slippage = self.half_spread(cell) * reference, self.rules.slippage_rate * reference
        impact = self.impact_of(a, book.holdings[a].shift, sign * units) * reference
        room = math.inf
        if limit is not None:
            impact, room = max(impact, 0.0), abs(limit - reference)
        if lots < 0:
            room = min(room, reference)
        if spread + slippage + impact > room:
            spread = min(spread, room)
            slippage = min(slippage, room - spread)
            impact = min(impact, room - spread - slippage)
        price = reference + sign * (spread + slippage + impact)
        commission, fees = self.charge(book, a, sign, units, price, maker, order)
        return spread, slippage, impact, price, commission, fees

    def charge(self, book, a, sign, units, price, maker, order=None):
        kind, cell, rules = self.kinds[a], self.cells[self.row + 1][a], self.rules
        scale = kind.multiplier * cell.fx
        if not kind.tariff:
            rate = rules.maker_rate if maker else rules.fee_rate
            return rate * units * price * scale + rules.fee_per_unit * units, 0.0
        at = self.clock[self.row + 1][0]  # dates and tiers are those of the row's open
        row = row_in_force(kind.tariff, at, volume_before(book.days, at) + rules.volume_elsewhere)
        before = (order.filled * kind.lot, order.traded, order.charged) if order else (0.0, 0.0, 0.0)
        return charges(row, sign, units, price, scale, cell.fx, maker, *before)

    def turn_over(self, book, a, units, price):
        """Note what was traded for the tiers."""
        kind, at = self.kinds[a], self.clock[self.row + 1][0]
        if kind.tariff:
            amount = units if kind.tariff[0]["measure"] == 1 else units * price * kind.multiplier * self.cells[self.row + 1][a].fx
            book.days[at // DAY] = book.days.get(at // DAY, 0.0) + amount

    def need(self, book, a, lots, reference, limit, order, maker):
        """Power that a fill uses up."""
        kind, cell, held = self.kinds[a], self.cells[self.row + 1][a], book.holdings[a]
        spread, slippage, impact, price, commission, fees = self.quote(book, a, lots, reference, limit, order, maker)
        scale = kind.lot * kind.multiplier * cell.fx
        if self.rules.account == "cash":
            return abs(lots) * scale * price + commission + fees
        growth = abs(held.lots + lots) - abs(held.lots)
        costs = abs(lots) * scale * (spread + slippage + impact) + commission + fees
        return growth * scale * self.exposed(held, reference) + self.rules.max_leverage * costs

    def exposed(self, held, reference):
        """What a unit counts for in the exposure."""
        return reference if self.rules.account == "isolated" else reference * (1 + held.shift)

    def settle(self, book, a, lots, reference, quoted):
        """Change cash, position and sums for a fill -> its costs in account currency, by line."""
        kind, cell, held = self.kinds[a], self.cells[self.row + 1][a], book.holdings[a]
        spread, slippage, impact, price, commission, fees = quoted
        scale = kind.lot * kind.multiplier * cell.fx
        size = abs(lots) * scale
        costs = {"spread": spread * size, "slippage": slippage * size, "impact": impact * size}
        costs |= {"commission": commission, "fees": fees}
        for line in LINES:
            book.add(line, costs[line])
        book.add("traded", size * price)
        book.cash -= lots * scale * price + commission + fees
        book.ideal -= lots * scale * reference
        self.change_position(held, lots, price, reference, scale)
        self.date_trade(book, self.row + 1)
        return costs

    def change_position(self, held, lots, price, reference, scale):
        old, new = held.lots, held.lots + lots
        closed = min(abs(old), abs(lots)) if old * lots < 0 else 0
        if closed:
            held.realised += (closed if old > 0 else -closed) * scale * (price - held.average)
            held.margin *= (abs(old) - closed) / abs(old)
        opened = abs(lots) - closed
        if opened:
            grown = abs(new) - opened  # lots of that side before
            held.average = (grown * held.average + opened * price) / abs(new)
            if self.rules.account == "isolated":
                held.margin += opened * scale * reference / self.rules.max_leverage
        if new == 0:
            held.average = held.margin = 0.0
        if new == 0 or old * new < 0:
            held.risk = 0.0
        if new == 0:
            held.since = -1
        elif old * new <= 0:
            held.since = self.row + 1
        held.lots = new

    def date_trade(self, book, row):
        if not any(held.lots for held in book.holdings):
            book.since = -1
        elif book.since < 0:
            book.since = row

    def remark(self, book, a, price, units):
        """The mark after a fill of signed units moved the account's own price."""
        held = book.holdings[a]
        held.shift = self.displaced_after(a, held.shift, units)
        held.mark = price * (1 + held.shift)

    def keep_marks(self, book):
        for held in book.holdings:
            held.before = held.mark * held.fx

    def entry(self, book, order_id, a, lots, kind, maker, reference, price, costs, risk, at):
        """Log a fill, with what the account holds after it, at the marks of the close before."""
        amounts = [costs[line] for line in LINES]
        equity = book.cash + sum(self.units(book, b) * held.before for b, held in enumerate(book.holdings))
        book.fills.append(Fill(order_id, a, lots, kind, maker, reference, price, *amounts, risk, at, book.cash, equity))
