"""The rules of an account as the kernel reads them."""

from typing import Literal, get_args

import numpy as np

__all__ = ["ACCOUNTS", "IMPACTS", "PATHS", "RULES", "AccountKind", "ImpactModel", "PathPolicy"]

PathPolicy = Literal["adverse", "adaptive", "ohlc", "olhc"]
AccountKind = Literal["cash", "leverage", "reg_t", "cross", "isolated"]
ImpactModel = Literal["square_root", "almgren_chriss", "transient"]
PATHS: dict[str, int] = {name: code for code, name in enumerate(get_args(PathPolicy))}
ACCOUNTS: dict[str, int] = {name: code for code, name in enumerate(get_args(AccountKind))}
IMPACTS: dict[str, int] = {name: code for code, name in enumerate(get_args(ImpactModel))}

RULES = np.dtype(
    [
        ("fee_rate", "f8"),  # of a taker, where the instrument has no tariff
        ("maker_rate", "f8"),
        ("fee_per_unit", "f8"),
        ("volume_elsewhere", "f8"),  # traded in 30 days outside this account: it counts for the tier
        ("half_spread_rate", "f8"),
        ("slippage_rate", "f8"),
        ("impact_rate", "f8"),  # square root: fraction of price when the whole volume of a bar is traded
        ("impact_temporary", "f8"),  # Almgren-Chriss: fraction of price per `instrument.liquidity` units traded
        ("impact_permanent", "f8"),  # displacement per `instrument.liquidity` units, fraction of price
        ("impact_half_life_ns", "f8"),  # of the displacement, transient; inf: it stays
        ("participation", "f8"),  # share of the bar's volume; inf: no limit
        ("borrow_rate", "f8"),
        ("margin_interest_rate", "f8"),  # a year, actual/360, on what is borrowed
        ("cash_interest_rate", "f8"),  # a year, actual/360, on free cash
        ("sizing_buffer", "f8"),  # fraction added to the price when an order is sized
        ("max_leverage", "f8"),
        ("maintenance_long", "f8"),  # fraction of value, where the instrument has no brackets
        ("maintenance_short", "f8"),
        ("liquidation_fee_rate", "f8"),
        ("delisting_return", "f8"),  # what a delisted asset pays is its last close x (1 + this)
        ("ruin_equity_fraction", "f8"),
        ("latency_ns", "i8"),
        ("path", "i1"),  # PATHS
        ("account", "i1"),  # ACCOUNTS
        ("impact", "i1"),  # IMPACTS
        ("limit_touch", "u1"),
        ("allow_short", "u1"),
        ("close_only", "u1"),  # the tape holds closes only: no order that needs a path inside the bar
        ("log_orders", "u1"),  # changes of an order's state are logged besides fills
    ],
    align=True,
)
"""Rules of one environment; shape (E,), so that friction randomisation costs nothing."""
