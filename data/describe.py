"""What a tape holds, in a few lines for people."""

from typing import Any

import numpy as np

from .instant import iso
from .tape import Tape

__all__ = ["describe"]

SYMBOLS_SHOWN = 12


def describe(tape: Tape) -> dict[str, Any]:
    """Return facts about `tape`, name to text or list of texts: assets, rows, dates, masks, actions, digest, notes."""
    symbols = ", ".join(tape.symbols[:SYMBOLS_SHOWN])
    more = tape.n_assets - SYMBOLS_SHOWN
    present, tradable = int(tape.present.sum()), int(tape.tradable.sum())
    facts: dict[str, Any] = {
        "tape": tape.name,
        "assets": f"{tape.n_assets}: {symbols}{f' and {more} more' if more > 0 else ''}",
        "rows": f"{tape.n_rows:,} from {iso(int(tape.open_at[0]))} to {iso(int(tape.close_at[-1]))}",
        "bars": f"{tradable:,} tradable of {present:,} while listed",
        "currency": tape.currency,
        "digest": tape.digest,
    }
    late = [
        f"{symbol} {iso(int(tape.open_at[row]))}"
        for symbol, row in zip(tape.symbols, tape.present.argmax(axis=0), strict=True)
        if row > 0
    ]
    if late:
        facts["listed later"] = late[:SYMBOLS_SHOWN]
    if tape.has_terms:
        rows, assets = np.nonzero(tape.split != 1.0)
        facts["splits"] = [
            f"{tape.symbols[a]} {iso(int(tape.open_at[t]))} {tape.split[t, a]:g} for 1" for t, a in zip(rows, assets, strict=True)
        ] or "none"
        facts["dividends"] = f"{int((tape.dividend > 0.0).sum())}"
    if tape.notes:
        facts["notes"] = list(tape.notes)
    return facts
