"""What the journal keeps of a decision and of an order."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from .gateway import OrderRequest
from .stage import Stage

__all__ = ["DecisionRecord", "OrderRecord", "RefusalRecord", "observation_digest"]


def observation_digest(flat: np.ndarray) -> str:
    """Return 32 hex digits over the bytes, dtype and shape of a flat observation."""
    digest = hashlib.blake2b(f"{flat.dtype.str}{flat.shape}".encode(), digest_size=16, person=b"quantgym.observ")
    digest.update(np.ascontiguousarray(flat).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class OrderRecord:
    """One order of one decision and where it stands."""

    request: OrderRequest
    sequence: int
    leg: int = 0
    child: int = 0
    attempt: int = 0
    stage: Stage = Stage.INTENT
    filled_lots: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusalRecord:
    """An order that our own guard did not let pass: `reason` is a word of `Refusal` or of the guard, lower case."""

    symbol: str
    lots: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DecisionRecord:
    """One decision: what was seen, what was chosen, what the account was worth.

    Attributes:
        sequence: Number of the decision in the deployment, from 0.
        close_at: Close of the row at which it was taken, ns UTC.
        observation_digest: See `observation_digest`.
        action: Values in the bundle's action scheme, as the policy gave them.
        output: What the policy computed before it chose (JSON), empty where it tells nothing.
        equity: Account currency, by our own books.
        orders: Orders that passed the guard, at stage `intent` when they are written.
        cancels: Client ids that the decision asks to cancel, before its own orders.
        refusals: Orders that did not pass.
    """

    sequence: int
    close_at: int
    observation_digest: str
    action: np.ndarray
    equity: float
    output: str = ""
    orders: tuple[OrderRecord, ...] = ()
    cancels: tuple[str, ...] = ()
    refusals: tuple[RefusalRecord, ...] = field(default=())
