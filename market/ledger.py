"""The two ledgers of an account: kernels that change both at once, and the check that they agree.

    CASH         equity = cash + sum(units x multiplier x mark x fx)
    ATTRIBUTION  equity = initial + gross + dividends + funding + interest
                          - commission - fees - spread - slippage - impact - borrow - liquidation

The simulator and live's own books call the same kernels, so that equal fills give equal bytes.
"""

import numpy as np

from .errors import IntegrityError, ShapeError
from .grid import on_grid, snapped, whole_lots
from .kernel import kernel

__all__ = [
    "accrue_borrow",
    "accrue_interest",
    "apply_split",
    "charge_liquidation",
    "check_ledgers",
    "equity_by_attribution",
    "equity_by_cash",
    "ledger_gap",
    "mark_to",
    "pay_dividend",
    "pay_funding",
    "roll_position",
    "settle",
]

YEAR_NS = 365.0 * 86_400.0 * 1e9
MONEY_YEAR_NS = 360.0 * 86_400.0 * 1e9
TOLERANCE = 1e-9


@kernel(inline=True)
def settle(
    e: int,
    account: np.ndarray,
    position: np.ndarray,
    instruments: np.ndarray,
    asset: int,
    units: float,  # signed, not 0
    reference: float,  # price before spread, slippage and impact
    spread: float,  # this and the next four: costs of the whole fill, account currency, not negative
    slippage: float,
    impact: float,
    commission: float,
    fees: float,
    fx: float,
    row: int,
) -> float:
    """One fill -> price paid per unit."""
    multiplier = instruments[asset].multiplier
    scale = multiplier * fx
    friction = spread + slippage + impact
    paid = units * reference * scale + friction
    price = reference + friction / (units * scale)
    account[e].cash -= paid + commission + fees
    account[e].gross += units * (position[e, asset].mark * position[e, asset].fx * multiplier - reference * scale)
    account[e].spread += spread
    account[e].slippage += slippage
    account[e].impact += impact
    account[e].commission += commission
    account[e].fees += fees
    account[e].traded_notional += abs(paid)
    account[e].n_fills += 1
    held = position[e, asset].units
    after = snapped(held + units, instruments[asset].lot, abs(held) + abs(units))
    average = position[e, asset].average_price
    if held == 0.0:
        position[e, asset].opened_row = row
        position[e, asset].average_price = price
        account[e].n_open += 1
        if account[e].trade_row < 0:
            account[e].trade_row = row
    elif (held > 0.0) == (units > 0.0):
        position[e, asset].average_price = (average * held + price * units) / (held + units)
    else:
        closed = held if abs(units) >= abs(held) else -units
        position[e, asset].realised += closed * (price - average) * scale
        if after != 0.0 and (after > 0.0) != (held > 0.0):
            position[e, asset].opened_row = row
            position[e, asset].average_price = price
    position[e, asset].units = after
    if after == 0.0:
        flatten(e, account, position, asset)
    return float(price)


@kernel
def flatten(e: int, account: np.ndarray, position: np.ndarray, asset: int) -> None:
    """The units of a position have just become 0."""
    position[e, asset].average_price = 0.0
    position[e, asset].opened_row = -1
    position[e, asset].margin = position[e, asset].risk = 0.0
    account[e].n_open -= 1
    if account[e].n_open == 0:
        account[e].trade_row = -1


@kernel(inline=True)
def mark_to(
    e: int, account: np.ndarray, position: np.ndarray, instruments: np.ndarray, fx: float, asset: int, price: float
) -> None:
    """Value a position at a new price and rate; the change is gross P&L."""
    units = position[e, asset].units
    if units != 0.0:
        change = price * fx - position[e, asset].mark * position[e, asset].fx
        account[e].gross += units * change * instruments[asset].multiplier
    position[e, asset].mark = price
    position[e, asset].fx = fx


@kernel
def apply_split(e: int, account: np.ndarray, position: np.ndarray, instruments: np.ndarray, asset: int, ratio: float) -> None:
    """`ratio` new units for each old one; the part of a lot that is left over is paid out at the mark, as brokers do."""
    held = position[e, asset].units
    position[e, asset].mark /= ratio
    if held == 0.0:
        return
    position[e, asset].average_price /= ratio
    lot = instruments[asset].lot
    exact = held * ratio
    whole = on_grid(whole_lots(exact, lot), lot)
    left = exact - whole
    if abs(left) > 1e-6 * lot:
        scale = instruments[asset].multiplier * position[e, asset].fx
        account[e].cash += left * position[e, asset].mark * scale
        position[e, asset].realised += left * (position[e, asset].mark - position[e, asset].average_price) * scale
        position[e, asset].margin *= whole / exact
    position[e, asset].units = whole
    if whole == 0.0:
        flatten(e, account, position, asset)


@kernel
def pay_dividend(e: int, account: np.ndarray, position: np.ndarray, asset: int, dividend: float, fx: float) -> None:
    """Longs receive `dividend` per unit, shorts owe it."""
    amount = position[e, asset].units * dividend * fx
    account[e].cash += amount
    account[e].dividends += amount


@kernel
def pay_funding(
    e: int, account: np.ndarray, position: np.ndarray, instruments: np.ndarray, asset: int, rate: float, price: float, fx: float
) -> None:
    """Longs pay `rate` of the notional at `price`, shorts receive it."""
    amount = -position[e, asset].units * price * instruments[asset].multiplier * fx * rate
    account[e].cash += amount
    account[e].funding += amount


@kernel
def accrue_borrow(
    e: int, account: np.ndarray, position: np.ndarray, instruments: np.ndarray, asset: int, rate: float, elapsed_ns: int
) -> None:
    """Shorts pay `rate` a year, actual days over 365, on the notional at the mark."""
    units = position[e, asset].units
    if units < 0.0:
        notional = -units * position[e, asset].mark * instruments[asset].multiplier * position[e, asset].fx
        amount = notional * rate * (elapsed_ns / YEAR_NS)
        account[e].cash -= amount
        account[e].borrow += amount


@kernel
def accrue_interest(
    e: int,
    account: np.ndarray,
    position: np.ndarray,
    instruments: np.ndarray,
    margin_rate: float,
    cash_rate: float,
    elapsed_ns: int,
) -> None:
    """What is borrowed pays `margin_rate` a year, free cash receives `cash_rate`, actual days over 360.

    The proceeds of shorts are not the account's to use: the balance is cash less the value of shorts at the mark.
    """
    balance = account[e].cash
    if account[e].n_open > 0:
        for a in range(position.shape[1]):
            if position[e, a].units < 0.0:
                balance += position[e, a].units * position[e, a].mark * instruments[a].multiplier * position[e, a].fx
    amount = balance * (margin_rate if balance < 0.0 else cash_rate) * (elapsed_ns / MONEY_YEAR_NS)
    account[e].cash += amount
    account[e].interest += amount


@kernel
def roll_position(
    e: int,
    account: np.ndarray,
    position: np.ndarray,
    instruments: np.ndarray,
    asset: int,
    roll: float,  # price of the next contract less that of the old one
    spread: float,  # this and the next three: costs of both orders, account currency
    slippage: float,
    commission: float,
    fees: float,
    traded: float,  # notional of both orders, account currency
    fx: float,
) -> None:
    """The old contract is sold at the mark and as many units of the next one are bought: prices move, P&L does not.

    Cash moves at `fx`; what `fx` differs from the rate of the mark is P&L of the currency, and comes back at the next mark.
    """
    units, multiplier = position[e, asset].units, instruments[asset].multiplier
    position[e, asset].mark += roll
    if units == 0.0:
        return
    moved = units * roll * multiplier
    position[e, asset].average_price += roll
    account[e].cash -= moved * fx + spread + slippage + commission + fees
    account[e].gross += moved * (position[e, asset].fx - fx)
    account[e].traded_notional += traded
    account[e].spread += spread
    account[e].slippage += slippage
    account[e].commission += commission
    account[e].fees += fees


@kernel
def charge_liquidation(e: int, account: np.ndarray, amount: float) -> None:
    """A fee for closing by force; below zero, what the venue bears of the loss."""
    account[e].cash -= amount
    account[e].liquidation += amount


@kernel(inline=True)
def equity_by_cash(e: int, account: np.ndarray, position: np.ndarray, instruments: np.ndarray) -> float:
    """CASH ledger."""
    equity = account[e].cash
    if account[e].n_open > 0:
        for a in range(position.shape[1]):
            units = position[e, a].units
            if units != 0.0:
                equity += units * instruments[a].multiplier * position[e, a].mark * position[e, a].fx
    return float(equity)


@kernel
def equity_by_attribution(e: int, account: np.ndarray) -> float:
    """ATTRIBUTION ledger."""
    earned = account[e].gross + account[e].dividends + account[e].funding + account[e].interest
    frictions = account[e].spread + account[e].slippage + account[e].impact
    charges = account[e].commission + account[e].fees + account[e].borrow + account[e].liquidation
    return float(account[e].initial_equity + earned - frictions - charges)


def ledger_gap(account: np.ndarray, position: np.ndarray, instruments: np.ndarray) -> np.ndarray:
    """Return by how much the two ledgers differ, as a fraction of max(initial equity, traded notional).

    Args:
        account: ACCOUNT records, shape (E,).
        position: POSITION records, shape (E, A).
        instruments: INSTRUMENT records, shape (A,).

    Returns:
        float64, shape (E,), not negative.

    Raises:
        ShapeError: The shapes do not belong together.
    """
    if position.shape != (account.shape[0], instruments.shape[0]):
        wanted = (account.shape[0], instruments.shape[0])
        raise ShapeError(f"position must have shape (n_envs, n_assets) = {wanted}, was {position.shape}")
    held = position["units"] * instruments["multiplier"] * position["mark"] * position["fx"]
    by_cash = account["cash"] + held.sum(axis=1)
    signs = {"gross": 1, "dividends": 1, "funding": 1, "interest": 1, "commission": -1, "fees": -1, "spread": -1,
             "slippage": -1, "impact": -1, "borrow": -1, "liquidation": -1}  # fmt: skip
    by_lines = account["initial_equity"] + sum(sign * account[name] for name, sign in signs.items())
    scale = np.maximum(account["initial_equity"], account["traded_notional"])
    return np.asarray(np.abs(by_cash - by_lines) / np.where(scale > 0.0, scale, 1.0))


def check_ledgers(account: np.ndarray, position: np.ndarray, instruments: np.ndarray) -> None:
    """Raise where CASH and ATTRIBUTION differ by more than 1e-9 x max(initial equity, traded notional).

    Args:
        account: ACCOUNT records, shape (E,).
        position: POSITION records, shape (E, A).
        instruments: INSTRUMENT records, shape (A,).

    Raises:
        IntegrityError: The ledgers of an environment differ, or one of them is not finite.
        ShapeError: The shapes do not belong together.
    """
    gap = ledger_gap(account, position, instruments)
    bad = np.flatnonzero(~(gap <= TOLERANCE))
    if bad.size:
        worst = int(bad[0])
        raise IntegrityError(
            f"the ledgers of {bad.size} of {gap.size} accounts differ by more than {TOLERANCE} of the traded notional, "
            f"first account {worst} by {gap[worst]}; a kernel moved cash without an attribution line, or the reverse"
        )
