"""What an account looks like: one asset, or the weight of each of many; one kernel for training, backtest and live."""

from typing import Any

import numpy as np

from ...encoders.column import Column
from ...market.desk import Books
from ...market.errors import ConfigError
from ...market.kernel import kernel
from .part import NoSettings, Part, PartContext

__all__ = ["ACCOUNT_COLUMNS", "AccountPart", "WeightsPart", "clipped", "share", "value_of"]

Records = Any  # a record array; mypy knows no fields of records

EXPOSURE_LIMIT = 10.0
GAIN_LIMIT = 10.0
TRADE_BARS = 20.0  # bars after which `time_in_trade` is one half
ORDERS_FULL = 8.0  # working orders at which `open_orders` is 1

ACCOUNT_COLUMNS = (
    Column("exposure", "fraction", -EXPOSURE_LIMIT, EXPOSURE_LIMIT),  # value of the position / equity, signed
    Column("cash_fraction", "fraction", -EXPOSURE_LIMIT, EXPOSURE_LIMIT),  # cash / equity
    Column("equity_change", "fraction", -1.0, GAIN_LIMIT),  # equity / initial equity - 1
    Column("drawdown", "fraction", 0.0, 1.0),  # 1 - equity / peak equity
    Column("time_in_trade", "fraction", 0.0, 1.0),  # n / (n + 20) in the n-th bar of the open trade
    Column("unrealised_return", "fraction", -1.0, GAIN_LIMIT),  # gain of the open trade / its cost at fill prices
    Column("open_orders", "fraction", 0.0, 1.0),  # working orders / 8
)
SHARED_COLUMNS = (ACCOUNT_COLUMNS[1], ACCOUNT_COLUMNS[2], ACCOUNT_COLUMNS[3])


@kernel(inline=True)
def clipped(value: float, low: float, high: float) -> float:
    """Return `value` inside [low, high]; what is not a number becomes `low`."""
    return min(max(value, low), high) if value == value else low


@kernel(inline=True)
def value_of(e: int, asset: int, instruments: Records, position: Records) -> float:
    """Return the signed worth of a position at its mark, account currency."""
    worth: float = position[e, asset].units * instruments[asset].multiplier * position[e, asset].mark * position[e, asset].fx
    return worth


@kernel(inline=True)
def share(value: float, equity: float) -> float:
    """Return `value` / `equity` inside the limits; 0 where the account is ruined."""
    return clipped(value / equity, -EXPOSURE_LIMIT, EXPOSURE_LIMIT) if equity > 0.0 else 0.0


@kernel(inline=True)
def write_shared(e: int, account: Records, out: np.ndarray, at: int) -> None:
    """Write cash fraction, change of equity and drawdown of one environment."""
    equity, initial, peak = account[e].equity, account[e].initial_equity, account[e].peak_equity
    out[e, at] = share(account[e].cash, equity)
    out[e, at + 1] = clipped(equity / initial - 1.0, -1.0, GAIN_LIMIT) if initial > 0.0 else 0.0
    out[e, at + 2] = clipped(1.0 - equity / peak, 0.0, 1.0) if peak > 0.0 else 0.0


@kernel(inline=True)
def write_account(e: int, row: int, instruments: Records, account: Records, position: Records, out: np.ndarray, at: int) -> None:
    """Write the columns of an account that trades asset 0 of its tape."""
    out[e, at] = share(value_of(e, 0, instruments, position), account[e].equity)
    write_shared(e, account, out, at + 1)
    units, average, opened = position[e, 0].units, position[e, 0].average_price, position[e, 0].opened_row
    bars = float(row - opened + 1) if units != 0.0 and opened >= 0 else 0.0
    out[e, at + 4] = bars / (bars + TRADE_BARS)
    gain = 0.0
    if units != 0.0 and average > 0.0:
        gain = position[e, 0].mark / average - 1.0
        if units < 0.0:
            gain = -gain
    out[e, at + 5] = clipped(gain, -1.0, GAIN_LIMIT)
    out[e, at + 6] = min(account[e].n_working / ORDERS_FULL, 1.0)


@kernel(inline=True)
def write_weights(e: int, instruments: Records, account: Records, position: Records, out: np.ndarray, at: int) -> None:
    """Write the weight of every asset, then cash fraction, change of equity and drawdown."""
    n_assets = position.shape[1]
    for asset in range(n_assets):
        out[e, at + asset] = share(value_of(e, asset, instruments, position), account[e].equity)
    write_shared(e, account, out, at + n_assets)


@kernel
def write_account_batch(active: np.ndarray, rows: np.ndarray, instruments: Records, account: Records, position: Records,
                        out: np.ndarray, at: int) -> None:
    """Write `ACCOUNT_COLUMNS` of the active environments."""
    for e in range(account.shape[0]):
        if active[e]:
            write_account(e, rows[e], instruments, account, position, out, at)


@kernel
def write_weights_batch(active: np.ndarray, instruments: Records, account: Records, position: Records, out: np.ndarray,
                        at: int) -> None:
    """Write the weights and `SHARED_COLUMNS` of the active environments."""
    for e in range(account.shape[0]):
        if active[e]:
            write_weights(e, instruments, account, position, out, at)


class AccountPart(Part):
    """One asset: exposure, cash, equity, drawdown, time in trade, unrealised return, open orders."""

    columns = ACCOUNT_COLUMNS

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        if len(context.assets) != 1:
            raise ConfigError(f"private part account describes one asset, the tape has {len(context.assets)}; use weights")

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        b = books
        write_account_batch(active, b.rows, b.instruments, b.account, b.position, out, at)


class WeightsPart(Part):
    """Many assets: the weight of each, cash, equity, drawdown."""

    def __init__(self, settings: NoSettings, context: PartContext) -> None:
        names = (name.replace(".", "_") for name in context.assets)
        weights = (Column(f"weight_{name}", "fraction", -EXPOSURE_LIMIT, EXPOSURE_LIMIT) for name in names)
        self.columns = (*weights, *SHARED_COLUMNS)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        b = books
        write_weights_batch(active, b.instruments, b.account, b.position, out, at)
