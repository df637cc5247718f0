"""Splits of what has been asked: intents, tickets and what is left of working orders; kernels."""

import numpy as np

from ..market.grid import LARGEST_COUNT, whole_lots
from ..market.kernel import constant, kernel
from .arrays import TapeArrays
from .pool import CANCELLED, NEVER, TRAILING_STOP, stand

__all__ = ["GONE", "GONE_TICKET", "rounded_ticks", "split_intent", "split_orders", "split_tickets"]

UNCOUNTED = constant(4 * int(LARGEST_COUNT))  # too many, whatever is held
UP = constant(True)
GONE = constant(-1)  # INTENT.id: a split left no lot of it
GONE_TICKET = constant(np.iinfo(np.int64).min)  # TICKET.cancels: the same


@kernel
def rounded_ticks(ticks: float, up: bool) -> int:
    """Whole ticks, up or down, at least one where there was a price."""
    if ticks <= 0.0:
        return 0
    low = whole_lots(ticks, 1.0)
    if up and abs(ticks - low) > 1e-9 * max(1.0, ticks):
        low += 1
    return int(max(low, 1))


@kernel
def rescaled(lots: int, ratio: float) -> int:
    """Lots after a split, towards zero; more than can be counted stay more than can be counted."""
    exact = lots * ratio
    if abs(exact) > LARGEST_COUNT:
        return int(UNCOUNTED if exact > 0.0 else -UNCOUNTED)
    return int(whole_lots(exact, 1.0))


@kernel
def split_intent(e: int, asset: int, ratio: float, intents: np.ndarray) -> None:
    """An intent was decided in old units: lots towards zero, limits no more generous, stops no earlier, trails no shorter."""
    buys = intents[e, asset].lots > 0
    intents[e, asset].lots = rescaled(intents[e, asset].lots, ratio)
    intents[e, asset].price_ticks = rounded_ticks(intents[e, asset].price_ticks / ratio, not buys)
    intents[e, asset].stop_ticks = rounded_ticks(
        intents[e, asset].stop_ticks / ratio, buys or intents[e, asset].kind == TRAILING_STOP
    )  # fmt: skip
    if intents[e, asset].lots == 0:
        intents[e, asset].id = GONE


@kernel
def split_tickets(e: int, row: int, tape: TapeArrays, tickets: np.ndarray) -> None:
    """The same for the tickets of a decision, by the splits of `row`."""
    for slot in range(tickets.shape[1]):
        if tickets[e, slot].lots == 0 and tickets[e, slot].cancels == 0:
            break
        asset = tickets[e, slot].asset
        if tickets[e, slot].cancels != 0 or asset < 0 or asset >= tape.bars.shape[1] or tape.terms[row, asset].split == 1.0:
            continue
        ratio, buys = tape.terms[row, asset].split, tickets[e, slot].lots > 0
        tickets[e, slot].lots = rescaled(tickets[e, slot].lots, ratio)
        tickets[e, slot].price_ticks = rounded_ticks(tickets[e, slot].price_ticks / ratio, not buys)
        tickets[e, slot].stop_ticks = rounded_ticks(tickets[e, slot].stop_ticks / ratio, buys)
        tickets[e, slot].trail_ticks = rounded_ticks(tickets[e, slot].trail_ticks / ratio, UP)
        if tickets[e, slot].lots == 0:
            tickets[e, slot].cancels = GONE_TICKET


@kernel
def split_orders(e: int, asset: int, ratio: float, tape: TapeArrays, account: np.ndarray, orders: np.ndarray) -> None:
    """A split rescales working orders: what is left of them towards zero; what has no lot left leaves before the open."""
    for i in range(account[e].n_working):
        if orders[e, i].asset != asset:
            continue
        buys = orders[e, i].lots > 0
        left = whole_lots((orders[e, i].lots - orders[e, i].filled) * ratio, 1.0)
        orders[e, i].filled = whole_lots(orders[e, i].filled * ratio, 1.0)
        if orders[e, i].armed != NEVER:
            orders[e, i].armed = whole_lots(orders[e, i].armed * ratio, 1.0)
        orders[e, i].lots = orders[e, i].filled + left
        orders[e, i].price_ticks = rounded_ticks(orders[e, i].price_ticks / ratio, not buys)
        orders[e, i].stop_ticks = rounded_ticks(orders[e, i].stop_ticks / ratio, buys)
        orders[e, i].trail_ticks = rounded_ticks(orders[e, i].trail_ticks / ratio, UP)
        stand(e, i, tape, orders)
        if left == 0:
            orders[e, i].state = CANCELLED
