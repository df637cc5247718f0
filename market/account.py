"""Accounts, positions, fills and the record of a step, as the kernel writes them."""

import numpy as np

__all__ = ["ACCOUNT", "COSTS", "DAYS_KEPT", "FILL", "INCOME", "POSITION", "STEP", "new_accounts"]

DAYS_KEPT = 31  # today and the 30 days before it

INCOME = (
    "gross",  # P&L as if every fill had happened at its reference price
    "dividends",  # received > 0
    "funding",
    "interest",
)
"""Lines of the ATTRIBUTION ledger that add to equity, signed."""

COSTS = ("commission", "fees", "spread", "slippage", "impact", "borrow", "liquidation")
"""Lines of the ATTRIBUTION ledger that are taken from equity, positive numbers."""

LINES = [(line, "f8") for line in (*INCOME, *COSTS, "traded_notional")]  # account currency

ACCOUNT = np.dtype(
    [
        ("cash", "f8"),  # account currency
        ("initial_equity", "f8"),
        ("equity", "f8"),  # at the last mark, CASH ledger
        ("peak_equity", "f8"),
        *LINES,  # running sums
        ("next_order_id", "i8"),
        ("n_fills", "i8"),
        ("n_working", "i8"),  # orders in the pool; they stand in its first n_working slots, by id
        ("n_open", "i8"),  # positions that are not flat
        ("opened_row", "i8"),  # tape row of the account's first decision
        ("trade_row", "i8"),  # row at which the first open position began; -1 flat
        ("n_liquidations", "i8"),
        ("turnover_day", "i8"),  # UTC day since 1970 that the ring below has reached
        ("volume_30d", "f8"),  # traded in the 30 days before it, in the measure of the fee schedule
        ("turnover", "f8", (DAYS_KEPT,)),  # traded on each day, a ring by day; only written where a fee schedule has tiers
        ("ruined", "u1"),
    ],
    align=True,
)
"""One account; shape (E,)."""

POSITION = np.dtype(
    [
        ("units", "f8"),  # signed
        ("mark", "f8"),  # price at which the units are valued, quote currency
        ("fx", "f8"),  # account currency per quote currency at which they are valued
        ("average_price", "f8"),  # of the open units, at fill prices
        ("realised", "f8"),  # P&L at fill prices, account currency; reported, never added
        ("opened_row", "i8"),  # tape row of the first fill of the open trade; -1 flat
        ("bar_lots", "i8"),  # lots traded inside the bar being played, both sides added: participation
        ("displacement", "f8"),  # by how much own trades have moved the price for this account, fraction of it
        ("margin", "f8"),  # set aside for this position in an isolated account, account currency
        ("risk", "f8"),  # what the open trade would lose at its initial stops, account currency; 0: it has none
        ("path", "i1"),  # order of the points of the bar being played: 0 O-L-H-C, 1 O-H-L-C
    ],
    align=True,
)
"""One position; shape (E, A)."""

FILL = np.dtype(
    [
        ("order_id", "i8"),
        ("row", "i8"),  # tape row inside which it happened
        ("decided_at", "i8"),  # ns UTC
        ("filled_at", "i8"),  # ns UTC, exchange clock
        ("lots", "i8"),  # signed
        ("units", "f8"),  # signed
        ("reference", "f8"),  # path price before spread, slippage and impact
        ("price", "f8"),  # paid or received per unit
        ("spread", "f8"),  # cost, account currency
        ("slippage", "f8"),
        ("impact", "f8"),
        ("commission", "f8"),
        ("fees", "f8"),
        ("risk", "f8"),  # what it adds to the trade's initial risk: distance to its bracket's stop, account currency
        ("cash", "f8"),  # after it
        ("equity", "f8"),  # after it, by the CASH ledger, at the marks then
        ("attribution", "f8"),  # the same by the ATTRIBUTION ledger
        ("asset", "i4"),
        ("kind", "i1"),  # OrderKind as it stood before this point
        ("maker", "u1"),  # 1: it had been working before the price came to it
        ("state", "i1"),  # OrderState after it
        ("reason", "i1"),  # Refusal, for events that are no fills
    ],
    align=True,
)
"""One entry of the log: a fill, or (lots 0) a change of an order's state; a step writes shape (E, C), `STEP.n_logged` of them."""

STEP = np.dtype(
    [
        ("row", "i8"),  # tape row reached: its close is the new mark
        ("equity_before", "f8"),
        ("equity", "f8"),
        *LINES,  # this step's share of each
        ("cash", "f8"),  # at the close
        ("attribution", "f8"),  # equity by the ATTRIBUTION ledger; `equity` is that of the CASH ledger
        ("path_gap", "f8"),  # by how much equity differs between the two paths, summed over assets; 0 where one path was played
        ("n_fills", "i8"),
        ("n_logged", "i8"),  # fills and changes of state in the log
        ("n_refused", "i8"),
        ("ruined", "u1"),  # equity fell to the ruin floor in this step
        ("liquidated", "u1"),  # positions were closed by force in this step
    ],
    align=True,
)
"""What one step did; shape (E,). Rewards and infos are functions of it."""


def new_accounts(n_envs: int, n_assets: int) -> tuple[np.ndarray, np.ndarray]:
    """Return zeroed account (E,) and position (E, A) records."""
    account = np.zeros(n_envs, ACCOUNT)
    account["next_order_id"] = 1
    account["trade_row"] = -1
    position = np.zeros((n_envs, n_assets), POSITION)
    position["opened_row"] = -1
    position["fx"] = 1.0
    return account, position
