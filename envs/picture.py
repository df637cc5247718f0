"""Pictures and tables of a running episode."""

from typing import Any

import numpy as np

from ..data.instant import iso
from ..data.tape import Tape
from ..market.desk import Books

__all__ = ["chart", "table"]

INCHES, DOTS = (6.4, 4.8), 100


def chart(tape: Tape, rows: np.ndarray, equity: np.ndarray) -> np.ndarray:
    """Return a picture of closes (relative to the first) and equity over an episode, uint8 (480, 640, 3).

    Args:
        tape: What is traded.
        rows: Tape rows of the episode so far, int64 (n,).
        equity: Equity at their closes, account currency, (n,).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=INCHES, dpi=DOTS, layout="tight")
    canvas: Any = FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    close = tape.close[rows]
    for asset, symbol in enumerate(tape.symbols[:10]):
        listed = close[:, asset] > 0.0
        if listed.any():
            above.plot(rows[listed], close[listed, asset] / close[listed, asset][0], label=symbol)
    above.set_ylabel("close / first close")
    above.legend(loc="upper left", fontsize="small")
    below.plot(rows, equity, color="black")
    below.set_ylabel(f"equity [{tape.currency}]")
    below.set_xlabel(f"row of {tape.name}")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def table(tape: Tape, books: Books, env: int) -> str:
    """Return account and open positions of sub-environment `env` as lines of text."""
    account, row = books.account[env], int(books.rows[env])
    lines = [
        f"{iso(tape.close_at[row])}  row {row} of {tape.name}",
        f"equity {account['equity']:,.2f} {tape.currency}   cash {account['cash']:,.2f}   "
        f"drawdown {1.0 - account['equity'] / account['peak_equity']:.2%}   fills {account['n_fills']}",
    ]
    for symbol, held in zip(tape.symbols, books.position[env], strict=True):
        if held["units"] != 0.0:
            gain = (held["mark"] / held["average_price"] - 1.0) * np.sign(held["units"])
            prices = f"at {held['average_price']:,.6g}, now {held['mark']:,.6g} ({gain:+.2%})"
            lines.append(f"  {symbol:<10} {held['units']:>16,.6g} {prices}")
    return "\n".join(lines)
