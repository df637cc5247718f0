"""Orders: what can be asked of the exchange and the pool in which working orders live."""

from enum import IntEnum

import numpy as np

__all__ = ["INTENT", "ORDER", "TICKET", "OrderKind", "OrderState", "Refusal", "TimeInForce"]


class OrderKind(IntEnum):
    """How an order finds its price."""

    MARKET = 0
    LIMIT = 1
    STOP = 2  # a market order once its stop is touched
    STOP_LIMIT = 3  # a limit order once its stop is touched
    TRAILING_STOP = 4  # a stop that follows the best price since its arrival
    LIQUIDATION = 5  # in fills only: closed by force
    DELISTING = 6  # in fills only: paid out when the asset left the tape


class TimeInForce(IntEnum):
    """How long an order works."""

    GTC = 0
    DAY = 1  # until the close of the session of its first bar
    IOC = 2  # one look, at its arrival
    FOK = 3  # one look, whole or not at all
    GTD = 4  # until `expires_at`
    AT_OPEN = 5  # one look, at the open of a session
    AT_CLOSE = 6  # one look, at the close of a session


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
    BAD_ORDER = 20  # no such kind or time in force, or the two do not go together
    POST_ONLY = 21  # would have filled at its arrival
    FILL_OR_KILL = 22  # could not be filled whole
    NOT_LISTED = 23  # the asset is not on the tape at that row
    ROLLED = 24  # its price was one of a contract that has ended
    UNKNOWN_ASSET = 25
    NO_PARENT = 26  # the order that it waits for was not taken
    LIQUIDATED = 27  # left because positions were closed by force
    UNKNOWN_ORDER = 28  # nothing to cancel under that id


INTENT = np.dtype(
    [
        ("id", "i8"),  # given by the simulator at submission; 0 before
        ("lots", "i8"),  # signed: bought (+), sold (-); 0: no order for this asset
        ("price_ticks", "i8"),  # limit price, for LIMIT
        ("stop_ticks", "i8"),  # trigger, for STOP and STOP_LIMIT; distance, for TRAILING_STOP
        ("kind", "i1"),  # OrderKind
        ("tif", "i1"),  # TimeInForce
        ("reduce_only", "u1"),
        ("cancel", "u1"),  # 1: first cancel every working order of this asset
        ("post_only", "u1"),
    ],
    align=True,
)
"""What a decision asks for one asset; decoders write shape (E, A)."""

TICKET = np.dtype(
    [
        ("lots", "i8"),  # signed; 0: no order in this slot
        ("price_ticks", "i8"),
        ("stop_ticks", "i8"),  # trigger, for STOP and STOP_LIMIT
        ("trail_ticks", "i8"),  # distance of a TRAILING_STOP; 0: by rate
        ("trail_rate", "f8"),  # distance as a fraction of the best price
        ("expires_at", "i8"),  # ns UTC, for GTD
        ("asset", "i8"),
        ("parent", "i8"),  # slot + 1 of the ticket of this decision whose fill arms it; 0 none
        ("group", "i8"),  # label within the decision: what one order of a group fills is taken from the others; 0 none
        ("arm_delay", "i8"),  # bars from the parent's first fill until it works
        ("cancels", "i8"),  # id of an order to cancel (its group with it); the rest of the slot means nothing then
        ("kind", "i1"),
        ("tif", "i1"),
        ("reduce_only", "u1"),
        ("post_only", "u1"),
    ],
    align=True,
)
"""An order that an INTENT cannot say: several of one asset, brackets, groups, dates; a decision holds shape (E, R)."""

ORDER = np.dtype(
    [
        ("id", "i8"),  # 1, 2, 3, ... per account, in order of submission
        ("lots", "i8"),  # signed
        ("filled", "i8"),  # signed, same side
        ("price_ticks", "i8"),
        ("stop_ticks", "i8"),  # of a TRAILING_STOP: where it stands now, 0 before the first price it sees
        ("trail_ticks", "i8"),
        ("trail_rate", "f8"),
        ("decided_at", "i8"),  # ns UTC
        ("arrives_at", "i8"),  # ns UTC, exchange clock
        ("expires_at", "i8"),  # ns UTC; int64 max: never
        ("parent", "i8"),  # id; 0: none, or it has done its part
        ("group", "i8"),  # 0 none
        ("armed", "i8"),  # lots that its parent's fills still allow; negative: its group took more; int64 max: all
        ("more", "i8"),  # what the point being played adds to `armed` after it
        ("waits", "i8"),  # bars until it is armed; negative: its parent has filled nothing yet, -1 - arm_delay
        ("units", "f8"),  # filled so far, not signed, as they were counted when they were filled
        ("traded", "f8"),  # notional filled so far, account currency: fees with a minimum look at whole orders
        ("charged", "f8"),  # commission paid so far, account currency
        ("level", "f8"),  # price that it waits for, quote currency: its limit, or its stop until that is touched; 0 none
        ("asset", "i4"),
        ("kind", "i1"),
        ("tif", "i1"),
        ("state", "i1"),
        ("reduce_only", "u1"),
        ("post_only", "u1"),
        ("after", "i1"),  # acts only at points of this bar after this one; -1: at all, 3: no more in this bar
        ("rested", "u1"),  # 1: it has had its first look: from then on it makes liquidity
        ("cancelled", "u1"),  # 1: `expires_at` is when a cancel reaches it
    ],
    align=True,
)
"""A working order; pools hold shape (E, M). A batch of market orders taken at the open never touches them."""
