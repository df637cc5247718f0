"""Where decisions come in: cancels, orders and their refusals; parents, children and groups; who leaves and why."""

import math

from .book import NEVER, ONE_LOOK, Order
from .carry import Carrier

KINDS = ("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP")
TIFS = ("GTC", "DAY", "IOC", "FOK", "GTD", "AT_OPEN", "AT_CLOSE")
LIMITED, STOPPED = ("LIMIT", "STOP_LIMIT"), ("STOP", "STOP_LIMIT")
MOST_LOTS = 10**15


class Desk(Carrier):
    """Takes the decisions of one account."""

    def decide(self, book, n, intents, tickets, cancelled):
        arrives = self.old_close + self.rules.latency_ns
        late = arrives > self.clock[n][0]
        for a in cancelled:
            for order in book.orders:
                if order.asset == a:
                    order.cancel_at = min(order.cancel_at, arrives)
        for ticket in tickets:
            if ticket is not None and ticket.cancels:
                self.cancel(book, ticket.cancels, arrives)
        if not late:
            self.expire(book, arrives)
        for ask in intents:
            self.submit(book, n, ask, arrives, late, None)
        slots = {}
        for slot, ask in enumerate(tickets, start=1):
            if ask is not None and not ask.cancels:
                slots[slot] = self.submit(book, n, ask, arrives, late, slots)

    def cancel(self, book, number, arrives):
        found = [order for order in book.orders if order.id == number]
        if not found:
            book.refuse("UNKNOWN_ORDER")
        for order in found:
            for other in book.orders:
                if other is order or (order.group is not None and other.group == order.group):
                    other.cancel_at = min(other.cancel_at, arrives)

    def expire(self, book, at):
        """What a date or a cancel ends by this instant."""
        for order in list(book.orders):
            if order.alive and order.ends_at <= at:
                self.end(book, order)

    def end(self, book, order):
        self.leave(book, order, "CANCELLED" if order.cancel_at <= order.date else "EXPIRED")

    def submit(self, book, n, ask, arrives, late, slots):
        """-> the id of the order, or None where it was refused."""
        number, self.next_id = self.next_id, self.next_id + 1
        reason = self.refusal(book, n, ask, arrives, late, slots)
        pooled = not ask.intent or late or ask.kind != "MARKET" or ask.tif in ("AT_OPEN", "AT_CLOSE")
        if reason is None and pooled and sum(not order.fresh for order in book.orders) >= self.slots:
            reason = "POOL_FULL"
        if reason:
            book.refuse(reason)
            book.log.append((number, "REJECTED", reason))
            return None
        order = Order(number, ask, ask.lots, self.old_close, arrives)
        order.fresh = not pooled
        if ask.tif == "GTD":
            order.date = ask.date
        if ask.group:
            order.group = (self.row, ask.group)
        if ask.parent:
            order.parent, order.allowed, order.arrives_at = slots[ask.parent], 0, NEVER
        book.orders.append(order)
        book.note(order, "PENDING")
        return number

    def refusal(self, book, n, ask, arrives, late, slots):
        if self.ruined:
            return "RUINED"
        if not 0 <= ask.asset < len(self.kinds):
            return "UNKNOWN_ASSET"
        kind, cell, held = self.kinds[ask.asset], self.cells[n][ask.asset], book.holdings[ask.asset]
        if not cell.present:
            return "NOT_LISTED"
        if ask.lots == 0:
            return "BELOW_MINIMUM"
        if self.malformed(ask, arrives, slots):
            return "BAD_ORDER"
        if ask.parent and slots[ask.parent] is None:
            return "NO_PARENT"
        if ask.kind != "MARKET":
            if self.close_only:
                return "NO_PATH"
            if not self.priced(ask):
                return "BAD_PRICE"
            if not math.isnan(cell.roll) and ask.kind != "TRAILING_STOP":  # a distance is no price
                return "ROLLED"
        elif not late and not ask.parent and ask.tif not in ("AT_OPEN", "AT_CLOSE") and not cell.tradable:
            return "NOT_TRADABLE"
        after = abs(held.lots + ask.lots)
        if after > MOST_LOTS:
            return "BAD_ORDER"
        price = ask.limit * kind.tick if ask.kind in LIMITED else ask.stop * kind.tick if ask.kind == "STOP" else held.mark
        small = abs(ask.lots) * kind.lot * kind.multiplier * price < kind.min_notional
        return "BELOW_MINIMUM" if small and after > abs(held.lots) and not ask.parent else None

    def malformed(self, ask, arrives, slots):
        if ask.kind not in KINDS or ask.tif not in TIFS:
            return True
        if ask.tif in ("AT_OPEN", "AT_CLOSE") and ask.kind not in ("MARKET", "LIMIT"):
            return True
        if ask.post_only and (ask.kind != "LIMIT" or ask.tif in ONE_LOOK):
            return True
        if ask.tif == "GTD" and (ask.intent or ask.date <= arrives):
            return True
        if not ask.parent:
            return False
        return ask.parent not in slots or ask.delay < (ask.kind == "MARKET")

    def priced(self, ask):
        if ask.kind in LIMITED and ask.limit <= 0:
            return False
        if ask.kind in STOPPED and ask.stop <= 0:
            return False
        return ask.kind != "TRAILING_STOP" or ask.trail > 0 or (ask.trail == 0 and 0 < ask.rate < 1)

    def leave(self, book, order, state, reason="NONE", counted=False):
        """The order is done; what waits for it and is not armed leaves with it, at the end of the round where one is played."""
        if counted:
            book.refuse(reason)
        book.note(order, state, reason)
        book.orders = [other for other in book.orders if other is not order]
        if self.playing:
            book.parted.append(order.id)
        else:
            self.part(book, order.id)

    def part(self, book, number):
        """Children of an order that has left keep what is armed."""
        for child in list(book.orders):
            if child.parent == number and child.alive:
                child.parent = 0
                armed = child.allowed + child.more
                if armed <= 0:
                    self.leave(book, child, "CANCELLED")
                elif armed < abs(child.left):
                    child.left = child.side * armed

    def arm(self, book, order, lots, n):
        """A fill of so many lots arms what waits for it."""
        for child in book.orders:
            if child.parent == order.id:
                if child.ready is None:
                    child.ready = n + child.delay
                if child.asset == order.asset:
                    child.more += lots
                elif order.left == 0:
                    child.more = math.inf

    def act_from_here(self, book, n, k):
        """What the fills of point k (0: the open) have armed counts from the next one on; without a parent that is all."""
        opened, closed = self.clock[n]
        for child in book.orders:
            if child.more:
                idle, child.allowed, child.more = child.size == 0, child.allowed + child.more, 0
                if child.first is None and child.ready <= n and child.size:
                    if k == 3:  # it comes after the close
                        child.ready = n + 1
                        continue
                    child.first = n
                    waking = True
                else:  # a market order that works already goes on by the next open
                    waking = child.first is not None and idle and not child.cut and child.kind != "MARKET"
                if waking and k < 3:
                    child.after, child.arrives_at = k, opened + (closed - opened) * k // 3
                    if child.state == "PENDING" and (child.tif not in ("AT_OPEN", "AT_CLOSE") or self.looks(child, n)):
                        book.note(child, "OPEN")

        gone, book.parted = book.parted, []
        for number in gone:
            self.part(book, number)

    def take_from_group(self, book, order, lots):
        """What one of a group fills is taken from each other one."""
        if order.group is None:
            return
        for other in list(book.orders):
            if other is not order and other.group == order.group and other.alive:
                taken = min(lots, abs(other.left))
                other.left -= other.side * taken
                other.allowed -= lots
                if other.left == 0:
                    self.leave(book, other, "CANCELLED")
