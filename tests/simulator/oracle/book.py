"""What the second implementation keeps: rules, bars, orders and an account, as plain Python objects of plain numbers."""

import math
from dataclasses import dataclass, replace

NEVER = 2**63 - 1
DAY = 86_400 * 10**9
ONE_LOOK = ("IOC", "FOK", "AT_OPEN", "AT_CLOSE")


@dataclass(slots=True)
class Cell:
    """One bar of one asset with what its row says."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    present: bool
    tradable: bool
    opens: bool
    closes: bool
    split: float = 1.0
    dividend: float = 0.0
    spread: float = math.nan
    funding_rate: float = 0.0
    borrow_rate: float = math.nan
    fx: float = 1.0
    mark: float = math.nan
    roll: float = math.nan

    def points(self, high_first):
        return [self.open, self.high, self.low, self.close] if high_first else [self.open, self.low, self.high, self.close]


@dataclass(slots=True)
class Kind:
    """An instrument; `tariff` and `brackets` are lists of dicts, empty where it has none."""

    tick: float
    lot: float
    multiplier: float
    min_notional: float
    volume_known: bool
    liquidity: float
    tariff: list
    brackets: list


@dataclass(slots=True)
class Ask:
    """An intent or a ticket: what a decision asks for."""

    lots: int
    asset: int
    kind: str
    tif: str
    limit: int = 0  # ticks
    stop: int = 0  # ticks
    trail: int = 0  # ticks
    rate: float = 0.0
    reduce_only: bool = False
    post_only: bool = False
    cancel: bool = False  # of an intent: every working order of the asset
    cancels: int = 0  # of a ticket: one order
    date: int = NEVER
    parent: int = 0  # slot + 1
    group: int = 0
    delay: int = 1
    intent: bool = True

    def copy(self):
        return replace(self)


class Order:
    __slots__ = (
        "after", "allowed", "arrives_at", "asset", "cancel_at", "charged", "cut", "date", "decided_at", "delay",
        "filled", "first", "fresh", "group", "id", "kind", "left", "limit", "more", "parent", "post_only", "rate",
        "ready", "reduce_only", "rested", "side", "state", "stop", "tif", "traded", "trail", "turning", "was",
    )  # fmt: skip

    def __init__(self, number, ask, lots, decided_at, arrives_at):
        self.id, self.asset, self.left, self.side = number, ask.asset, lots, 1 if lots > 0 else -1
        self.kind = self.was = ask.kind
        self.tif, self.limit, self.stop, self.trail, self.rate = ask.tif, ask.limit, ask.stop, ask.trail, ask.rate
        self.reduce_only, self.post_only, self.delay = ask.reduce_only, ask.post_only, ask.delay
        self.decided_at, self.arrives_at, self.date, self.cancel_at = decided_at, arrives_at, NEVER, NEVER
        self.parent, self.group = 0, None
        self.allowed = math.inf  # lots that its parent's fills let it trade, from now on; below 0 where its group took more
        self.more = 0  # lots that the fills of this point add to that after it
        self.ready = None  # row by whose open a child arrives
        self.filled = 0  # lots, not signed
        self.traded = self.charged = 0.0
        self.first = None  # row of its first bar
        self.after = -1  # acts only at points of this bar after this one
        self.fresh = False  # of this decision, and not in the pool
        self.cut = False  # its bar's volume is used up
        self.rested = False  # had its first look
        self.turning = False  # a stop-limit that is touched, and whose turn comes in the second round
        self.state = "PENDING"

    @property
    def alive(self):
        return self.state in ("PENDING", "OPEN", "PARTIALLY_FILLED")

    @property
    def ends_at(self):
        return min(self.date, self.cancel_at)

    @property
    def size(self):
        """Lots that it may trade now."""
        return min(abs(self.left), max(self.allowed, 0))

    def copy(self):
        twin = Order.__new__(Order)
        for name in Order.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def __repr__(self):
        names = ("id", "asset", "left", "kind", "tif", "limit", "stop", "state")
        return f"Order({', '.join(f'{name} {getattr(self, name)}' for name in names)})"


@dataclass(slots=True)
class Holding:
    lots: int = 0
    mark: float = 0.0  # displaced
    fx: float = 1.0
    average: float = 0.0
    realised: float = 0.0
    margin: float = 0.0
    risk: float = 0.0
    shift: float = 0.0  # displacement
    since: int = -1  # row in which it was opened
    before: float = 0.0  # mark x fx of the close before, as the row's corporate actions left it

    def copy(self):
        return Holding(
            self.lots, self.mark, self.fx, self.average, self.realised, self.margin, self.risk, self.shift, self.since, self.before
        )


@dataclass(slots=True)
class Fill:
    order_id: int
    asset: int
    lots: int
    kind: str
    maker: bool
    reference: float
    price: float
    spread: float
    slippage: float
    impact: float
    commission: float
    fees: float
    risk: float
    at: int
    cash: float
    equity: float


class Book:
    """An account: everything that an adverse path is run from, and thrown away with."""

    def __init__(self, cash, holdings):
        self.cash = self.ideal = cash  # `ideal`: cash as if every fill had happened at its reference
        self.holdings = holdings
        self.orders = []  # alive, in order of id
        self.fills, self.log = [], []
        self.parted = []  # ids of orders that left at the point being played
        self.refused = {}
        self.used = [0] * len(holdings)  # lots of the bar's volume taken
        self.sums = {}
        self.days = {}  # turnover by UTC day
        self.liquidations = 0
        self.since = -1  # row in which the first open position began

    def copy(self):
        twin = Book.__new__(Book)
        twin.cash, twin.ideal, twin.liquidations, twin.since = self.cash, self.ideal, self.liquidations, self.since
        twin.holdings = [held.copy() for held in self.holdings]
        twin.orders = [order.copy() for order in self.orders]
        twin.fills, twin.log, twin.used = list(self.fills), list(self.log), list(self.used)
        twin.parted = list(self.parted)
        twin.refused, twin.sums, twin.days = dict(self.refused), dict(self.sums), dict(self.days)
        return twin

    def add(self, line, amount):
        self.sums[line] = self.sums.get(line, 0.0) + amount

    def refuse(self, reason):
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def note(self, order, state, reason="NONE"):
        order.state = state
        self.log.append((order.id, state, reason))
