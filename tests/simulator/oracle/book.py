"""What the second implementation keeps: rules, bars, orders and an account, as plain Python objects of plain numbers."""

import math
from dataclasses import dataclass, field

NEVER = 2**63 - 1
DAY = 86_400 * 10**9


@dataclass
class Rules:
    fee_rate: float
    fee_per_unit: float
    half_spread_rate: float
    slippage_rate: float
    impact_rate: float
    participation: float
    borrow_rate: float
    max_leverage: float
    ruin_equity_fraction: float
    latency_ns: int
    path: str
    limit_touch: bool
    allow_short: bool

    @property
    def cash_account(self):
        return self.max_leverage == 1 and not self.allow_short


@dataclass
class Cell:
    """One bar of one asset with what its row says."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    tradable: bool
    split: float = 1.0
    dividend: float = 0.0
    spread: float = math.nan
    funding_rate: float = 0.0
    borrow_rate: float = math.nan
    fx: float = 1.0

    def points(self, high_first):
        return [self.open, self.high, self.low, self.close] if high_first else [self.open, self.low, self.high, self.close]


@dataclass
class Kind:
    """An instrument."""

    tick: float
    lot: float
    multiplier: float
    min_notional: float
    volume_known: bool


@dataclass
class Order:
    id: int
    asset: int
    left: int  # lots still to fill, signed
    kind: str
    tif: str
    limit: int  # ticks
    stop: int  # ticks
    reduce_only: bool
    decided_at: int
    arrives_at: int
    expires_at: int = NEVER
    cut: bool = False  # its bar's volume is used up
    first: int | None = None  # row of the bar in which, or before whose open, it arrived
    fresh: bool = False  # of this decision, and not in the pool

    @property
    def side(self):
        return 1 if self.left > 0 else -1


@dataclass
class Holding:
    lots: float = 0
    mark: float = 0.0
    fx: float = 1.0


@dataclass
class Fill:
    order_id: int
    asset: int
    lots: int
    reference: float
    price: float
    spread: float
    slippage: float
    impact: float
    commission: float
    at: int


@dataclass
class Book:
    """An account: everything that an adverse path is run from, and thrown away with."""

    cash: float
    ideal: float  # cash as if every fill had happened at its reference
    holdings: list
    orders: list = field(default_factory=list)
    fills: list = field(default_factory=list)
    refused: dict = field(default_factory=dict)
    used: list = field(default_factory=list)  # lots of the bar's volume taken, by asset
    sums: dict = field(default_factory=dict)

    def add(self, line, amount):
        self.sums[line] = self.sums.get(line, 0.0) + amount

    def refuse(self, reason, n=1):
        self.refused[reason] = self.refused.get(reason, 0) + n
