"""The written rules of docs/simulator.md, slow and obvious: the events of one bar of one account, in their order."""

import copy
import math
from fractions import Fraction

from .book import DAY, Order
from .broker import ROUNDING, Broker

YEAR = 365 * DAY


class Exchange(Broker):
    """One account that trades bar after bar."""

    def step(self, intents):
        """Play the next bar; an intent is a dict of lots, kind, tif, limit, stop (ticks), reduce_only and cancel."""
        self.old_close, n = self.clock[self.row][1], self.row + 1
        book = self.book
        book.fills, book.refused, book.used = [], {}, [0] * len(self.kinds)
        for order in book.orders:
            order.cut = False
        intents = [dict(intent) for intent in intents]
        self.corporate(book, n, intents)
        self.submit(book, n, intents)
        for order in list(book.orders):
            if order.expires_at <= self.clock[n][0]:
                self.leave(book, order)
            elif order.first is None and order.arrives_at < max(self.clock[n][1], self.clock[n][0] + 1):
                order.first, midnight = n, (self.clock[n][0] // DAY + 1) * DAY
                if order.tif == "DAY":
                    order.expires_at = min(order.expires_at, max(midnight, self.clock[n][1]))
        self.refuse_halted(book, n)
        self.at_open(book, n)
        self.book = book = self.inside(book, n)
        for a, held in enumerate(book.holdings):
            held.mark, held.fx = self.cells[n][a].close, self.cells[n][a].fx
        for order in list(book.orders):
            if order.expires_at <= self.clock[n][1]:
                self.leave(book, order)
        if not self.ruined and self.equity(book) <= self.rules.ruin_equity_fraction * self.initial:
            self.ruined = True
            book.orders = []
        self.row = n

    def corporate(self, book, n, intents):
        days = (self.clock[n][1] - self.old_close) / YEAR
        for a, held in enumerate(book.holdings):
            cell, kind = self.cells[n][a], self.kinds[a]
            units = held.lots * kind.lot * kind.multiplier
            if held.lots < 0:
                rate = self.rules.borrow_rate if math.isnan(cell.borrow_rate) else cell.borrow_rate
                paid = -units * held.mark * held.fx * rate * days
                book.cash -= paid
                book.add("borrow", paid)
        for a, held in enumerate(book.holdings):
            cell, kind = self.cells[n][a], self.kinds[a]
            got = -held.lots * kind.lot * kind.multiplier * held.mark * held.fx * cell.funding_rate
            book.cash += got
            book.add("funding", got)
            if cell.split != 1.0:
                self.split(book, a, cell, intents)
            got = held.lots * kind.lot * cell.dividend * cell.fx
            book.cash += got
            book.add("dividends", got)

    def split(self, book, a, cell, intents):
        held, kind = book.holdings[a], self.kinds[a]
        held.mark /= cell.split
        exact = held.lots * cell.split
        held.lots = math.trunc(exact)
        rest = (exact - held.lots) * kind.lot * kind.multiplier * held.mark * held.fx
        book.cash += rest
        book.ideal += rest
        for order in list(book.orders):
            if order.asset == a:
                side = order.side
                order.left = math.trunc(order.left * cell.split)
                order.limit, order.stop = prices_after(side, order.limit, order.stop, cell.split)
                if order.left == 0:
                    self.drop(book, order, "BELOW_MINIMUM")
        intent = intents[a]
        if intent["lots"]:
            side = 1 if intent["lots"] > 0 else -1
            intent["limit"], intent["stop"] = prices_after(side, intent["limit"], intent["stop"], cell.split)
            intent["shrunk"] = math.trunc(intent["lots"] * cell.split)

    def submit(self, book, n, intents):
        arrives = self.old_close + self.rules.latency_ns
        for order in book.orders:
            if intents[order.asset]["cancel"]:
                order.expires_at = min(order.expires_at, arrives)
        late = arrives > self.clock[n][0]
        if not late:
            book.orders = [order for order in book.orders if order.expires_at > arrives]
        for a, intent in enumerate(intents):
            if not intent["lots"]:
                continue
            number, self.next_id = self.next_id, self.next_id + 1
            lots = intent.get("shrunk", intent["lots"])
            reason = self.refusal(book, a, intent, lots, late)
            if reason is None and (late or intent["kind"] != "MARKET"):
                pooled = [o for o in book.orders if not o.fresh]
                if len(pooled) >= self.slots:
                    reason = "POOL_FULL"
            if reason:
                book.refuse(reason)
                continue
            order = Order(
                number, a, lots, intent["kind"], intent["tif"], intent["limit"], intent["stop"], intent["reduce_only"],
                self.old_close, arrives, fresh=not late and intent["kind"] == "MARKET",
            )  # fmt: skip
            book.orders.append(order)

    def refusal(self, book, a, intent, lots, late):
        kind, held = self.kinds[a], book.holdings[a].lots
        if self.ruined:
            return "RUINED"
        if lots == 0:
            return "BELOW_MINIMUM"
        if intent["kind"] not in ("MARKET", "LIMIT", "STOP") or intent["tif"] not in ("GTC", "DAY", "IOC"):
            return "BAD_ORDER"
        price = book.holdings[a].mark
        if intent["kind"] != "MARKET":
            if self.close_only:
                return "NO_PATH"
            ticks = intent["limit"] if intent["kind"] == "LIMIT" else intent["stop"]
            if ticks <= 0:
                return "BAD_PRICE"
            price = ticks * kind.tick
        elif not late and not self.cells[self.row + 1][a].tradable:
            return "NOT_TRADABLE"
        if abs(held + lots) > abs(held) and abs(lots) * kind.lot * kind.multiplier * price < kind.min_notional:
            return "BELOW_MINIMUM"
        return None

    def refuse_halted(self, book, n):
        """Market orders that arrive where nothing is traded are refused; an order with one look has had it."""
        here = [order for order in book.orders if order.first == n and not self.cells[n][order.asset].tradable]
        for order in here:
            if order.kind == "MARKET":
                self.drop(book, order, "NOT_TRADABLE")
        # an order that leaves while the bar is played gives its room back at the close
        self.taken = sum(not order.fresh for order in book.orders)
        for order in here:
            if order.tif == "IOC":
                self.leave(book, order)

    def at_open(self, book, n):
        opened = self.clock[n][0]
        for a, held in enumerate(book.holdings):
            held.mark, held.fx = self.cells[n][a].open, self.cells[n][a].fx
        going = []
        for order in sorted(book.orders, key=lambda order: order.id):
            if order.arrives_at <= opened and self.cells[n][order.asset].tradable:
                if self.takes(order, self.cells[n][order.asset].open):
                    if order.kind == "STOP":
                        order.kind = "MARKET"
                    going.append(order)
                elif order.tif == "IOC":
                    self.leave(book, order)
        waiting = []
        for order in going:
            lots, _ = self.clip(book, order)
            if self.increases(book, order, lots):
                waiting.append(order)
            else:
                self.handle(book, order, self.cells[n][order.asset].open, opened)
        total, power = 0.0, self.power(book)
        for order in waiting:
            lots, _ = self.clip(book, order)
            if self.increases(book, order, lots):
                total += self.need(book, order.asset, lots, self.cells[n][order.asset].open, self.limit_of(order))
        self.near(power, total)
        share = 1.0 if total <= power else power / total if power > 0 else 0.0
        for order in waiting:
            power -= self.handle(book, order, self.cells[n][order.asset].open, opened, power, share)

    def takes(self, order, price):
        """Whether an order that sees this price fills at it."""
        if order.kind == "MARKET":
            return True
        kind = self.kinds[order.asset]
        if order.kind == "STOP":
            return order.side * (price - order.stop * kind.tick) >= 0
        beyond = order.side * (order.limit * kind.tick - price)
        return beyond > 0 or (beyond == 0 and self.rules.limit_touch)

    def inside(self, book, n):
        if self.close_only:
            return book
        assets = range(len(self.kinds))
        high_first = []
        for a in assets:
            cell = self.cells[n][a]
            policy = self.rules.path
            if policy == "adaptive":
                high_first.append(cell.high - cell.open < cell.open - cell.low)
            elif policy != "adverse":
                high_first.append(policy == "ohlc")
            else:
                ends = []
                for first in (False, True):
                    trial = copy.deepcopy(book)
                    points = {b: [self.cells[n][b].open] * 4 for b in assets}
                    points[a] = cell.points(first)
                    self.walk(trial, n, points, [a])
                    ends.append(self.equity(trial))
                self.near(*ends)
                high_first.append(ends[1] < ends[0] - ROUNDING * max(abs(ends[0]), self.initial))
        self.walk(book, n, {a: self.cells[n][a].points(high_first[a]) for a in assets}, list(assets))
        return book

    def walk(self, book, n, points, acting):
        opened, closed = self.clock[n]
        for k in (1, 2, 3):
            for a in acting:
                book.holdings[a].mark = points[a][k]
            met = []
            for order in sorted(book.orders, key=lambda order: order.id):
                if order.asset in acting and self.cells[n][order.asset].tradable:
                    seen = self.meets(order, points[order.asset], k, opened, closed)
                    if seen == "LEAVES":
                        self.leave(book, order)
                    elif seen is not None:
                        met.append((order, *seen))
            later = []
            for order, reference, at in met:
                lots, _ = self.clip(book, order)
                if self.increases(book, order, lots):
                    later.append((order, reference, at))
                else:
                    self.handle(book, order, reference, at)
            for order, reference, at in later:
                self.handle(book, order, reference, at, self.power(book))

    def meets(self, order, points, k, opened, closed):
        """(reference, instant) at which the order meets segment k of the path, None, or LEAVES for a look that found nothing."""
        span = closed - opened
        start, end = Fraction(k - 1, 3), Fraction(k, 3)
        arrival = Fraction(order.arrives_at - opened, span)
        expiry = Fraction(order.expires_at - opened, span)
        arriving = arrival > 0 and arrival >= start
        if order.cut or arrival >= end or expiry <= start or (not arriving and (order.kind == "MARKET" or order.tif == "IOC")):
            return None
        p, q = points[k - 1], points[k]

        def price_at(moment):
            return float(p + Fraction(q - p) * (moment - start) * 3)

        def when(price):
            return opened + round(span * (float(start) + (0 if p == q else (price - p) / (q - p)) / 3))

        first = price_at(max(arrival, start))
        if arriving and self.takes(order, first):
            return first, order.arrives_at
        if order.tif == "IOC":
            return "LEAVES"
        last = price_at(min(expiry, end))
        if not self.takes(order, last):
            return None
        level = (order.limit if order.kind == "LIMIT" else order.stop) * self.kinds[order.asset].tick
        return level, when(level)


def prices_after(side, limit, stop, split):
    """Limits no more generous, stops no earlier, and one tick at least where there was a price."""

    def whole(ticks, down):
        return max(1, (math.floor if down else math.ceil)(ticks / split)) if ticks > 0 else 0

    return whole(limit, side > 0), whole(stop, side < 0)
