"""Quotes of a market maker: a bid and an ask at offsets from the mid, and how large they are."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from ..grid import LARGEST_COUNT, whole_lots
from ..kernel import constant, kernel
from ..order import OrderKind, Refusal, TimeInForce
from .one_asset import OneAsset
from .setting import flag_of, is_number
from .sizing import decline, price_in_account

__all__ = ["QuoteGrid", "Quotes"]

ASSET, SLOT = constant(0), constant(0)
LIMIT, GTC = constant(OrderKind.LIMIT), constant(TimeInForce.GTC)
BAD_PRICE, BELOW_MINIMUM = constant(Refusal.BAD_PRICE), constant(Refusal.BELOW_MINIMUM)
LIMIT_POSITION, NOT_TRADABLE = constant(Refusal.LIMIT_POSITION), constant(Refusal.NOT_TRADABLE)
UP, DOWN = constant(1), constant(-1)
HAIR = 1e-9


@kernel(inline=True)
def quoted_lots(e: int, part: float, full: int, room: int, declined: np.ndarray) -> int:
    """Whole lots of a part of a full quote, as far as inventory leaves room."""
    if part <= 0.0:
        return 0
    wanted = int(part * full + HAIR)
    if wanted <= 0:
        decline(e, BELOW_MINIMUM, declined)
        return 0
    if room < wanted:
        decline(e, LIMIT_POSITION, declined)
        return max(room, 0)
    return wanted


@kernel(inline=True)
def quoted_ticks(price: float, tick: float, side: int) -> int:
    """The tick at `price`, or the next one away from the mid (`side` -1 below it); 0 where there is none."""
    count = price / tick
    if not 0.0 < count < LARGEST_COUNT:
        return 0
    nearest = math.floor(count + 0.5)
    if abs(count - nearest) <= HAIR * max(1.0, nearest):
        return int(nearest)
    return int(math.ceil(count) if side > 0 else math.floor(count))


@kernel(inline=True)
def decode_quotes(
    e: int,
    quotes: np.ndarray,  # (E, 4): offsets of bid and ask, parts of a full quote
    relative: bool,
    lots: int,  # of a full quote; 0: by share of equity
    equity_share: float,
    largest: int,  # inventory, in full quotes
    post_only: bool,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
    tickets: np.ndarray,
) -> None:
    """The bid is the intent of the asset, the ask the first ticket; both take the place of the orders that work already."""
    intents[e, ASSET].cancel = 1
    value = price_in_account(e, ASSET, row, bars, instruments, position)
    if value <= 0.0:
        decline(e, NOT_TRADABLE, declined)
        return
    full, held = lots, whole_lots(position[e, ASSET].units, instruments[ASSET].lot)
    if full == 0:
        full = whole_lots(equity_share * max(account[e].equity, 0.0) / value, instruments[ASSET].lot)
    most = int(min(float(largest) * full, LARGEST_COUNT))
    bid = quoted_lots(e, quotes[e, 2], full, most - held, declined)
    ask = quoted_lots(e, quotes[e, 3], full, most + held, declined)
    mid, tick = bars[row, ASSET].close, instruments[ASSET].tick
    scale = mid if relative else 1.0
    if bid > 0:
        price = quoted_ticks(mid - quotes[e, 0] * scale, tick, DOWN)
        if price > 0:
            intents[e, ASSET].lots = bid
            intents[e, ASSET].price_ticks = price
            intents[e, ASSET].kind = LIMIT
            intents[e, ASSET].tif = GTC
            intents[e, ASSET].post_only = 1 if post_only else 0
        else:
            decline(e, BAD_PRICE, declined)
    if ask > 0:
        price = quoted_ticks(mid + quotes[e, 1] * scale, tick, UP)
        if price > 0:
            tickets[e, SLOT].lots = -ask
            tickets[e, SLOT].price_ticks = price
            tickets[e, SLOT].kind = LIMIT
            tickets[e, SLOT].tif = GTC
            tickets[e, SLOT].post_only = 1 if post_only else 0
            tickets[e, SLOT].asset = ASSET
            tickets[e, SLOT].stop_ticks = tickets[e, SLOT].trail_ticks = tickets[e, SLOT].expires_at = 0
            tickets[e, SLOT].trail_rate = 0.0
            tickets[e, SLOT].parent = tickets[e, SLOT].group = tickets[e, SLOT].arm_delay = tickets[e, SLOT].cancels = 0
            tickets[e, SLOT].reduce_only = 0
        else:
            decline(e, BAD_PRICE, declined)


@kernel
def decode_quotes_batch(
    quotes: np.ndarray,
    relative: bool,
    lots: int,
    equity_share: float,
    largest: int,
    post_only: bool,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
    tickets: np.ndarray,
) -> None:
    for e in range(quotes.shape[0]):
        decode_quotes(
            e, quotes, relative, lots, equity_share, largest, post_only, rows[e], bars, instruments, account, position, intents,
            declined, tickets,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Quotes(OneAsset):
    """A bid and an ask for one asset, each decision anew: [-1, 1] of their offsets is `narrowest` to `widest` from the mid.

    With `sizes` two more numbers say which part of a full quote they are, -1 none and 1 all of it. Sizes are cut to the room that
    inventory leaves (LIMIT_POSITION); limits stand on the tick at the offset, or the next one further from the mid.

    Attributes:
        narrowest: Least offset; negative: beyond the mid.
        widest: Largest offset.
        relative: Whether offsets are fractions of the mid; else prices.
        sizes: Whether an action has sizes; else both quotes are full.
        lots: Of a full quote; 0: worth `equity_share` of the equity.
        equity_share: What a full quote is worth, fraction of the equity.
        largest: Inventory beyond which nothing more is quoted on its side, in full quotes.
        post_only: Whether a quote that would take liquidity is refused.
    """

    narrowest: float = 0.0
    widest: float = 0.002
    relative: bool = True
    sizes: bool = False
    lots: int = 0
    equity_share: float = 0.1
    largest: int = 5
    post_only: bool = False

    name: ClassVar[str] = "quotes"
    discrete: ClassVar[bool] = False
    n_tickets: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_number(self.narrowest) and is_number(self.widest) and self.narrowest < self.widest):
            raise ConfigError(f"action {self.name}: narrowest must be below widest, both finite, were {self.narrowest!r} and "
                              f"{self.widest!r}")
        if not (is_number(self.equity_share) and self.equity_share > 0.0):
            raise ConfigError(f"action {self.name}: equity_share must be positive and finite, was {self.equity_share!r}")
        for setting in ("relative", "sizes", "post_only"):
            object.__setattr__(self, setting, flag_of(self.name, setting, getattr(self, setting)))
        for setting, least in (("lots", 0), ("largest", 1)):
            value = getattr(self, setting)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= 10**9:
                raise ConfigError(f"action {self.name}: {setting} must be a whole number of at least {least}, was {value!r}")

    @property
    def size(self) -> int:
        """Two offsets, and two sizes where they are asked for."""
        return 4 if self.sizes else 2

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the entries, in their order."""
        return ("bid_offset", "ask_offset", "bid_size", "ask_size")[: self.size]

    def offsets_of(self, actions: np.ndarray) -> np.ndarray:
        """Return the offsets that entries in [-1, 1] stand for, any shape: fractions of the mid or prices, as `relative` says."""
        return np.asarray(self.narrowest + 0.5 * (actions + 1.0) * (self.widest - self.narrowest))

    def actions_for(self, offsets: np.ndarray) -> np.ndarray:
        """Return the entries in [-1, 1] for offsets, any shape; those outside `narrowest` and `widest` are brought inside."""
        share = (np.asarray(offsets, np.float64) - self.narrowest) / (self.widest - self.narrowest)
        return np.asarray(np.clip(2.0 * share - 1.0, -1.0, 1.0))

    def quoted(self, actions: np.ndarray) -> np.ndarray:
        """Return offsets of bid and ask and their parts of a full quote, float64 (E, 4), for checked actions."""
        quotes = np.ones((len(actions), 4))
        quotes[:, :2] = self.offsets_of(actions[:, :2])
        if self.sizes:
            quotes[:, 2:] = 0.5 * (actions[:, 2:] + 1.0)
        return quotes

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`.

        Raises:
            ConfigError: The desk has no ticket for the ask.
        """
        if desk.tickets.shape[1] < self.n_tickets:
            raise ConfigError(f"action {self.name} writes a bid and an ask; make the simulator with max_tickets of at least 1")
        decode_quotes_batch(
            self.quoted(actions), bool(self.relative), int(self.lots), float(self.equity_share), int(self.largest),
            bool(self.post_only), desk.rows, desk.bars, desk.instruments, desk.account, desk.position, desk.intents, desk.declined,
            desk.tickets,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class QuoteGrid(Quotes):
    """One of `levels` x `levels` pairs of full quotes: action b x levels + a, both offsets on an even grid, narrowest first.

    Attributes:
        levels: Offsets of each side, from `narrowest` to `widest`.
    """

    levels: int = 5

    name: ClassVar[str] = "quote_grid"
    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sizes:
            raise ConfigError("action quote_grid: its quotes are full; leave sizes out, or use quotes")
        if isinstance(self.levels, bool) or not isinstance(self.levels, (int, np.integer)) or not 2 <= self.levels <= 1_000:
            raise ConfigError(f"action quote_grid: levels must be a whole number from 2 to 1,000, was {self.levels!r}")

    @property
    def n(self) -> int:
        """Pairs of offsets."""
        return int(self.levels) ** 2

    @property
    def size(self) -> int:
        """See `ActionScheme.size`: there is none."""
        raise ConfigError("action quote_grid is discrete: it has a number of actions, not a size")

    @property
    def labels(self) -> tuple[str, ...]:
        """The offsets of bid and ask of each action."""
        grid = np.linspace(self.narrowest, self.widest, self.levels)
        return tuple(f"bid {bid:g} ask {ask:g}" for bid in grid for ask in grid)

    def actions_for(self, offsets: np.ndarray) -> np.ndarray:
        """Return the actions nearest to offsets of bid and ask, (..., 2): int64 (...)."""
        share = (np.asarray(offsets, np.float64) - self.narrowest) / (self.widest - self.narrowest)
        nearest = np.rint(np.clip(share, 0.0, 1.0) * (self.levels - 1)).astype(np.int64)
        return np.asarray(nearest[..., 0] * self.levels + nearest[..., 1])

    def quoted(self, actions: np.ndarray) -> np.ndarray:
        """See `Quotes.quoted`."""
        grid, quotes = np.linspace(self.narrowest, self.widest, self.levels), np.ones((len(actions), 4))
        quotes[:, 0], quotes[:, 1] = grid[actions // self.levels], grid[actions % self.levels]
        return quotes
