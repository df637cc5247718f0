"""One entry of a catalogue of orders, and what becomes of it: kernels."""

import numpy as np

from ..grid import on_grid, whole_lots
from ..kernel import constant, kernel
from ..order import OrderKind, Refusal
from .quotes import quoted_ticks
from .sizing import decline, price_in_account
from .trial import judged

__all__ = ["CHOICE", "decode_choice", "decode_choice_batch", "judge_choices"]

CHOICE = np.dtype(
    [
        ("offset", "f8"),  # from the close, fraction of it
        ("share", "f8"),  # share of free cash, or of the units held
        ("side", "i1"),  # 1 buys, -1 sells, 0 is no order: the first holds, the second cancels
        ("kind", "i1"),  # OrderKind
        ("tif", "i1"),  # TimeInForce
    ],
    align=True,
)
"""What an action asks for; shape (n,)."""

ASSET, HOLD, CANCEL = constant(0), constant(0), constant(1)
MARKET, LIMIT, STOP = constant(OrderKind.MARKET), constant(OrderKind.LIMIT), constant(OrderKind.STOP)
BAD_PRICE, BELOW_MINIMUM = constant(Refusal.BAD_PRICE), constant(Refusal.BELOW_MINIMUM)
NOT_TRADABLE, NO_PATH, POOL_FULL = constant(Refusal.NOT_TRADABLE), constant(Refusal.NO_PATH), constant(Refusal.POOL_FULL)


@kernel(inline=True)
def decode_choice(
    e: int,
    action: int,
    choices: np.ndarray,
    max_working: int,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Lots = floor to lot of share x cash / (price (1 + buffer)), or of share x units, at the order's own price."""
    side, kind, units = choices[action].side, choices[action].kind, position[e, 0].units
    if side == 0:
        if action == CANCEL and account[e].n_working > 0:
            intents[e, ASSET].cancel = 1
        return
    if side < 0 and units <= 0.0:
        return
    if price_in_account(e, ASSET, row, bars, instruments, position) <= 0.0:
        decline(e, NOT_TRADABLE, declined)
        return
    price, ticks = bars[row, ASSET].close, np.int64(0)
    if kind != MARKET:
        if rules[e].close_only == 1:
            decline(e, NO_PATH, declined)
            return
        if account[e].n_working >= max_working:
            decline(e, POOL_FULL, declined)
            return
        away = side if kind == STOP else -side
        ticks = quoted_ticks(price * (1.0 + away * choices[action].offset), instruments[ASSET].tick, away)
        if ticks <= 0:
            decline(e, BAD_PRICE, declined)
            return
        price = on_grid(ticks, instruments[ASSET].tick)
    value = price * instruments[ASSET].multiplier
    closing = side < 0 and choices[action].share == 1.0
    if side > 0:
        free = account[e].cash if account[e].cash > 0.0 else 0.0
        cost = value * position[e, ASSET].fx * (1.0 + rules[e].sizing_buffer)
        lots = whole_lots(choices[action].share * free / cost, instruments[ASSET].lot)
    else:
        lots = -whole_lots(choices[action].share * units, instruments[ASSET].lot)
    worth = abs(on_grid(lots, instruments[ASSET].lot)) * value
    if lots == 0 or (not closing and worth < instruments[ASSET].min_notional):
        decline(e, BELOW_MINIMUM, declined)
        return
    intents[e, ASSET].lots = lots
    intents[e, ASSET].kind = kind
    intents[e, ASSET].tif = choices[action].tif
    intents[e, ASSET].price_ticks = ticks if kind == LIMIT else 0
    intents[e, ASSET].stop_ticks = ticks if kind == STOP else 0
    intents[e, ASSET].reduce_only = 1 if side < 0 else 0


@kernel
def decode_choice_batch(
    actions: np.ndarray,
    choices: np.ndarray,
    max_working: int,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """The orders of every environment's choice."""
    for e in range(actions.shape[0]):
        decode_choice(
            e, actions[e], choices, max_working, rows[e], bars, instruments, rules, account, position, intents, declined
        )  # fmt: skip


@kernel
def judge_choices(
    choices: np.ndarray,
    max_working: int,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,  # of the trial, as `declined`
    declined: np.ndarray,
    legal: np.ndarray,
) -> None:
    """Write which of the actions are legal, bool (E, n)."""
    for e in range(rows.shape[0]):
        for action in range(legal.shape[1]):
            decode_choice(
                e, action, choices, max_working, rows[e], bars, instruments, rules, account, position, intents, declined
            )  # fmt: skip
            legal[e, action] = judged(e, action == HOLD, account, intents, declined)
