"""Between two rows of the second implementation: displacement, interest, borrow, delistings, funding, rolls, splits, dividends."""

import math

from .book import DAY
from .margin import MarginDesk

DAYS_365, DAYS_360 = 365 * DAY, 360 * DAY


class Carrier(MarginDesk):
    """Carries one account from a close to the next open."""

    def carry(self, book, n, asks):
        passed = self.clock[n][1] - self.old_close
        for held in book.holdings:
            if self.rules.impact == "transient" and held.shift:
                held.shift *= 0.5 ** (passed / self.rules.impact_half_life_ns)
        self.interest(book, passed)
        self.borrow(book, n, passed)
        gone = [a for a in self.assets if not self.cells[n][a].present]
        for a in gone:
            self.delist(book, n, a)
        for a, held in enumerate(book.holdings):
            cell = self.cells[n][a]
            mark = held.mark if math.isnan(cell.mark) else cell.mark
            self.receive(book, "funding", -self.units(book, a) * mark * held.fx * cell.funding_rate)
            if not math.isnan(cell.roll):
                self.roll(book, a, cell)
            if cell.split != 1.0:
                self.split(book, a, cell, asks)
            self.receive(book, "dividends", held.lots * self.kinds[a].lot * cell.dividend * cell.fx)
        self.drop_orders(book, n)

    def receive(self, book, line, amount):
        if amount:
            book.cash += amount
            book.add(line, amount)

    def interest(self, book, passed):
        if self.rules.account not in ("cash", "leverage", "reg_t"):
            return
        shorts = -sum(self.value(book, a) for a in self.assets if book.holdings[a].lots < 0)
        free = book.cash - shorts
        rate = self.rules.cash_interest_rate if free > 0 else self.rules.margin_interest_rate
        self.receive(book, "interest", free * rate * passed / DAYS_360)

    def borrow(self, book, n, passed):
        for a, held in enumerate(book.holdings):
            if held.lots < 0:
                rate = self.cells[n][a].borrow_rate
                rate = self.rules.borrow_rate if math.isnan(rate) else rate
                paid = -self.value(book, a) * rate * passed / DAYS_365
                book.cash -= paid
                book.add("borrow", paid)

    def delist(self, book, n, a):
        held, cell = book.holdings[a], self.cells[n][a]
        held.shift = 0.0
        if held.lots:
            price = cell.close * (1 + self.rules.delisting_return)
            lots = -held.lots
            held.fx, held.mark = cell.fx, price
            costs = self.settle(book, a, lots, price, (0.0, 0.0, 0.0, price, 0.0, 0.0))
            self.entry(book, 0, a, lots, "DELISTING", False, price, price, costs, 0.0, self.clock[n][0])

    def drop_orders(self, book, n):
        """Orders leave of which a split left no lot, whose asset or contract has ended: children before what they wait for."""
        for order in reversed(list(book.orders)):
            cell = self.cells[n][order.asset]
            if order.left == 0:
                self.leave(book, order, "CANCELLED", "BELOW_MINIMUM", counted=True)
            elif not cell.present or not math.isnan(cell.roll):
                self.leave(book, order, "EXPIRED", "ROLLED" if cell.present else "NOT_LISTED")

    def roll(self, book, a, cell):
        """The old contract is sold at its mark and the new one bought, or the other way round."""
        held, kind = book.holdings[a], self.kinds[a]
        old, new = held.mark, held.mark + cell.roll
        held.mark = new
        if not held.lots:
            return
        held.average += cell.roll
        scale = kind.multiplier * cell.fx
        moved = held.lots * kind.lot * scale * cell.roll
        book.cash -= moved
        book.ideal -= moved
        units, side = abs(held.lots) * kind.lot, 1 if held.lots > 0 else -1
        for price, sign in ((old, -side), (new, side)):
            spread, slippage = self.half_spread(cell) * price, self.rules.slippage_rate * price
            if sign < 0 and spread + slippage > price:
                spread = min(spread, price)
                slippage = price - spread
            paid = price + sign * (spread + slippage)
            commission, fees = self.charge(book, a, sign, units, paid, False)
            amounts = (spread * units * scale, slippage * units * scale, commission, fees)
            for line, amount in zip(("spread", "slippage", "commission", "fees"), amounts, strict=True):
                book.cash -= amount
                book.add(line, amount)
            book.add("traded", units * scale * paid)
            self.turn_over(book, a, units, paid)

    def split(self, book, a, cell, asks):
        held, kind = book.holdings[a], self.kinds[a]
        held.mark /= cell.split
        held.average /= cell.split
        exact = held.lots * cell.split
        old, held.lots = held.lots, math.trunc(exact)
        rest = (exact - held.lots) * kind.lot * kind.multiplier * held.mark * held.fx
        book.cash += rest
        book.ideal += rest
        if held.lots != exact:
            held.realised += (exact - held.lots) * kind.lot * kind.multiplier * (held.mark - held.average) * held.fx
            held.margin *= held.lots / exact
        if old and not held.lots:
            held.average = held.margin = held.risk = 0.0
            held.since = -1
            self.date_trade(book, self.row + 1)
        for order in book.orders:
            if order.asset == a and math.isnan(cell.roll):
                order.left = math.trunc(order.left * cell.split)
                if order.allowed != math.inf:
                    order.allowed = math.trunc(order.allowed * cell.split)
                self.rescale(order, order.side, cell.split)
        for ask in asks:
            if ask.asset == a and ask.lots:
                side = 1 if ask.lots > 0 else -1
                self.rescale(ask, side, cell.split)
                ask.lots = math.trunc(ask.lots * cell.split)

    def rescale(self, order, side, split):
        """Limits no more generous, stops no earlier, trails no shorter, one tick at least where there was one."""
        order.limit = whole(order.limit / split, down=side > 0)
        order.stop = whole(order.stop / split, down=side < 0)
        order.trail = whole(order.trail / split, down=False)


def whole(ticks, down):
    return max(1, math.floor(ticks) if down else math.ceil(ticks)) if ticks > 0 else 0
