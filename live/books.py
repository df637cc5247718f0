"""Our own books: account and positions kept from fills and rows by the kernels of the ledgers, held against the broker's."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..data.row import Row
from ..market.account import FILL, STEP, new_accounts
from ..market.bar import CLOCK
from ..market.bracket import BRACKET
from ..market.cost import CostSettings, rules_records
from ..market.displacement import SQUARE_ROOT, closing_mark, displace
from ..market.errors import DataError, IntegrityError
from ..market.instrument import Instrument, instrument_records
from ..market.kernel import kernel
from ..market.ledger import charge_liquidation, check_ledgers, equity_by_attribution, equity_by_cash, mark_to, settle
from ..market.margin import ISOLATED, liquidation_charge, set_aside
from ..market.order import INTENT, ORDER, OrderKind
from ..market.tariff import TARIFF
from ..simulator.arrays import TapeArrays
from ..simulator.carry import carry
from .gateway import AccountReport, FillReport

__all__ = ["Books"]

COSTS = ("spread", "slippage", "impact", "commission", "fees")
LINES = ("gross", "dividends", "funding", "interest", *COSTS, "borrow", "liquidation", "traded_notional")
FILL_COLUMNS = ("decided_at", "filled_at", "lots", "units", "reference", "price", *COSTS, "risk", "maker", "state", "kind")
AFTER = ("cash", "equity", "attribution")
ROUNDING = 1e-6  # how far a broker's own rounding may stand from ours, as a fraction of equity


@kernel
def carry_row(
    bars: np.ndarray,
    terms: np.ndarray,
    clock: np.ndarray,
    instruments: np.ndarray,
    tariff: np.ndarray,
    brackets: np.ndarray,
    rules: np.ndarray,
    intents: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    # what the second of two rows (2, A) does before anyone trades, as in the simulator
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    carry(0, 1, intents, tape, rules, account, position, orders, record, fills)


@kernel
def book_fill(
    e: int,
    asset: int,
    units: float,
    reference: float,
    spread: float,
    slippage: float,
    impact: float,
    commission: float,
    fees: float,
    fx: float,
    row: int,
    forced: bool,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> float:
    # one reported fill as the simulator books its own: both ledgers, the margin, the displacement, the charge of a liquidation
    held, margin, average = position[e, asset].units, position[e, asset].margin, position[e, asset].average_price
    price = settle(
        e, account, position, instruments, asset, units, reference, spread, slippage, impact, commission, fees, fx, row
    )  # fmt: skip
    if rules[e].account == ISOLATED:
        set_aside(e, asset, held, reference, fx, instruments, rules, position)
    if rules[e].impact != SQUARE_ROOT:
        displace(e, asset, units, instruments, rules, position)
    if forced:
        scale = instruments[asset].multiplier * fx
        profit = held * (price - average) * scale - commission - fees
        charge_liquidation(e, account, liquidation_charge(e, margin, profit, abs(held) * price * scale, rules))
    return float(price)


@kernel
def ledgers(e: int, instruments: np.ndarray, account: np.ndarray, position: np.ndarray) -> tuple[float, float, float]:
    # cash and both equities
    return (
        account[e].cash,
        equity_by_cash(e, account, position, instruments),
        equity_by_attribution(e, account),
    )


@kernel
def mark_row(
    e: int,
    bars: np.ndarray,
    terms: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> None:
    # the close of a row (1, A): marks, equity, peak and ruin, in the order of the simulator's close
    for a in range(position.shape[1]):
        price = closing_mark(e, a, bars[0, a].close, np.int64(bars[0, a].tradable), rules, position)
        mark_to(e, account, position, instruments, terms[0, a].fx, a, price)
    equity = equity_by_cash(e, account, position, instruments)
    account[e].equity = equity
    account[e].peak_equity = max(account[e].peak_equity, equity)
    if equity <= rules[e].ruin_equity_fraction * account[e].initial_equity:
        account[e].ruined = 1


class Books:
    """One account as we know it.

    Each row is played in the simulator's order: interest, borrow, delistings, funding, rolls, splits and dividends of the row
    by the rules, its fills as they were reported, marks at its close. Equal rows and fills give the simulator's bytes. What
    the rules carry is not booked again where the broker reports it as a fill (a DELISTING). Rolls are charged at the rules'
    own rates: not covered are rolls under a fee schedule, and a venue that rolls or pays a delisting in another way.

    Attributes:
        account: ACCOUNT records, (1,). `next_order_id` stays 1: ids are the broker's affair.
        position: POSITION records, (1, A). `bar_lots` and `path` stay 0: they are the exchange's affair.
        row: Number of the last row, from `first_row` on.

    Args:
        instruments: The assets in the order of the rows.
        costs: Rules of the account: borrow rate, ruin.
        cash: At the start, account currency.
        first_row: Number of the first row; only differences of it matter.
    """

    def __init__(self, instruments: Sequence[Instrument], costs: CostSettings, cash: float, first_row: int = 0) -> None:
        self._symbols = {instrument.symbol: asset for asset, instrument in enumerate(instruments)}
        self._instruments = instrument_records(tuple(instruments))
        self._rules = rules_records(costs)
        if costs.impact != "square_root":
            volume = costs.impact_volume
            amounts = [volume[name] for name in self._symbols] if isinstance(volume, Mapping) else volume
            self._instruments["liquidity"] = amounts
        self._tariff, self._brackets = np.zeros(0, TARIFF), np.zeros(0, BRACKET)
        self._cash = cash
        self._clock = np.zeros(2, CLOCK)
        # carry rescales intents and working orders too: ours are the broker's affair, so it finds none
        self._no_intents, self._no_orders = np.zeros((1, len(instruments)), INTENT), np.zeros((1, 0), ORDER)
        self._delisted = np.zeros((1, len(instruments)), FILL)
        self._after: list[tuple[float, ...]] = []  # cash and both equities after each fill of the row
        self.account, self.position = new_accounts(1, len(instruments))
        self.row = first_row - 1

    @property
    def instruments(self) -> np.ndarray:
        """INSTRUMENT records, (A,)."""
        return self._instruments

    def index_of(self, symbol: str) -> int:
        """Return the position of `symbol` among the assets; IntegrityError where it is not traded here."""
        if symbol not in self._symbols:
            raise IntegrityError(f"{symbol!r} is not traded here; the books hold {', '.join(self._symbols)}")
        return self._symbols[symbol]

    def open(self, row: Row) -> None:
        """Begin with cash alone at the close of the first row."""
        self.row += 1
        account, position = self.account, self.position
        for name in ("cash", "initial_equity", "equity", "peak_equity"):
            account[name] = self._cash
        account["opened_row"] = self.row
        position["mark"], position["fx"] = row.bars["close"], row.terms["fx"]
        self._clock[1] = (row.open_at, row.close_at)

    def advance(self, row: Row, fills: Sequence[FillReport], n_working: int, exact: bool) -> np.ndarray:
        """Play one row.

        Args:
            row: The row that closed.
            fills: Fills inside it, in the broker's order.
            n_working: Orders that work at its close.
            exact: Whether the price that our ledger finds must be the reported one to the last bit.

        Returns:
            STEP records, (1,): what the row did; `n_refused` is 0, nobody told the books.

        Raises:
            DataError: The row does not close after the last one.
            IntegrityError: A fill names an unknown symbol or does not add up, or the two ledgers differ.
        """
        if row.close_at <= int(self._clock[1]["close_at"]):
            raise DataError(f"a row that closes at {row.close_at} came after one that closes at {int(self._clock[1]['close_at'])}")
        self.row += 1
        self._clock[0], self._clock[1] = self._clock[1], (row.open_at, row.close_at)
        before, ruined = self.account.copy(), bool(self.account["ruined"][0])
        self.account["n_working"] = 0  # a kernel never checks: there must be no order to rescale in a pool of none
        bars, terms = row.bars[None], row.terms[None]
        both_bars, both_terms = np.concatenate([bars, bars]), np.concatenate([terms, terms])
        carried = np.zeros(1, STEP)
        carry_row(
            both_bars, both_terms, self._clock, self._instruments, self._tariff, self._brackets, self._rules, self._no_intents,
            self.account, self.position, self._no_orders, carried, self._delisted,
        )  # fmt: skip
        paid = self._delisted[0, : carried["n_fills"][0]]
        self._after = [self._settle(fill, row, exact, paid) for fill in fills]
        self.account["n_working"] = n_working
        mark_row(0, bars, terms, self._instruments, self._rules, self.account, self.position)
        check_ledgers(self.account, self.position, self._instruments)
        step = np.zeros(1, STEP)
        for name in LINES:
            step[name] = self.account[name] - before[name]
        step["row"], step["n_fills"], step["ruined"] = self.row, len(fills), self.account["ruined"][0] and not ruined
        step["n_logged"], step["liquidated"] = len(fills), any(fill.kind is OrderKind.LIQUIDATION for fill in fills)
        step["equity_before"], step["equity"] = before["equity"], self.account["equity"]
        step["cash"], _, step["attribution"] = ledgers(0, self._instruments, self.account, self.position)
        return step

    def records(self, fills: Sequence[FillReport]) -> np.ndarray:
        """Return fills of the last row as FILL records, (len(fills),), as the simulator would log them."""
        records = np.zeros(len(fills), FILL)
        for record, fill, after in zip(records, fills, self._after, strict=True):
            for name in FILL_COLUMNS:
                record[name] = getattr(fill, name)
            record["order_id"], record["row"], record["asset"] = fill.order_number, self.row, self._symbols[fill.symbol]
            for name, amount in zip(AFTER, after, strict=True):
                record[name] = amount
        return records

    def verify(self, report: AccountReport, exact: bool) -> None:
        """Hold the books against the broker's account.

        Args:
            report: What the broker says now.
            exact: Bit for bit, or within 1e-6 of equity.

        Raises:
            IntegrityError: Names everything that differs, ours and theirs.
        """
        ours, theirs = self._figures(), {"cash": report.cash, "equity": report.equity}
        for held in report.positions:
            if held.symbol in self._symbols or held.units != 0.0:
                theirs |= {f"{held.symbol} units": held.units, f"{held.symbol} mark": held.mark}
        room = 0.0 if exact else ROUNDING * abs(ours["equity"])
        different = []
        for name in sorted({*ours, *theirs}):
            own, other = ours.get(name, 0.0), theirs.get(name, 0.0)
            near = own == other if exact else math.isclose(own, other, rel_tol=ROUNDING, abs_tol=0.0 if "units" in name else room)
            if not near:
                different.append(f"{name} is {own!r} here and {other!r} at the broker")
        if different:
            raise IntegrityError(f"row {self.row} (close {report.at}): our books and the broker's differ: {'; '.join(different)}")

    def _figures(self) -> dict[str, float]:
        figures = {"cash": float(self.account["cash"][0]), "equity": float(self.account["equity"][0])}
        for symbol, asset in self._symbols.items():
            held = self.position[0, asset]
            figures |= {f"{symbol} units": float(held["units"]), f"{symbol} mark": float(held["mark"])}
        return figures

    def _settle(self, fill: FillReport, row: Row, exact: bool, paid: np.ndarray) -> tuple[float, ...]:
        asset = self.index_of(fill.symbol)
        if fill.units == 0.0:
            raise IntegrityError(f"execution {fill.execution_id} ({fill.symbol}): a fill of no units cannot be booked")
        if fill.kind is OrderKind.DELISTING:
            mine = paid[paid["asset"] == asset]
            if len(mine) != 1 or mine[0]["units"] != fill.units or not math.isclose(mine[0]["price"], fill.price, rel_tol=ROUNDING):
                ours = f"{mine[0]['units']:g} at {mine[0]['price']!r}" if len(mine) else "nothing"
                raise IntegrityError(
                    f"execution {fill.execution_id} ({fill.symbol}): {fill.units:g} units were paid out at {fill.price!r}, "
                    f"by our rules {ours}"
                )
            return tuple(float(mine[0][name]) for name in AFTER)
        price = book_fill(
            0, asset, fill.units, fill.reference, fill.spread, fill.slippage, fill.impact, fill.commission, fill.fees,
            float(row.terms["fx"][asset]), self.row, fill.kind is OrderKind.LIQUIDATION, self._instruments, self._rules,
            self.account, self.position,
        )  # fmt: skip
        if price != fill.price if exact else not math.isclose(price, fill.price, rel_tol=ROUNDING):
            raise IntegrityError(
                f"execution {fill.execution_id} ({fill.symbol}): reference and costs give the price {price!r}, "
                f"reported was {fill.price!r}"
            )
        return tuple(ledgers(0, self._instruments, self.account, self.position))
