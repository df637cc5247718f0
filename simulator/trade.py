"""Round trips from a log of fills: what each trade earned, what it cost, and what it risked."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.tape import Tape
from ..market.errors import IntegrityError
from ..market.grid import on_grid, whole_lots

__all__ = ["TRADE", "trades"]

COSTS = ("spread", "slippage", "impact", "commission", "fees")
TRADE = np.dtype(
    [
        ("asset", "i8"),
        ("side", "i8"),  # 1 long, -1 short
        ("opened_at", "i8"),  # ns UTC of the first fill
        ("closed_at", "i8"),  # ns UTC of the last fill; of the last close where it is still open
        ("opened_row", "i8"),
        ("closed_row", "i8"),
        ("bars", "i8"),  # rows from the first fill to the last
        ("units", "f8"),  # all that was bought (long) or sold (short), in units of its end
        ("entry_price", "f8"),  # average over the fills that opened it, in units of its end
        ("exit_price", "f8"),  # average over the fills that closed it, or its mark where nothing was closed
        ("gross", "f8"),  # P&L at reference prices, account currency
        ("spread", "f8"),  # this and the next four: costs of its fills, account currency
        ("slippage", "f8"),
        ("impact", "f8"),
        ("commission", "f8"),
        ("fees", "f8"),
        ("net", "f8"),  # gross less the five costs
        ("risk", "f8"),  # initial risk: what its brackets' stops would have lost, account currency; 0 none
        ("r_multiple", "f8"),  # net / risk; NaN without risk
        ("n_fills", "i8"),
        ("still_open", "u1"),
    ],
    align=True,
)
"""One round trip of one asset, from flat to flat or to the other side; a fill that turns a position ends one and begins one."""


@dataclass
class Holding:
    """The open trade of one asset; amounts in units of now."""

    asset: int
    side: int
    opened_at: int
    opened_row: int
    row: int
    lots: int = 0
    entered: float = 0.0
    entry_value: float = 0.0
    exited: float = 0.0
    exit_value: float = 0.0
    gross: float = 0.0
    risk: float = 0.0
    n_fills: int = 0
    costs: Sequence[float] = (0.0,) * len(COSTS)

    def add(self, lots: int, share: float, fill: Sequence[float], tape: Tape) -> None:
        """Take `lots` of a fill and that share of its costs."""
        reference, price, *costs = fill
        units = on_grid(lots, tape.instruments[self.asset].lot)
        self.lots += lots
        self.gross -= units * reference * scale_at(tape, self.row, self.asset)
        self.costs = [paid + share * cost for paid, cost in zip(self.costs, costs, strict=True)]
        self.n_fills += 1
        if (lots > 0) == (self.side > 0):
            self.entered += abs(units)
            self.entry_value += abs(units) * price
        else:
            self.exited += abs(units)
            self.exit_value += abs(units) * price

    def carry_to(self, row: int, tape: Tape, events: Sequence[int]) -> None:
        """Rolls and splits (rows `events`) after the trade's last row to `row`, before its open; stops where no lot is left."""
        for event in events[bisect_right(events, self.row) : bisect_right(events, row)]:
            self.row = event
            ratio, roll = float(tape.terms["split"][event, self.asset]), float(tape.terms["roll"][event, self.asset])
            if math.isnan(roll):
                roll = 0.0
            lot, scale = tape.instruments[self.asset].lot, scale_at(tape, self.row - 1, self.asset)
            held = on_grid(self.lots, lot)
            self.gross -= held * roll * scale
            self.entry_value += self.entered * roll
            self.exit_value += self.exited * roll
            self.lots = whole_lots(held * ratio, lot)
            paid_out = held * ratio - on_grid(self.lots, lot)
            self.gross += paid_out * ((float(tape.close[self.row - 1, self.asset]) + roll) / ratio) * scale
            self.entered *= ratio
            self.exited *= ratio
            if self.lots == 0:
                return
        self.row = row

    def record(self, at: int, still_open: bool = False, mark: float = 0.0) -> tuple[float, ...]:
        """The fields of TRADE, ended at the trade's row."""
        net = self.gross - sum(self.costs)
        exit_price = self.exit_value / self.exited if self.exited > 0.0 else mark
        return (
            self.asset, self.side, self.opened_at, at, self.opened_row, self.row, self.row - self.opened_row, self.entered,
            self.entry_value / self.entered, exit_price, self.gross, *self.costs, net, self.risk,
            net / self.risk if self.risk > 0.0 else np.nan, self.n_fills, still_open,
        )  # fmt: skip


def trades(fills: np.ndarray, tape: Tape, position: np.ndarray | None = None, row: int | None = None) -> np.ndarray:
    """Return the trades of one account in the order in which they ended.

    P&L is that of the fills: dividends, funding, interest, borrow, fees of liquidation and costs of rolls belong to the account,
    not to a fill. So the nets of all trades, open ones included, sum to equity - initial - dividends - funding - interest +
    borrow + liquidation (and what rolls cost). Splits and rolls between two fills rescale a trade as they do the position; the
    part of a lot that a split leaves over is paid out at the close before it (the account has it at its mark: where own trades
    displace the price, trades miss that displacement of that part of a lot, since no fill tells it).

    Args:
        fills: FILL records of one account from when it was flat, (F,), in their order; changes of state are passed over.
        tape: What was traded.
        position: POSITION records (A,) after the last fill: what is held becomes trades with `still_open` 1, valued at its mark.
        row: Tape row of that mark; None: the tape's last.

    Returns:
        TRADE records, (R,).

    Raises:
        IntegrityError: The fills do not lead to `position`.
    """
    done: list[tuple[float, ...]] = []
    held: dict[int, Holding] = {}
    fills = fills[fills["lots"] != 0]
    events = _events(tape)
    columns = [fills[name].tolist() for name in ("asset", "row", "filled_at", "lots", "risk", "reference", "price", *COSTS)]
    for asset, at_row, at, lots, risk, *fill in zip(*columns, strict=True):
        trade = _carried(held, asset, at_row, tape, events, done)
        left = lots
        if trade is not None and (trade.lots > 0) != (lots > 0):
            closed = -trade.lots if abs(lots) > abs(trade.lots) else lots
            trade.add(closed, closed / lots, fill, tape)
            left = lots - closed
            if trade.lots == 0:
                done.append(held.pop(asset).record(at))
        if left != 0:
            trade = held.setdefault(asset, Holding(asset, 1 if left > 0 else -1, at, at_row, at_row))
            trade.add(left, left / lots, fill, tape)
            trade.risk += risk
    if position is not None:
        last = tape.n_rows - 1 if row is None else row
        for asset in sorted(held):
            trade = _carried(held, asset, last, tape, events, done)
            if trade is not None:
                done.append(_marked(trade, position[asset], tape))
    return np.array(done, TRADE)


def scale_at(tape: Tape, row: int, asset: int) -> float:
    """Return account currency per unit and point of price."""
    fx = float(tape.terms["fx"][row, asset]) if tape.has_terms else 1.0
    return tape.instruments[asset].multiplier * fx


def _events(tape: Tape) -> dict[int, list[int]]:
    """Return the rows at which an asset splits or rolls, by asset."""
    events: dict[int, list[int]] = {}
    if tape.has_terms:
        rows, assets = np.nonzero((tape.terms["split"] != 1.0) | ~np.isnan(tape.terms["roll"]))
        for row, asset in zip(rows.tolist(), assets.tolist(), strict=True):
            events.setdefault(asset, []).append(row)
    return events


def _carried(
    held: dict[int, Holding], asset: int, row: int, tape: Tape, events: dict[int, list[int]], done: list[tuple[float, ...]]
) -> Holding | None:
    """Return the open trade of an asset at `row`; one of which a split left no lot has ended."""
    trade = held.get(asset)
    if trade is not None:
        trade.carry_to(row, tape, events.get(asset, ()))
        if trade.lots == 0:
            done.append(held.pop(asset).record(int(tape.open_at[trade.row])))
            return None
    return trade


def _marked(trade: Holding, position: np.ndarray, tape: Tape) -> tuple[float, ...]:
    units, instrument = on_grid(trade.lots, tape.instruments[trade.asset].lot), tape.instruments[trade.asset]
    if abs(units - position["units"]) > 1e-6 * instrument.lot:
        raise IntegrityError(f"the fills of {instrument.symbol} lead to {units:g} units, the position holds {position['units']:g}")
    trade.gross += units * float(position["mark"]) * instrument.multiplier * float(position["fx"])
    return trade.record(int(tape.close_at[trade.row]), True, float(position["mark"]))
