"""The client order id: the same decision can only ever be the same order."""

import hashlib
import json

from ..market.errors import ConfigError

__all__ = ["ORDER_ID_LENGTH", "order_id"]

ORDER_ID_LENGTH = 32


def order_id(deployment: str, sequence: int, symbol: str, *, leg: int = 0, child: int = 0, attempt: int = 0) -> str:
    """Return the client order id of one part of one decision: 32 lower-case hex digits.

    Args:
        deployment: Id of the deployment; it persists across restarts.
        sequence: Number of the decision within the deployment, from 0.
        symbol: What is traded.
        leg: Part of a bracket or spread.
        child: Slice of a parent order.
        attempt: Rises only after a definite rejection, so that a repeat after an unknown outcome is the same order.

    Raises:
        ConfigError: A name is empty or a number negative.
    """
    if not deployment or not symbol:
        raise ConfigError(f"an order id needs a deployment and a symbol, was {deployment!r} and {symbol!r}")
    numbers = {"sequence": int(sequence), "leg": int(leg), "child": int(child), "attempt": int(attempt)}
    for name, value in numbers.items():
        if value < 0:
            raise ConfigError(f"order id: {name} must not be negative, was {value}")
    text = json.dumps([deployment, numbers["sequence"], symbol, leg, child, attempt], ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=ORDER_ID_LENGTH // 2, person=b"quantgym.order").hexdigest()
