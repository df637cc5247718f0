"""A bar, the clock of a row and the terms of trade of a row, as the kernel reads them."""

import numpy as np

__all__ = ["BAR", "CLOCK", "TERMS"]

BAR = np.dtype(
    [
        ("open", "f8"),  # quote currency per unit, raw (not adjusted)
        ("high", "f8"),
        ("low", "f8"),
        ("close", "f8"),  # where the asset is absent: its last close (0 before it was listed)
        ("volume", "f8"),  # in units (shares, coins); 0 where unknown or nothing traded
        ("present", "u1"),  # 1: listed at this row
        ("tradable", "u1"),  # 1: orders can be filled inside this row (0: halt, missing bar, not listed)
        ("opens", "u1"),  # 1: the first row of a session of the instrument's calendar, traded or not
        ("closes", "u1"),  # 1: the last row of a session
    ],
    align=True,
)
"""One bar of one asset; tapes hold shape (T, A)."""

CLOCK = np.dtype([("open_at", "i8"), ("close_at", "i8")])
"""int64 ns UTC; tapes hold shape (T,)."""

TERMS = np.dtype(
    [
        ("split", "f8"),  # new units per old unit, in force before this row's open; 1 none
        ("dividend", "f8"),  # cash per unit after the split, ex at this row's open; 0 none
        ("spread", "f8"),  # full bid-ask spread as a fraction of price; NaN: the tape has none, rules decide
        ("funding_rate", "f8"),  # fraction of mark notional paid by longs at this row's open; 0 none
        ("borrow_rate", "f8"),  # fraction a year charged on shorts; NaN: rules decide
        ("fx", "f8"),  # account currency per quote currency; 1 the same
        ("mark", "f8"),  # the venue's mark price at this row's open, for funding; NaN: the last close
        ("roll", "f8"),  # price of the next contract less that of the old one, which ends before this row's open; NaN: no roll
    ]
)
"""What a row says besides prices; tapes hold shape (T, A), or (0, A) where they have none of it."""
