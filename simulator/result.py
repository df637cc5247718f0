"""What a run of one account leaves behind, and what can be read from it."""

from dataclasses import dataclass, field

import numpy as np

from ..data.tape import Tape
from ..market.account import FILL
from ..market.errors import ConfigError
from .exposure import PathExposure, path_exposure
from .trade import trades

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """What happened between a first decision and the last close.

    Attributes:
        rows: Tape row of each mark, int64 (N + 1,): the first decision's row, then the row that each step reached. Where no
            curve was kept, the first and the last of them.
        equity: Equity at the closes of `rows`, account currency, float64 (N + 1,) or (2,).
        account: ACCOUNT record at the end, ().
        position: POSITION records at the end, (A,).
        fills: FILL records in the order in which they happened, (F,).
        records: STEP records, (N,); (0,) where they were not kept.
        refused: Counts by `Refusal` over the whole run, int64 (len(Refusal),).
        tape: What was traded.
        kept: Which of `equity`, `steps`, `fills` and `orders` were recorded.
        log: Fills and changes of orders' states in their order, FILL records; (0,) where orders were not kept.
    """

    rows: np.ndarray
    equity: np.ndarray
    account: np.ndarray
    position: np.ndarray
    fills: np.ndarray
    records: np.ndarray
    refused: np.ndarray
    tape: Tape = field(repr=False)
    kept: frozenset[str]
    log: np.ndarray = field(default_factory=lambda: np.zeros(0, FILL))

    def trades(self, *, open_too: bool = False) -> np.ndarray:
        """Return the round trips, TRADE records (`trade.trades`); `open_too` adds what is still held, valued at its mark.

        Raises:
            ConfigError: Fills were not kept.
        """
        self._need("fills")
        return trades(self.fills, self.tape, self.position if open_too else None, int(self.rows[-1]))

    def path_exposure(self) -> PathExposure:
        """Return how much of the run depends on the order of the points inside bars (`exposure.path_exposure`).

        Raises:
            ConfigError: Fills or steps were not kept.
        """
        self._need("fills")
        self._need("steps")
        return path_exposure(self.records, self.fills, self.trades(open_too=True))

    def _need(self, name: str) -> None:
        if name not in self.kept:
            raise ConfigError(f"{name} were not recorded; run again with {name!r} among keep")
