"""Orders: what can be asked of the exchange and the pool in which working orders live."""

from enum import IntEnum

import numpy as np

__all__ = ["INTENT", "ORDER", "OrderKind", "OrderState", "Refusal", "TimeInForce"]


class OrderKind(IntEnum):
    """How an order finds its price."""

    MARKET = 0
    LIMIT = 1
    STOP = 2


class TimeInForce(IntEnum):
    """How long an order works."""

    GTC = 0
    DAY = 1
    IOC = 2


class OrderState(IntEnum):
    """Where an order stands; FREE marks an unused slot of the pool."""

    FREE = 0
    PENDING = 1
    OPEN = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELLED = 5
    REJECTED = 6
    EXPIRED = 7


class Refusal(IntEnum):
    """Why an order, or a part of it, was not taken; counted per environment and reported to the agent."""

    NONE = 0
    NO_CASH = 1
    SCALED_CASH = 2  # taken in part: cash was short at the open
    BELOW_MINIMUM = 3  # rounds to no lot, or under the minimum notional
    NOT_TRADABLE = 4
    NO_SHORT = 5  # would go short in a long-only account
    POOL_FULL = 6
    BAD_PRICE = 7  # price or stop not positive
    PARTICIPATION = 8  # the rest of a fill beyond the share of the bar's volume
    LIMIT_POSITION = 9
    LIMIT_GROSS = 10
    LIMIT_ORDER_SIZE = 11
    LIMIT_DAILY_LOSS = 12
    LIMIT_DRAWDOWN = 13
    RUINED = 14
    LEVERAGE = 15
    NO_PATH = 16  # a limit or stop order on a tape that holds closes only
    REDUCE_ONLY = 17  # reduce-only, and nothing is held that it could reduce
    LIMIT_NET = 18
    LIMIT_ORDER_RATE = 19
    BAD_ORDER = 20  # no such kind or time in force


INTENT = np.dtype(
    [
        ("id", "i8"),  # given by the simulator at submission; 0 before
        ("lots", "i8"),  # signed: bought (+), sold (-); 0: no order for this asset
        ("price_ticks", "i8"),  # limit price, for LIMIT
        ("stop_ticks", "i8"),  # trigger, for STOP
        ("kind", "i1"),  # OrderKind
        ("tif", "i1"),  # TimeInForce
        ("reduce_only", "u1"),
        ("cancel", "u1"),  # 1: first cancel every working order of this asset
    ],
    align=True,
)
"""What a decision asks for one asset; decoders write shape (E, A)."""

ORDER = np.dtype(
    [
        ("id", "i8"),  # 1, 2, 3, ... per account, in order of submission
        ("lots", "i8"),  # signed
        ("filled", "i8"),  # signed, same side
        ("price_ticks", "i8"),
        ("stop_ticks", "i8"),
        ("decided_at", "i8"),  # ns UTC
        ("arrives_at", "i8"),  # ns UTC, exchange clock
        ("expires_at", "i8"),  # ns UTC; int64 max: never
        ("asset", "i4"),
        ("kind", "i1"),
        ("tif", "i1"),
        ("state", "i1"),
        ("reduce_only", "u1"),
        ("cut", "u1"),  # 1: this bar's share of the volume is used up, nothing more until the next bar
    ],
    align=True,
)
"""A working order; pools hold shape (E, M). A batch of market orders taken at the open never touches them."""
