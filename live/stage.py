"""Where an order stands, seen from our side; it only moves forward."""

from enum import StrEnum

__all__ = ["FINAL_RANK", "RANKS", "Stage"]

FINAL_RANK = 9


class Stage(StrEnum):
    """Stages of an order: the first two are the journal's own, the others are what a gateway reports."""

    INTENT = "intent"  # decided and written down, not sent
    SENT = "sent"  # the request may have gone out; its outcome is unknown until the gateway is asked
    PENDING = "pending"  # accepted by the broker, not yet at the exchange
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHHELD = "withheld"  # written down, then stopped before it went out: no broker ever saw it

    @property
    def rank(self) -> int:
        """Height on the ladder; an order never goes down, and never from one final stage to another."""
        return RANKS[self]

    @property
    def final(self) -> bool:
        """Whether nothing more can be asked of the order (a late fill can still be reported)."""
        return RANKS[self] == FINAL_RANK


RANKS: dict[Stage, int] = {
    Stage.INTENT: 0,
    Stage.SENT: 1,
    Stage.PENDING: 2,
    Stage.OPEN: 3,
    Stage.PARTIALLY_FILLED: 4,
    Stage.FILLED: FINAL_RANK,
    Stage.CANCELLED: FINAL_RANK,
    Stage.REJECTED: FINAL_RANK,
    Stage.EXPIRED: FINAL_RANK,
    Stage.WITHHELD: FINAL_RANK,
}
