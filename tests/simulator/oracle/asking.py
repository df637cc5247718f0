"""Random decisions: intents of any kind and tickets of any shape; prices are ticks from the mark at the decision."""

from .book import Ask
from .desk import KINDS, TIFS

BAD = -(10**9)  # ticks from the mark: no price at all
HOUR = 3_600_000_000_000
SHAPES = ("single", "single", "single", "pair", "bracket", "bracket", "bracket", "chain", "chaos")


class Asker:
    """Draws decisions with a `random.Random`; `scales` are the lots that make a usual size, by asset."""

    def __init__(self, r, scales, clock, n_tickets, without):
        self.r, self.scales, self.clock, self.n_tickets, self.without = r, scales, clock, n_tickets, without
        self.assets = range(len(scales))
        self.kinds = tuple(kind for kind in KINDS if kind not in without)
        self.shapes = tuple(shape for shape in SHAPES if shape not in without)
        self.tifs = tuple(tif for tif in TIFS if tif not in without)

    def decision(self, row, ids):
        """(intents with lots, assets whose orders are cancelled, tickets); `ids` bounds those that are cancelled."""
        r, intents, cancelled, tickets = self.r, [], [], []
        for a in self.assets:
            if r.random() < 0.22:
                intents.append(self.ask(row, a, intent=True))
            if r.random() < 0.06:
                cancelled.append(a)
        if self.n_tickets and r.random() < 0.4:
            tickets = self.shape(row, r.choice(self.shapes))[: self.n_tickets]
            if r.random() < 0.2 and len(tickets) < self.n_tickets:
                tickets.append(Ask(0, 0, "MARKET", "GTC", cancels=r.randint(1, max(ids, 1)), intent=False))
        return intents, cancelled, tickets

    def ask(self, row, a, intent=False, side=0, kinds=None):
        r = self.r
        size = r.randint(1, 60) * self.scales[a]
        chosen = [kind for kind in kinds or self.kinds if kind in self.kinds] or ["MARKET"]
        kind, tif = r.choice(chosen), r.choice(self.tifs if r.random() < 0.6 else ("GTC", "GTC", self.tifs[-1]))
        if kind in ("STOP", "STOP_LIMIT", "TRAILING_STOP") and tif in ("AT_OPEN", "AT_CLOSE") and r.random() < 0.9:
            tif = "GTC"
        if tif == "GTD" and intent and r.random() < 0.95:
            tif = "GTC"
        ask = Ask(
            (side or r.choice((1, -1))) * size, a, kind, tif, r.randint(-6, 6), r.randint(-6, 6), reduce_only=r.random() < 0.12,
            post_only=r.random() < (0.15 if "LIMIT" in kind else 0.02), intent=intent,
        )  # fmt: skip
        if kind == "TRAILING_STOP":
            ask.trail = r.randint(1, 8)
            if not intent and r.random() < 0.4:
                ask.trail, ask.rate = 0, r.choice((0.03125, 0.0625, 0.25))
        if tif == "GTD":
            opened, _ = self.clock[min(row + r.randint(1, 4), len(self.clock) - 1)]
            ask.date = opened + r.choice((0, 0, HOUR, HOUR // 2, 3 * HOUR, -HOUR))
        if r.random() < 0.02 and "faults" not in self.without:
            self.spoil(ask)
        for name in ("reduce_only", "post_only"):
            if name in self.without:
                setattr(ask, name, False)
        return ask

    def spoil(self, ask):
        r = self.r
        fault = r.randint(0, 7)
        if fault == 0:
            ask.kind = "NONSENSE"
        elif fault == 1:
            ask.tif = "NONSENSE"
        elif fault == 2:
            ask.limit = ask.stop = BAD
        elif fault == 3:
            ask.trail, ask.rate = (-1, 0.5) if not ask.intent else (0, 0.0)
        elif fault == 4:
            ask.tif = "GTD"
            ask.date = 0
        elif fault == 5 and not ask.intent:
            ask.asset = r.choice((-1, len(self.scales), 10**6))
        elif fault == 6:
            ask.lots = 2**60
        elif fault == 7 and not ask.intent:
            ask.trail, ask.rate = 0, r.choice((1.0, 2.0, -0.5, 0.0))

    def shape(self, row, shape):
        r = self.r
        a = r.choice(self.assets)
        if shape == "single":
            return [self.ask(row, a)]
        if shape == "pair":
            pair = [self.ask(row, a), self.ask(row, a if r.random() < 0.8 else r.choice(self.assets))]
            for ask in pair:
                ask.group = 7
            return pair
        first = self.ask(row, a, kinds=("MARKET", "MARKET", "LIMIT", "LIMIT", "STOP", "STOP_LIMIT"))
        if shape == "bracket":
            stop = self.ask(row, a, kinds=("STOP", "STOP_LIMIT", "TRAILING_STOP"))
            target = self.ask(row, a, kinds=("LIMIT",))
            side = 1 if first.lots > 0 else -1
            for child, away in ((stop, -side), (target, side)):
                child.lots, child.tif = -first.lots, r.choice(("GTC", "GTC", "GTC", "DAY"))
                child.limit = child.stop = away * r.randint(1, 6)
                child.parent, child.group, child.delay = 1, 1, r.choice((1, 1, 0, 2))
                child.reduce_only, child.post_only = r.random() < 0.3, False
            return [first, stop, target]
        if shape == "chain":
            second = self.ask(row, a if r.random() < 0.7 else r.choice(self.assets))
            third = self.ask(row, r.choice(self.assets))
            second.parent, third.parent = 1, r.choice((1, 2))
            second.delay, third.delay = r.choice((0, 1, 1, 2)), r.choice((0, 1, 1, 3))
            return [first, second, third]
        found = [self.ask(row, r.choice(self.assets)) for _ in range(4)]
        for slot, ask in enumerate(found):
            ask.group, ask.delay = r.choice((0, 0, 1, 2)), r.choice((0, 1, 1, 2))
            ask.parent = r.choice((0, 0, max(slot, 0), r.randint(0, 5) if r.random() < 0.1 else slot))
        return found

