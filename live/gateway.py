"""Contract 5: what a broker must offer. Quantities are integer lots and prices integer ticks, rounded before they come here."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..market.errors import ConfigError, QuantgymError
from ..market.order import OrderKind, Refusal, TimeInForce
from .order_id import ORDER_ID_LENGTH
from .stage import Stage

if TYPE_CHECKING:
    from ..data.row import Row
    from ..data.tape import Tape

__all__ = [
    "FORCED",
    "GATEWAY_VERSION",
    "AccountReport",
    "FillReport",
    "Gateway",
    "GatewayError",
    "OrderReport",
    "OrderRequest",
    "PositionReport",
    "UnknownOutcomeError",
]

GATEWAY_VERSION = 1
HEX = frozenset("0123456789abcdef")
FORCED = (OrderKind.LIQUIDATION, OrderKind.DELISTING)  # kinds of fills that are nobody's order


class GatewayError(QuantgymError):
    """The broker could not be asked, or its answer could not be read. It says nothing about any order."""


class UnknownOutcomeError(GatewayError):
    """A request was sent and may or may not have been taken: look it up by client id, never send another."""


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """What is asked of the broker.

    Attributes:
        client_id: From `order_id`: 32 lower-case hex digits.
        symbol: What is traded.
        lots: Signed: bought (+), sold (-); never 0.
        kind: Market, limit or stop.
        tif: How long it works.
        price_ticks: Limit price in ticks, for limit orders; else 0.
        stop_ticks: Trigger in ticks, for stop orders; else 0.
        reduce_only: Whether it may only reduce a position.
    """

    client_id: str
    symbol: str
    lots: int
    kind: OrderKind = OrderKind.MARKET
    tif: TimeInForce = TimeInForce.GTC
    price_ticks: int = 0
    stop_ticks: int = 0
    reduce_only: bool = False

    def __post_init__(self) -> None:
        if len(self.client_id) != ORDER_ID_LENGTH or not HEX.issuperset(self.client_id):
            raise ConfigError(f"order {self.symbol}: client_id must be {ORDER_ID_LENGTH} hex digits, was {self.client_id!r}")
        if self.lots == 0:
            raise ConfigError(f"order {self.client_id}: lots must not be 0; an order that asks nothing is not sent")


@dataclass(frozen=True, kw_only=True)
class OrderReport:
    """What the broker says about one order.

    Attributes:
        client_id: Ours.
        symbol: What is traded.
        stage: Where it stands; its rank never falls from one report to the next.
        lots: Asked, signed.
        filled_lots: Filled in all so far, signed, same side; never falls in size.
        reason: Why it was refused or ended early, in words; empty where there is none.
    """

    client_id: str
    symbol: str
    stage: Stage
    lots: int
    filled_lots: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FillReport:
    """One execution, keyed by its id: the same id twice is the same fill.

    Attributes:
        execution_id: The broker's, unique.
        client_id: Of our order; empty where the order is not ours.
        symbol: What was traded.
        lots: Signed.
        units: Signed, lots x lot.
        price: Paid or received per unit, quote currency.
        reference: Price before spread, slippage and impact; the fill price where the broker cannot tell.
        spread, slippage, impact: Cost against the reference, account currency.
        commission, fees: Paid to broker or venue, and to exchange, regulator and tax, account currency.
        decided_at: Close of the row that the order was decided at, ns UTC.
        filled_at: Exchange clock, ns UTC.
        order_number: The broker's running number of the order, 0 where it has none.
        risk: What the fill adds to the trade's risk at its initial stop, account currency.
        maker: Whether it made liquidity.
        state: How the order stood after it.
        kind: How the order found its price; a LIQUIDATION or a DELISTING is nobody's order.
    """

    execution_id: str
    client_id: str
    symbol: str
    lots: int
    units: float
    price: float
    reference: float
    spread: float = 0.0
    slippage: float = 0.0
    impact: float = 0.0
    commission: float = 0.0
    fees: float = 0.0
    decided_at: int = 0
    filled_at: int = 0
    order_number: int = 0
    risk: float = 0.0
    maker: int = 0
    state: int = 0
    kind: OrderKind = OrderKind.MARKET


@dataclass(frozen=True, kw_only=True)
class PositionReport:
    """What the broker says is held: signed units and the price at which it values them, quote currency."""

    symbol: str
    units: float
    mark: float


@dataclass(frozen=True, kw_only=True)
class AccountReport:
    """What the broker says about the account.

    Attributes:
        at: As of when, ns UTC.
        cash, equity: Account currency.
        positions: What is held.
        path_gap: By how much the last row's equity depends on the path inside it, where the broker is a simulator.
        refused: How many orders, or parts of one, the broker refused or cut since the row before, by reason; as far as it tells.
    """

    at: int
    cash: float
    equity: float
    positions: tuple[PositionReport, ...]
    path_gap: float = 0.0
    refused: tuple[tuple[Refusal, int], ...] = ()


@runtime_checkable
class Gateway(Protocol):
    """A broker (contract 5).

    Every method may raise GatewayError; `submit` and `cancel` raise UnknownOutcomeError where they cannot tell.
    """

    @property
    def name(self) -> str:
        """Name of the broker, for messages."""

    @property
    def assets(self) -> tuple[str, ...]:
        """The assets of each row, in their order."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is traded here: all assets of the rows, or some of them."""

    @property
    def exact(self) -> bool:
        """Whether the account report must equal our own books bit for bit (local paper), or within rounding (brokers)."""

    @property
    def landing_ns(self) -> int:
        """Longest time for which a request can still land after it seemed lost."""

    def history(self) -> "Tape | None":
        """Return rows that closed before the session's first, for the memory of encoders; None where there are none."""

    def next_row(self) -> "Row | None":
        """Wait for the next closed row of all `assets` and return it; None when the session is over."""

    def submit(self, request: OrderRequest) -> OrderReport:
        """Send an order. A client id that is known already changes nothing and returns how that order stands.

        A refusal is a report at stage `rejected` with its reason, never an exception.
        """

    def cancel(self, client_id: str) -> OrderReport | None:
        """Ask to cancel; return how the order stands, or None where the id is unknown. A final order stays as it is."""

    def order(self, client_id: str) -> OrderReport | None:
        """Return how an order stands; None only where the broker answered that there is no such order."""

    def fills(self, cursor: int = 0) -> tuple[tuple[FillReport, ...], int]:
        """Return the fills since `cursor` in their order, and the cursor after them; 0 is the session's start."""

    def account(self) -> AccountReport:
        """Return cash, equity and positions."""
