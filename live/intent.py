"""From the intents of a decision to orders with ids."""

from collections.abc import Sequence

import numpy as np

from ..market.instrument import Instrument
from ..market.order import OrderKind, TimeInForce
from .gateway import OrderRequest
from .order_id import order_id
from .record import OrderRecord

__all__ = ["wanted_orders"]


def wanted_orders(
    deployment: str, sequence: int, instruments: Sequence[Instrument], intents: np.ndarray
) -> tuple[OrderRecord, ...]:
    """Return the orders that a decision asks for, one for each intent with lots, in the order of the assets.

    Args:
        deployment: Id from which order ids are made.
        sequence: Number of the decision.
        instruments: What is traded.
        intents: INTENT records, (A,).
    """
    orders = []
    for instrument, intent in zip(instruments, intents, strict=True):
        if intent["lots"] != 0:
            request = OrderRequest(
                client_id=order_id(deployment, sequence, instrument.symbol),
                symbol=instrument.symbol,
                lots=int(intent["lots"]),
                kind=OrderKind(int(intent["kind"])),
                tif=TimeInForce(int(intent["tif"])),
                price_ticks=int(intent["price_ticks"]),
                stop_ticks=int(intent["stop_ticks"]),
                reduce_only=bool(intent["reduce_only"]),
            )
            orders.append(OrderRecord(request=request, sequence=sequence))
    return tuple(orders)
