"""Maintenance margin of the second implementation, and what happens where it is not met."""

from .broker import Broker


class MarginDesk(Broker):
    """Watches one account."""

    @property
    def watched(self):
        return self.rules.account not in ("cash", "leverage")

    def largest(self, a):
        """Value to which brackets let a position grow; None: any."""
        brackets = self.kinds[a].brackets
        if not brackets:
            return None
        allowed = [i for i, bracket in enumerate(brackets) if bracket["max_leverage"] >= self.rules.max_leverage]
        end = allowed[-1] + 1 if allowed else 0
        return brackets[end]["floor"] if end < len(brackets) else None

    def maintenance(self, a, value):
        """Equity that must remain for a position of signed value."""
        size, brackets = abs(value), self.kinds[a].brackets
        if brackets:
            bracket = [b for b in brackets if b["floor"] <= size][-1]
            return size * bracket["maintenance_rate"] - bracket["deduction"]
        return size * (self.rules.maintenance_long if value > 0 else self.rules.maintenance_short)

    def excess(self, book, prices, a=None):
        """Equity above maintenance at these prices, before displacement: of the account, or of one isolated position."""
        chosen = [b for b in self.assets if book.holdings[b].lots] if a is None else [a]
        total = book.cash if a is None else book.holdings[a].margin
        for b in chosen:
            held = book.holdings[b]
            mark = prices[b] * (1 + held.shift)
            value = self.units(book, b) * mark * held.fx
            total += value if a is None else self.units(book, b) * (mark - held.average) * held.fx
            total -= self.maintenance(b, value)
        return total

    def watch(self, book, n, before, now, k):
        """Look at the margins at point k; `before` and `now` are the prices of points k - 1 and k."""
        if not self.watched or not any(held.lots for held in book.holdings):
            return
        if self.rules.account != "isolated":
            share = self.share_of_way(book, before, now, k)
            if share is not None:
                self.liquidate(book, n, self.assets, book.orders, before, now, k, share)
            return
        for a in self.assets:
            if book.holdings[a].lots:
                share = self.share_of_way(book, before, now, k, a)
                if share is not None:
                    self.liquidate(book, n, [a], [o for o in book.orders if o.asset == a], before, now, k, share)

    def share_of_way(self, book, before, now, k, a=None):
        """Where between two points the excess is used up; None: it is not."""
        end = self.excess(book, now, a)
        self.near(end, 0.0)
        if end >= 0:
            return None
        start = self.excess(book, before, a) if k else -1.0
        self.near(start, 0.0)
        return 1.0 if start < 0 else start / (start - end)

    def liquidate(self, book, n, assets, orders, before, now, k, share):
        opened, closed = self.clock[n]
        at = opened + round((closed - opened) * max(k - 1 + share, 0) / 3) if k else opened
        going = [a for a in assets if book.holdings[a].lots and self.cells[n][a].tradable]
        if not going:
            return
        for order in reversed(list(orders)):  # each is counted: children go before what they wait for
            self.leave(book, order, "CANCELLED", "LIQUIDATED", counted=True)
        for a in going:
            held, kind = book.holdings[a], self.kinds[a]
            reference = before[a] + (now[a] - before[a]) * share
            lots, margin = -held.lots, held.margin
            quoted = self.quote(book, a, lots, reference)
            realised = held.realised
            costs = self.settle(book, a, lots, reference, quoted)
            units, price = lots * kind.lot, quoted[3]
            notional = abs(units) * kind.multiplier * price * held.fx
            forced = self.rules.liquidation_fee_rate * notional
            if self.rules.account == "isolated":
                left = margin + held.realised - realised - costs["commission"] - costs["fees"] - forced
                forced += min(left, 0.0)
            book.cash -= forced
            book.add("liquidation", forced)
            self.turn_over(book, a, abs(units), price)
            self.remark(book, a, now[a], units)
            self.entry(book, 0, a, lots, "LIQUIDATION", False, reference, price, costs, 0.0, at)
        book.liquidations += 1
