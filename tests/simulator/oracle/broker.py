"""Money of the second implementation: costs, what can be paid, and one order whose turn has come."""

import math

from .book import Book, Fill, Holding

EPSILON = 1e-9  # comparisons closer than this may go either way; they are counted
ROUNDING = 1e-12  # equities closer than this are a tie


class Broker:
    """One account on a market of cells[t][a]; the bar being played is the one after `row`."""

    def __init__(self, kinds, cells, clock, rules, cash, row, slots, close_only=False):
        self.kinds, self.cells, self.clock, self.rules = kinds, cells, clock, rules
        self.row, self.slots, self.close_only = row, slots, close_only
        self.initial = cash
        self.next_id = 1
        self.ruined = False
        self.close_calls = 0
        self.book = Book(cash, cash, [Holding(0, cell.close, cell.fx) for cell in cells[row]])

    def value(self, book, a):
        held, kind = book.holdings[a], self.kinds[a]
        return held.lots * kind.lot * kind.multiplier * held.mark * held.fx

    def equity(self, book):
        return book.cash + sum(self.value(book, a) for a in range(len(self.kinds)))

    def power(self, book):
        if self.rules.cash_account:
            return book.cash
        gross = sum(abs(self.value(book, a)) for a in range(len(self.kinds)))
        return self.rules.max_leverage * self.equity(book) - gross

    def quote(self, a, lots, reference, limit=None):
        """The parts of a fill: spread, slippage and impact per unit, price, commission."""
        rules, kind, cell = self.rules, self.kinds[a], self.cells[self.row + 1][a]
        units = abs(lots) * kind.lot
        half = rules.half_spread_rate if math.isnan(cell.spread) else cell.spread / 2
        spread, slippage, impact = half * reference, rules.slippage_rate * reference, 0.0
        if kind.volume_known and cell.volume > 0:
            impact = rules.impact_rate * math.sqrt(units / cell.volume) * reference
        room = math.inf if limit is None else abs(limit - reference)
        if lots < 0:
            room = min(room, reference)
        if spread + slippage + impact > room:
            spread = min(spread, room)
            slippage = min(slippage, room - spread)
            impact = min(impact, room - spread - slippage)
        sign = 1 if lots > 0 else -1
        price = reference + sign * (spread + slippage + impact)
        scale = units * kind.multiplier * cell.fx
        commission = rules.fee_rate * abs(price) * scale + rules.fee_per_unit * units
        return spread * scale, slippage * scale, impact * scale, price, commission

    def need(self, book, a, lots, reference, limit):
        """Power that a fill uses up."""
        kind, cell = self.kinds[a], self.cells[self.row + 1][a]
        spread, slippage, impact, price, commission = self.quote(a, lots, reference, limit)
        if self.rules.cash_account:
            return abs(lots) * kind.lot * kind.multiplier * cell.fx * price + commission
        held = book.holdings[a].lots
        growth = abs(held + lots) - abs(held)
        return growth * kind.lot * kind.multiplier * cell.fx * reference + self.rules.max_leverage * (
            spread + slippage + impact + commission
        )

    def near(self, left, right):
        """Note a comparison that rounding could decide."""
        if left != right and abs(left - right) <= EPSILON * max(1.0, abs(left), abs(right)):
            self.close_calls += 1

    def free_lots(self, book, a, lots):
        """Lots of a fill that need no power: down to nothing, and on to the same size on the other side."""
        held = book.holdings[a].lots
        if held * lots >= 0:
            return 0
        return min(abs(lots), abs(held) if self.rules.cash_account else 2 * abs(held))

    def fill(self, book, order, lots, reference, at, limit=None):
        a = order.asset
        kind, cell, held = self.kinds[a], self.cells[self.row + 1][a], book.holdings[a]
        spread, slippage, impact, price, commission = self.quote(a, lots, reference, limit)
        scale = lots * kind.lot * kind.multiplier * cell.fx
        book.cash -= scale * price + commission
        book.ideal -= scale * reference
        for line, amount in (("spread", spread), ("slippage", slippage), ("impact", impact), ("commission", commission)):
            book.add(line, amount)
        book.add("traded", abs(scale * price))
        held.lots += lots
        book.used[a] += abs(lots)
        book.fills.append(Fill(order.id, a, lots, reference, price, spread, slippage, impact, commission, at))
        order.left -= lots
        if order.left == 0:
            self.leave(book, order)

    def leave(self, book, order):
        book.orders = [other for other in book.orders if other.id != order.id]

    def drop(self, book, order, reason):
        book.refuse(reason)
        self.leave(book, order)

    def clip(self, book, order):
        """-> (lots that the position and the bar's volume let through, why not all of them)."""
        a, rules, kind = order.asset, self.rules, self.kinds[order.asset]
        held, size, reason = book.holdings[a].lots, abs(order.left), None
        if order.reduce_only:
            if held * order.left >= 0:
                return 0, "REDUCE_ONLY"
            size = min(size, abs(held))
        if not rules.allow_short and order.left < 0 and size > max(held, 0):
            size, reason = max(held, 0), "NO_SHORT"
        if rules.participation != math.inf:
            volume = self.cells[self.row + 1][a].volume if kind.volume_known else 0
            share = max(0, math.floor(rules.participation * volume / kind.lot) - book.used[a])
            if size > share:
                size, reason = share, "PARTICIPATION"
        return order.side * size, reason

    def handle(self, book, order, reference, at, power=None, share=None):
        """An order whose turn has come -> power that it used up. Without `power` it does not increase a position."""
        lots, reason = self.clip(book, order)
        if reason:
            book.refuse(reason)
        limit, used = self.limit_of(order), 0.0
        if order.kind == "STOP":
            order.kind = "MARKET"
        if power is not None and self.increases(book, order, lots):
            fits, used = self.fitting(book, order, lots, reference, limit, power, share)
            if fits != lots:
                book.refuse("SCALED_CASH" if fits else "NO_CASH")
                lots, reason = fits, "NO_CASH"
        if lots:
            self.fill(book, order, lots, reference, at, limit)
        if order.left:
            if reason == "PARTICIPATION" and order.tif != "IOC":
                order.cut = True
                if order.fresh:
                    order.fresh = False
                    self.taken += 1
                    if self.taken > self.slots:
                        self.drop(book, order, "POOL_FULL")
            else:
                self.leave(book, order)
        return used

    def fitting(self, book, order, lots, reference, limit, power, share):
        """At the open growth is scaled; what does not fit then, and inside a bar (share None), is cut to the largest that does."""
        free = self.free_lots(book, order.asset, lots)
        more = abs(lots) - free

        def need(growth):
            size = order.side * (free + growth)
            return self.need(book, order.asset, size, reference, limit) if size else 0.0

        def fits(growth):
            self.near(need(growth), power)
            return need(growth) <= power or growth == 0

        if share is not None:
            if share == 1.0 and not fits(more):
                share = max(power, 0.0) / need(more)
            self.near(more * share, round(more * share))
            more = math.floor(more * share)
        if not fits(more):
            low, high = 0, more
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if fits(middle) else (low, middle)
            more = low
        return order.side * (free + more), need(more)

    def increases(self, book, order, lots):
        held = book.holdings[order.asset].lots
        return abs(held + lots) > abs(held)

    def limit_of(self, order):
        return order.limit * self.kinds[order.asset].tick if order.kind == "LIMIT" else None
