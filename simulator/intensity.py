"""`IntensitySimulator`: a second exchange for the same accounts, on which limit orders fill by how far others' orders reach."""

from typing import Any

import numpy as np

from ..data.tape import Tape
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError, ShapeError
from ..market.record import copied
from .intensity_step import intensity_batch, intensity_batch_parallel
from .simulator import Simulator

__all__ = ["IntensitySimulator", "reach_of"]


def reach_of(draws: np.ndarray, arrivals: np.ndarray | float, decay: np.ndarray | float) -> np.ndarray:
    """Return how far from the mid the furthest order of a step comes, price: ln(arrivals / draws) / decay.

    With `draws` from the unit exponential a limit order at an offset d is reached with the chance
    1 - exp(-arrivals exp(-decay d)): that of at least one of Poisson orders of that mean. With uniform draws on (0, 1] it is
    min(1, arrivals exp(-decay d)).

    Args:
        draws: Positive numbers, any shape.
        arrivals: Mean number of orders in a step that reach the mid, positive.
        decay: By how much an offset thins them, per unit of price, positive.

    Raises:
        ConfigError: Something is not positive.
    """
    draws, mean, thinning = np.asarray(draws, np.float64), np.asarray(arrivals), np.asarray(decay)
    for name, values in (("draws", draws), ("arrivals", mean), ("decay", thinning)):
        if not values.min() > 0.0:
            raise ConfigError(f"a reach needs positive {name}, the least was {values.min()}")
    return np.asarray(np.log(mean / draws) / thinning)


class IntensitySimulator(Simulator):
    """Accounts whose limit orders stand for one step around the mid of their decision (docs/simulator.md, matching by intensity).

    Accounts, orders, records, ledgers and the log are those of `Simulator`; what differs is the match: a buy fills at its limit
    where mid - limit <= reach[..., 0], a sale where limit - mid <= reach[..., 1], in the row of `reach` at which the environment
    stands. Then the mid moves to the next close.

    Attributes:
        reach: Price from the mid to which orders of others reach, below and above it, float64 (R, A, 2); may be changed between
            steps. -inf: none comes.
        reach_rows: Row of `reach` that the next step reads, int64 (E,): the tape row of the decision after `open_accounts`, then
            on by one a step; may be changed between steps.
    """

    def __init__(self, tape: Tape, costs: CostSettings, reach: np.ndarray, *, max_tickets: int = 1, **settings: Any) -> None:
        """Set up arrays; no account is open before `open_accounts`.

        Args:
            tape: Market data; its closes are the mids.
            costs: Fees and rules of every account; of the frictions of `Simulator` only a maker's fees exist here.
            reach: (R, A, 2), or (R, 2) for one asset; copied. R is the tape's number of rows where it stands beside the tape.
            max_tickets: Orders that one decision may place beside its intents: 1 makes a bid and an ask.
            settings: `n_envs`, `max_orders`, `record_fills`, `record_orders`, `threads`, as those of `Simulator`.

        Raises:
            ConfigError: Costs say what does not exist here: latency, participation, impact by displacement, margin calls.
            ShapeError: The reach has another shape, or is not of floats.
            DataError: It has no rows, or holds NaN.
        """
        what = {
            "latency_ms": costs.latency_ms > 0.0, "participation": costs.participation is not None,
            "impact": costs.impact != "square_root", "account": costs.account_kind not in ("cash", "leverage"),
        }  # fmt: skip
        for name, wrong in what.items():
            if wrong:
                raise ConfigError(
                    f"matching by intensity knows no latency, shares of volume, displaced prices or margin calls: costs.{name} was "
                    f"{getattr(costs, name)!r}; leave it at its default, or match by bars"
                )
        super().__init__(tape, costs, max_tickets=max_tickets, **settings)
        self.rules["close_only"] = False  # a mid is all it needs
        given = np.asarray(reach)
        if given.ndim == 2 and self.n_assets == 1:
            given = given[:, None, :]
        if given.dtype.kind != "f" or given.ndim != 3 or given.shape[1:] != (self.n_assets, 2):
            raise ShapeError(f"reach must be floats of shape (rows, n_assets, 2) = (rows, {self.n_assets}, 2), was {given.dtype} "
                             f"{np.shape(reach)}")
        if not len(given) or np.isnan(given).any():
            raise DataError("reach must have rows and hold no NaN; -inf says that no order comes")
        self.reach = np.array(given, np.float64, order="C")
        self.reach_rows = np.zeros(self.n_envs, np.int64)
        self._match = intensity_batch if self.threads == 1 else intensity_batch_parallel
        self._loop = self._play

    def open_accounts(self, cash: float | np.ndarray, rows: np.ndarray, envs: np.ndarray | None = None) -> None:
        """Open fresh accounts as `Simulator.open_accounts`; their reach is read from the rows of their decisions."""
        super().open_accounts(cash, rows, envs)
        chosen = self._mask(envs)
        self.reach_rows[chosen] = self.rows[chosen]

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything that changes, but for `reach`, which is whose it came from."""
        return {**super().state(), "reach_rows": copied(self.reach_rows)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a state that `state` returned.

        Raises:
            ShapeError: An array is missing, or has not the shape and dtype of this simulator.
        """
        rows = state.get("reach_rows") if isinstance(state, dict) else None
        if not isinstance(rows, np.ndarray) or rows.shape != self.reach_rows.shape or rows.dtype != self.reach_rows.dtype:
            raise ShapeError(f"state reach_rows must be int64 of shape {self.reach_rows.shape}, was "
                             f"{'missing' if rows is None else np.shape(rows)}; load a state of matching by intensity")
        super().load(state)
        self.reach_rows[...] = rows

    def _play(self, rows: np.ndarray, active: np.ndarray, *arrays: np.ndarray) -> int:
        beyond = active & ((self.reach_rows < 0) | (self.reach_rows >= len(self.reach)))
        if beyond.any() and ((rows >= 0) & (rows < self.n_rows - 1))[active].all():
            env = int(np.flatnonzero(beyond)[0])
            raise DataError(f"{self.tape.name}: environment {env} cannot step: reach has {len(self.reach)} rows, it stands at row "
                            f"{self.reach_rows[env]}; give more rows, or set reach_rows")
        return int(self._match(self.reach, self.reach_rows, rows, active, *arrays))
