"""The written rules of docs/simulator.md, slow and obvious: the events of one bar of one account, in their order."""

from .book import ONE_LOOK
from .turn import Turn

TIE = 1e-12  # equities closer than this share of the larger are a tie


class Exchange(Turn):
    """One account that trades bar after bar."""

    def step(self, intents, tickets, cancelled):
        """Play the next bar: intents with lots, a ticket or None for each slot, assets whose orders are cancelled."""
        self.old_close, n = self.clock[self.row][1], self.row + 1
        book = self.book
        book.fills, book.log, book.refused, book.used = [], [], {}, [0] * len(self.kinds)
        self.before, self.equity_before, self.liquidations_before = dict(book.sums), self.equity(book), book.liquidations
        self.ruining = False
        self.path_gap = 0.0
        for order in book.orders:
            order.cut, order.after = False, -1
        self.keep_marks(book)
        self.carry(book, n, [ask for ask in (*intents, *tickets) if ask is not None])
        self.keep_marks(book)
        self.decide(book, n, intents, tickets, cancelled)
        self.arrive(book, n)
        self.at_open(book, n)
        self.inside(book, n)
        self.at_close(book, n)
        self.row = n

    def arrive(self, book, n):
        """Whose time is over by the open, and whose first bar this is; where nothing is traded one look finds nothing."""
        opened, closed = self.clock[n]
        missed = []
        for order in list(book.orders):
            if not order.alive:  # it left with its parent
                continue
            if order.ends_at <= opened:
                self.end(book, order)
                continue
            if order.ready is not None and order.ready <= n and order.first is None and order.size:
                order.arrives_at = opened
            if order.first is None and order.arrives_at < max(closed, opened + 1):
                order.first = n
            waits = order.tif in ("AT_OPEN", "AT_CLOSE") and not self.looks(order, n)
            if order.first is not None and order.state == "PENDING" and not waits:
                book.note(order, "OPEN")
            if order.first is not None and not self.cells[n][order.asset].tradable and self.looks(order, n):
                if order.kind == "MARKET":
                    self.leave(book, order, "REJECTED", "NOT_TRADABLE", counted=True)
                elif order.tif in ONE_LOOK:
                    missed.append(order)
        self.taken = sum(not order.fresh for order in book.orders)
        for order in missed:
            if order.alive:
                self.miss(book, order)

    def looks(self, order, n):
        """Whether an order has its first look in this row."""
        cell, (opened, closed) = self.cells[n][order.asset], self.clock[n]
        if order.tif == "AT_OPEN":
            return cell.opens and order.arrives_at <= opened and order.after < 0
        if order.tif == "AT_CLOSE":
            return cell.closes and (order.arrives_at < closed or order.arrives_at <= opened)
        return order.first == n

    def at_open(self, book, n):
        prices = [cell.open for cell in self.cells[n]]
        for a, held in enumerate(book.holdings):
            held.mark, held.fx = prices[a] * (1 + held.shift), self.cells[n][a].fx
        self.play_open(book, n, prices)
        self.act_from_here(book, n, 0)
        self.watch(book, n, prices, prices, 0)
        self.trail(book, n, prices, self.assets)

    def look_at_open(self, book, order, n, price):
        """(order, reference, instant, maker) where it fills at the open, else None."""
        if order.size == 0 or order.tif == "AT_CLOSE" or (order.tif == "AT_OPEN" and not self.cells[n][order.asset].opens):
            return None
        rested, order.rested = order.rested, True
        seen = self.seen_at(order, price)
        if seen and order.post_only and not rested and order.kind == "LIMIT":
            self.leave(book, order, "REJECTED", "POST_ONLY", counted=True)
        elif seen:
            return order, price, self.clock[n][0], rested and order.was == "LIMIT"
        elif order.tif in ONE_LOOK:
            self.miss(book, order)
        return None

    def play_open(self, book, n, prices):
        """What does not increase a position goes first, each order looking when its turn comes."""
        waiting = []
        self.begin_point(book)
        for order in list(book.orders):
            here = order.first is not None and order.after < 0 and order.arrives_at <= self.clock[n][0]
            if order.alive and here and self.cells[n][order.asset].tradable:
                met = self.look_at_open(book, order, n, prices[order.asset])
                if met and self.armed_in_part(order):
                    self.miss(book, order)
                elif met and self.increases(book, order, self.clip(book, order, met[1])[0]):
                    waiting.append(met)
                    order.turning = order.was == "STOP_LIMIT"
                elif met:
                    self.handle(book, n, *met)
        total, power = 0.0, self.power(book)
        for order, reference, _, maker in waiting:
            if order.alive:
                lots, _ = self.clip(book, order, reference)
                if self.increases(book, order, lots):
                    total += self.need(book, order.asset, lots, reference, self.limit_of(order), order, maker)
        self.near(power, total)
        share = 1.0 if total <= power else power / total if power > 0 else 0.0
        for met in waiting:
            if met[0].alive:
                power -= self.handle(book, n, *met, power, share)
        self.playing = False

    def begin_point(self, book):
        self.playing = True
        for order in book.orders:
            order.was = order.kind

    def inside(self, book, n):
        if self.close_only and all(order.tif != "AT_CLOSE" for order in book.orders):
            return
        opens = [cell.open for cell in self.cells[n]]
        acting = []
        for a in self.assets:
            could_act = any(order.asset == a for order in book.orders) and self.cells[n][a].tradable
            if could_act or (self.watched and book.holdings[a].lots):
                acting.append(a)
        if not acting:
            return
        points = []
        for a in self.assets:
            chosen = a in acting or self.rules.path != "adverse"
            points.append(self.cells[n][a].points(chosen and self.high_first(book, n, a, opens)))
        self.walk(book, n, points, self.assets)

    def high_first(self, book, n, a, opens):
        cell, policy = self.cells[n][a], self.rules.path
        if policy == "adaptive":
            return cell.high - cell.open < cell.open - cell.low
        if policy != "adverse":
            return policy == "ohlc"
        if cell.high == cell.low:
            return False
        ends = []
        for first in (False, True):
            trial = book.copy()
            points = [[price] * 4 for price in opens]
            points[a] = cell.points(first)
            self.walk(trial, n, points, [a])
            ends.append(self.equity(trial))
        gap, edge = ends[0] - ends[1], TIE * max(abs(ends[0]), self.initial)
        self.path_gap += abs(gap)
        if edge / 50 < abs(gap) < edge * 1000:  # nearer to 0 it is rounding alone
            self.close_calls += 1
        return gap > edge

    def walk(self, book, n, points, acting):
        for k in (1, 2, 3):
            for a in acting:
                held = book.holdings[a]
                held.mark = points[a][k] * (1 + held.shift)
            later = []
            self.begin_point(book)
            for order in list(book.orders):
                if order.alive and order.asset in acting and self.cells[n][order.asset].tradable:
                    seen = self.meets(book, order, n, points[order.asset], k)
                    if seen and self.armed_in_part(order):
                        self.miss(book, order)
                    elif seen and self.increases(book, order, self.clip(book, order, seen[0])[0]):
                        later.append((order, *seen))
                        order.turning = order.was == "STOP_LIMIT"
                    elif seen:
                        self.handle(book, n, order, *seen)
            for found in later:
                if found[0].alive:
                    self.handle(book, n, *found, self.power(book))
            self.playing = False
            self.act_from_here(book, n, k)
            self.watch(book, n, [p[k - 1] for p in points], [p[k] for p in points], k)
            self.trail(book, n, [p[k] for p in points], acting)

    def at_close(self, book, n):
        for a, held in enumerate(book.holdings):
            cell = self.cells[n][a]
            held.mark, held.fx = cell.close * (1 + held.shift), cell.fx
        for order in list(book.orders):
            if order.alive and order.tif == "DAY" and order.first is not None and self.cells[n][order.asset].closes:
                order.date = min(order.date, self.clock[n][1])
        self.peak = max(self.peak, self.equity(book))
        if not self.ruined and self.equity(book) <= self.rules.ruin_equity_fraction * self.initial:
            self.near(self.equity(book), self.rules.ruin_equity_fraction * self.initial)
            self.ruined = self.ruining = True
            for order in reversed(list(book.orders)):
                self.leave(book, order, "CANCELLED", "RUINED")
        self.expire(book, self.clock[n][1])
