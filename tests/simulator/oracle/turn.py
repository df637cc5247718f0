"""An order whose turn has come: where it meets the path, how much of it fits, and what is left of it."""

import math

from .book import ONE_LOOK
from .broker import EPSILON
from .desk import Desk


class Turn(Desk):
    """Finds fills for the orders of one account."""

    def limit_of(self, order):
        return order.limit * self.kinds[order.asset].tick if order.kind == "LIMIT" else None

    def stop_touched(self, order, price):
        return order.side * (price - order.stop * self.kinds[order.asset].tick) >= 0

    def limit_met(self, order, price):
        beyond = order.side * (order.limit * self.kinds[order.asset].tick - price)
        return beyond > 0 or (beyond == 0 and self.rules.limit_touch)

    def seen_at(self, order, price):
        """Whether an order that sees this price fills at it; a stop-limit that is touched becomes a limit."""
        if order.kind == "MARKET":
            return True
        if order.kind == "TRAILING_STOP":
            if order.stop == 0:
                order.stop = self.level_behind(order, price)
                return False
            return self.stop_touched(order, price)
        if order.kind == "STOP":
            return self.stop_touched(order, price)
        if order.kind == "STOP_LIMIT":
            if not self.stop_touched(order, price):
                return False
            order.kind = "LIMIT"
        return self.limit_met(order, price)

    def level_behind(self, order, price):
        """Ticks at which a trailing stop stands behind a price."""
        tick = self.kinds[order.asset].tick
        away = order.trail * tick if order.trail else order.rate * price
        level = (price + order.side * away) / tick
        if not order.trail:
            self.near(level, round(level))
        return max(1, math.ceil(level) if order.side > 0 else math.floor(level))

    def trail(self, book, n, prices, acting):
        """Trailing stops move on completed path points."""
        for order in book.orders:
            if order.kind == "TRAILING_STOP" and order.stop and order.asset in acting and self.cells[n][order.asset].tradable:
                level = self.level_behind(order, prices[order.asset])
                order.stop = min(order.stop, level) if order.side > 0 else max(order.stop, level)

    def meets(self, book, order, n, points, k):
        """(reference, instant, maker) at which an order meets segment k of the path, or None."""
        opened, closed = self.clock[n]
        span = closed - opened
        if order.first is None or order.cut or order.after >= k or order.size == 0:
            return None
        if order.tif == "AT_CLOSE":
            return self.at_the_close(book, order, n, points[3]) if k == 3 else None
        if order.tif == "AT_OPEN":
            return None
        arrival = 3 * (order.arrives_at - opened) if order.after < 0 else order.after * span
        start, end = (k - 1) * span, k * span  # thirds of the bar
        arriving = arrival >= start and (arrival > 0 or order.after == 0)
        expiry = 3 * (order.ends_at - opened)
        if arrival >= end or expiry <= start or (not arriving and (order.kind == "MARKET" or order.tif in ONE_LOOK)):
            return None
        p, q = points[k - 1], points[k]
        first = self.path_price(order, p, q, (max(arrival, start) - start) / span)
        last = self.path_price(order, p, q, (min(expiry, end) - start) / span)

        def when(price):
            return opened + round(span * (k - 1 + (0 if p == q else (price - p) / (q - p))) / 3)

        rested = order.rested
        if arriving or (order.kind == "TRAILING_STOP" and order.stop == 0):
            order.rested = True
            if self.seen_at(order, first):
                if order.post_only and order.kind == "LIMIT" and not rested:
                    self.leave(book, order, "REJECTED", "POST_ONLY", counted=True)
                    return None
                return first, order.arrives_at, rested and order.was == "LIMIT"
            if order.tif in ONE_LOOK:
                self.miss(book, order)
                return None
        if order.kind == "STOP_LIMIT" and self.stop_touched(order, last):
            level = order.stop * self.kinds[order.asset].tick
            order.kind = "LIMIT"
            if self.limit_met(order, level):
                return level, when(level), False
        if not (self.limit_met(order, last) if order.kind == "LIMIT" else order.kind != "STOP_LIMIT" and self.seen_at(order, last)):
            return None
        level = (order.limit if order.kind == "LIMIT" else order.stop) * self.kinds[order.asset].tick
        return level, when(level), order.kind == "LIMIT"

    def path_price(self, order, p, q, share):
        """Price at this share of the way from p to q; one that rounding may have put on the grid, or beside it, is noted."""
        price = p + (q - p) * share
        if share * 64 != round(share * 64) and p != q:
            ticks = price / self.kinds[order.asset].tick
            if abs(ticks - round(ticks)) < EPSILON:
                self.close_calls += 1
        return price

    def at_the_close(self, book, order, n, price):
        closed = self.clock[n][1]
        if not self.looks(order, n) or order.ends_at < closed:
            return None
        if self.seen_at(order, price):
            return price, closed, False
        self.miss(book, order)
        return None

    def miss(self, book, order):
        """Its one look found nothing."""
        if order.tif == "FOK":
            self.leave(book, order, "REJECTED", "FILL_OR_KILL", counted=True)
        else:
            self.leave(book, order, "CANCELLED" if order.tif == "IOC" else "EXPIRED")

    def armed_in_part(self, order):
        """Whether a fill or kill cannot be filled whole, since its parent has armed less of it."""
        return order.tif == "FOK" and order.size < abs(order.left)

    def clip(self, book, order, reference):
        """-> (lots that the position, the bar's volume and brackets let through, why not all of them)."""
        a, rules, kind = order.asset, self.rules, self.kinds[order.asset]
        held, size, reason = book.holdings[a].lots, order.size, None
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
        most = self.largest(a) if abs(held + order.side * size) > abs(held) else None
        if most is not None:
            each = kind.lot * kind.multiplier * book.holdings[a].fx * reference
            room = max(math.floor(most / each), abs(held)) - order.side * held
            self.near(most / each, round(most / each))
            if size > room:
                size, reason = room, "LEVERAGE"
        return order.side * size, reason

    def increases(self, book, order, lots):
        held = book.holdings[order.asset].lots
        return abs(held + lots) > abs(held)

    def handle(self, book, n, order, reference, at, maker, power=None, share=None):
        """An order whose turn has come -> power that it used up. Without `power` it does not increase a position."""
        order.turning = False
        if order.size == 0:  # its group has taken what was armed: the look did not count
            order.rested = maker
        lots, reason = self.clip(book, order, reference)
        if order.tif == "FOK" and lots != order.left:
            self.miss(book, order)
            return 0.0
        limit, used, cut = self.limit_of(order), 0.0, None
        if power is not None and self.increases(book, order, lots):
            fits, used = self.fitting(book, order, lots, reference, limit, power, share, maker)
            if fits != lots:
                if order.tif == "FOK":
                    self.miss(book, order)
                    return 0.0
                lots, cut = fits, "SCALED_CASH" if fits else "NO_CASH"
        short = abs(lots) < order.size
        for why in (reason, cut):
            if why:
                book.refuse(why)
        if order.kind in ("STOP", "TRAILING_STOP"):
            order.kind = "MARKET"
        if lots:
            self.fill(book, n, order, lots, reference, at, limit, maker)
        if order.left and order.alive:
            if cut or (reason and reason != "PARTICIPATION"):
                self.leave_with_rest(book, order, lots, "CANCELLED", reason or cut)
            elif order.tif in ONE_LOOK:
                self.leave_with_rest(book, order, lots, "CANCELLED", reason or "NONE")
            elif reason:
                self.keep(book, order, lots)
            elif short:  # reduce-only, and no more was held
                self.leave_with_rest(book, order, lots, "CANCELLED", "REDUCE_ONLY")
        return used

    def leave_with_rest(self, book, order, lots, state, reason):
        """What a fill leaves of the order goes with it: the fill's own entry of the log says so."""
        if lots:
            entry = max(i for i, (number, *_) in enumerate(book.log) if number == order.id)
            del book.log[entry]
        self.leave(book, order, state, "NONE" if lots else reason)

    def keep(self, book, order, lots):
        """What the bar's volume left of an order works on; one that had no slot needs one now."""
        order.cut = True
        if order.fresh:
            order.fresh = False
            self.taken += 1
            if self.taken > self.slots:
                book.refuse("POOL_FULL")
                self.leave_with_rest(book, order, lots, "CANCELLED", "POOL_FULL")

    def fitting(self, book, order, lots, reference, limit, power, share, maker):
        """At the open growth is scaled; what does not fit then, and inside a bar (share None), is cut to the largest that does."""
        held = book.holdings[order.asset].lots
        free = 0
        if held * lots < 0:
            free = min(abs(lots), abs(held) if self.rules.account == "cash" else 2 * abs(held))
        more = abs(lots) - free

        def need(growth):
            size = order.side * (free + growth)
            return self.need(book, order.asset, size, reference, limit, order, maker) if size else 0.0

        def fits(growth):
            needed = need(growth)
            self.near(needed, power)
            return growth == 0 or needed <= power

        if share == 1 and not fits(more):
            share = max(power, 0.0) / need(more)
        if share is not None and share < 1:
            self.near(more * share, round(more * share))
            more = math.floor(more * share)
        if not fits(more):
            low, high = 0, more
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if fits(middle) else (low, middle)
            more = low
        return order.side * (free + more), need(more)

    def fill(self, book, n, order, lots, reference, at, limit, maker):
        a, kind, fx = order.asset, self.kinds[order.asset], self.cells[n][order.asset].fx
        held = book.holdings[a]
        quoted = self.quote(book, a, lots, reference, limit, order, maker)
        price, units = quoted[3], lots * kind.lot
        old = held.lots
        costs = self.settle(book, a, lots, reference, quoted)
        grown = max(abs(held.lots) - (abs(old) if old * held.lots > 0 else 0), 0)
        risk = grown * kind.lot * kind.multiplier * fx * self.distance_to_stop(book, order, price)
        held.risk += risk
        order.filled += abs(lots)
        order.traded += abs(units) * kind.multiplier * fx * price
        order.charged += costs["commission"]
        order.left -= lots
        if order.allowed != math.inf:
            order.allowed -= abs(lots)
        book.used[a] += abs(lots)
        self.turn_over(book, a, abs(units), price)
        self.remark(book, a, held.mark / (1 + held.shift), units)
        self.entry(book, order.id, a, lots, order.was, maker, reference, price, costs, risk, at)
        self.arm(book, order, abs(lots), n)
        self.take_from_group(book, order, abs(lots))
        if order.left == 0:
            self.leave(book, order, "FILLED")
        else:
            book.note(order, "PARTIALLY_FILLED")

    def distance_to_stop(self, book, order, price):
        """What a unit loses from its entry to the first child that is a stop; 0 where there is none."""
        for child in book.orders:
            stops = child.kind in ("STOP", "STOP_LIMIT", "TRAILING_STOP") or child.turning
            if child.parent == order.id and child.asset == order.asset and stops:
                tick = self.kinds[order.asset].tick
                if child.kind == "TRAILING_STOP":
                    return child.trail * tick if child.trail else child.rate * price
                return max(order.side * (price - child.stop * tick), 0.0)
        return 0.0
