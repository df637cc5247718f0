"""The local paper broker: the simulator, one account, behind the gateway's contract."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..data.row import Row
from ..data.tape import Tape
from ..market.cost import CostSettings
from ..market.errors import DataError
from ..market.grid import whole_lots
from ..market.order import OrderKind, OrderState, Refusal, TimeInForce
from ..simulator.simulator import Simulator
from .gateway import FORCED, AccountReport, FillReport, OrderReport, OrderRequest, PositionReport
from .stage import Stage

__all__ = ["PaperGateway"]

FILL_NUMBERS = ("units", "price", "reference", "spread", "slippage", "impact", "commission", "fees", "risk")
FILL_COUNTS = ("lots", "decided_at", "filled_at", "maker", "state")
STAGES = {OrderState.PENDING: Stage.PENDING, OrderState.OPEN: Stage.OPEN, OrderState.PARTIALLY_FILLED: Stage.PARTIALLY_FILLED}


@dataclass
class PaperOrder:
    """An order in the broker's own book; `due` and `done` are lots as splits have rescaled them."""

    request: OrderRequest
    report: OrderReport
    asset: int
    decided_at: int
    due: int
    done: int = 0
    n_fills: int = 0
    cancelling: bool = False


class PaperGateway:
    """Replays rows of a tape and trades them in a `Simulator` of one account.

    Orders that come between two rows are decided at the close of the first and meet the second, by the simulator's rules. It
    keeps nothing on the disk: a restarted session builds a new one and hands it the orders that the old one had taken, and the
    same tape with the same orders gives the same bytes.

    Args:
        tape: What is replayed.
        costs: What trading costs.
        cash: At the start, account currency.
        rows: First row to deliver and the end; row `rows[1] - 1` is the last.
        symbols: What is traded, some of the tape's assets; None: all of them.
        taken: Orders taken before a restart, as (close of the row they were decided at, order).
        max_orders: Orders that can work at once.

    Raises:
        DataError: The rows lie outside of the tape, or are fewer than two.
    """

    name = "paper"
    exact = True
    landing_ns = 0

    def __init__(
        self,
        tape: Tape,
        costs: CostSettings,
        cash: float,
        rows: tuple[int, int],
        symbols: Sequence[str] | None = None,
        taken: Iterable[tuple[int, OrderRequest]] = (),
        max_orders: int = 8,
    ) -> None:
        start, stop = rows
        if not 0 <= start < stop - 1 < tape.n_rows:
            raise DataError(f"tape {tape.name}: paper trading needs two rows of [0, {tape.n_rows}) or more, was [{start}, {stop})")
        self._feed, self._rows, self._cash = tape, rows, cash
        self._tape = tape if symbols is None or tuple(symbols) == tape.symbols else tape.select(symbols)
        self._simulator = Simulator(self._tape, costs, n_envs=1, max_orders=max_orders, record_fills=True)
        self._latency_ns = int(self._simulator.rules["latency_ns"][0])
        self._at = start - 1
        self._orders: dict[str, PaperOrder] = {}
        self._waiting: dict[int, PaperOrder] = {}  # by asset: they meet the next row
        self._working: list[PaperOrder] = []  # in the simulator's pool
        self._fills: list[FillReport] = []
        self._taken: dict[int, list[OrderRequest]] = {}
        for decided_at, request in taken:
            self._taken.setdefault(decided_at, []).append(request)

    @property
    def assets(self) -> tuple[str, ...]:
        """The tape's assets."""
        return self._feed.symbols

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is traded."""
        return self._tape.symbols

    def history(self) -> Tape | None:
        """Return the rows before the first one, or None where there are none."""
        return self._feed.slice(0, self._rows[0]) if self._rows[0] > 0 else None

    def next_row(self) -> Row | None:
        """Play the next bar and return its row; None after the last."""
        if self._at + 1 >= self._rows[1]:
            return None
        self._at += 1
        if self._at == self._rows[0]:
            self._simulator.open_accounts(self._cash, np.array([self._at]))
        else:
            self._play()
        row = self._feed.row(self._at)
        for request in self._taken.pop(row.close_at, ()):
            self.submit(request)
        return row

    def submit(self, request: OrderRequest) -> OrderReport:
        """Take an order for the next bar; see `Gateway.submit`."""
        known = self._orders.get(request.client_id)
        if known is not None:
            return known.report
        report = OrderReport(client_id=request.client_id, symbol=request.symbol, stage=Stage.PENDING, lots=request.lots)
        asset = self.symbols.index(request.symbol) if request.symbol in self.symbols else -1
        reason = self._objection(request, asset)
        order = PaperOrder(request, report, asset, self._now(), request.lots)
        if reason:
            order.report = replace(report, stage=Stage.REJECTED, reason=reason)
        else:
            self._waiting[asset] = order
        self._orders[request.client_id] = order
        return order.report

    def cancel(self, client_id: str) -> OrderReport | None:
        """Cancel an order: at once where it has not left, else as the simulator cancels, after the latency."""
        order = self._orders.get(client_id)
        if order is None or order.report.stage.final:
            return None if order is None else order.report
        if self._waiting.get(order.asset) is order:
            del self._waiting[order.asset]
            order.report = replace(order.report, stage=Stage.CANCELLED)
            return order.report
        order.cancelling = True
        pool = self._pool()
        mine = (pool["asset"] == order.asset) & (pool["decided_at"] == order.decided_at)
        pool["expires_at"][mine] = np.minimum(pool["expires_at"][mine], self._now() + self._latency_ns)
        return order.report

    def order(self, client_id: str) -> OrderReport | None:
        """Return how an order stands, or None."""
        known = self._orders.get(client_id)
        return None if known is None else known.report

    def fills(self, cursor: int = 0) -> tuple[tuple[FillReport, ...], int]:
        """Return the fills from number `cursor` on."""
        return tuple(self._fills[cursor:]), len(self._fills)

    def account(self) -> AccountReport:
        """Return the simulator's account at the last close."""
        account, position = self._simulator.account[0], self._simulator.position[0]
        held = zip(self.symbols, position["units"].tolist(), position["mark"].tolist(), strict=True)
        refused = self._simulator.refused[0]
        return AccountReport(
            at=self._now(),
            cash=float(account["cash"]),
            equity=float(account["equity"]),
            positions=tuple(PositionReport(symbol=symbol, units=units, mark=mark) for symbol, units, mark in held),
            path_gap=float(self._simulator.record["path_gap"][0]),
            refused=tuple((Refusal(reason), int(refused[reason])) for reason in np.flatnonzero(refused).tolist()),
        )

    def _now(self) -> int:
        return int(self._tape.close_at[self._at])

    def _pool(self) -> np.ndarray:
        pool: np.ndarray = self._simulator.orders[0, : int(self._simulator.account["n_working"][0])]
        return pool

    def _objection(self, request: OrderRequest, asset: int) -> str:
        if asset < 0:
            return f"unknown symbol {request.symbol}"
        if not self._rows[0] <= self._at < self._rows[1] - 1:
            return "no market: the session has not begun or is over"
        if asset in self._waiting:
            return f"{request.symbol} has an order of this row already; the paper broker takes one for each symbol and row"
        return ""

    def _play(self) -> None:
        simulator, waiting = self._simulator, self._waiting
        for asset, order in waiting.items():
            intent = simulator.intents[0, asset]
            for name in ("lots", "price_ticks", "stop_ticks", "kind", "tif", "reduce_only"):
                intent[name] = getattr(order.request, name)
        self._waiting = {}
        simulator.step()
        played = [*self._working, *(waiting[asset] for asset in sorted(waiting))]
        self._rescale(played)
        self._log(played)
        pool = {(int(slot["asset"]), int(slot["decided_at"])): OrderState(int(slot["state"])) for slot in self._pool()}
        for order in played:
            order.report = self._standing(order, pool.get((order.asset, order.decided_at)))
        self._working = [order for order in played if not order.report.stage.final]

    def _rescale(self, played: list[PaperOrder]) -> None:
        if not self._tape.has_terms:
            return
        for order in played:
            ratio = float(self._tape.terms["split"][self._at, order.asset])
            if ratio != 1.0:
                left = whole_lots((order.due - order.done) * ratio, 1.0)  # as `simulator.pool.split_orders` does
                order.done = whole_lots(order.done * ratio, 1.0)
                order.due = order.done + left

    def _log(self, played: list[PaperOrder]) -> None:
        by_key = {(order.asset, order.decided_at): order for order in played}
        for fill in self._simulator.fills_of_step(0):
            asset, kind = int(fill["asset"]), OrderKind(int(fill["kind"]))
            order = None if kind in FORCED else by_key[asset, int(fill["decided_at"])]
            numbers = {name: float(fill[name]) for name in FILL_NUMBERS} | {name: int(fill[name]) for name in FILL_COUNTS}
            name = f"{kind.name.lower()}-{self._at}-{asset}" if order is None else f"{order.request.client_id}-{order.n_fills}"
            report = FillReport(
                execution_id=name,
                client_id="" if order is None else order.request.client_id,
                symbol=self.symbols[asset],
                order_number=int(fill["order_id"]),
                kind=kind,
                **numbers,  # type: ignore[arg-type]
            )
            self._fills.append(report)
            if order is not None:
                order.n_fills += 1
                order.done += report.lots
                order.report = replace(order.report, filled_lots=order.report.filled_lots + report.lots)

    def _standing(self, order: PaperOrder, state: OrderState | None) -> OrderReport:
        if state is not None:
            stage = STAGES[state]
            return replace(order.report, stage=max(stage, order.report.stage, key=lambda item: item.rank))
        if order.done == order.due and order.due != 0:
            return replace(order.report, stage=Stage.FILLED)
        if order.cancelling:
            return replace(order.report, stage=Stage.CANCELLED)
        refused = self._simulator.refused[0]
        reason = " or ".join(Refusal(index).name.lower() for index in np.flatnonzero(refused).tolist())
        if order.n_fills > 0 or not reason:
            ended = Stage.EXPIRED if order.request.tif is TimeInForce.DAY and not reason else Stage.CANCELLED
            return replace(order.report, stage=ended, reason=reason)
        return replace(order.report, stage=Stage.REJECTED, reason=reason)
