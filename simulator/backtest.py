"""One account over one tape: a column of decisions, or a function that is called at every close."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..data.tape import Tape
from ..market.account import ACCOUNT, FILL, POSITION, STEP
from ..market.actions.registry import action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import DataError, ShapeError
from ..market.record import joined
from .simulator import Simulator

__all__ = ["Result", "run_actions", "run_bars"]


@dataclass(frozen=True)
class Result:
    """What happened between a first decision and the last close.

    Attributes:
        rows: Tape row of each mark, int64 (N + 1,): the first decision's row, then the row that each step reached.
        equity: Equity at the closes of `rows`, account currency, float64 (N + 1,).
        account: ACCOUNT record at the end, ().
        position: POSITION records at the end, (A,).
        fills: FILL records in the order in which they happened, (F,).
        records: STEP records, (N,).
        refused: Counts by `Refusal` over the whole run, int64 (len(Refusal),).
    """

    rows: np.ndarray
    equity: np.ndarray
    account: np.ndarray
    position: np.ndarray
    fills: np.ndarray
    records: np.ndarray
    refused: np.ndarray


def run_bars(
    tape: Tape,
    costs: CostSettings,
    on_bar: Callable[[Simulator, int], None],
    *,
    cash: float = 100_000.0,
    rows: tuple[int, int] | None = None,
) -> Result:
    """Call `on_bar(simulator, row)` at the close of each decision row; it writes `simulator.intents[0]` or calls `decode`.

    Args:
        tape: Market data.
        costs: Frictions and rules.
        on_bar: The strategy; it may read whatever the simulator knows up to `row`.
        cash: Initial equity, account currency.
        rows: First and one past the last tape row that may be touched; None: the whole tape. The last decision stands one
            row before the last.

    Raises:
        DataError: The rows hold no decision with a bar after it.
    """
    first, stop = rows if rows is not None else (0, tape.n_rows)
    if not 0 <= first < stop - 1 < tape.n_rows:
        raise DataError(f"{tape.name}: rows must hold a decision and a bar after it in [0, {tape.n_rows}), were [{first}, {stop})")
    simulator = Simulator(tape, costs, record_fills=True)
    simulator.open_accounts(cash, np.array([first]))
    n = stop - 1 - first
    records, fills = np.zeros(n, STEP), []
    refused = np.zeros(simulator.refused.shape[1], np.int64)
    for i in range(n):
        on_bar(simulator, first + i)
        step = simulator.step()
        records[i : i + 1] = step
        refused += simulator.refused[0]
        if step["n_fills"][0]:
            fills.append(simulator.fills_of_step(0))
    account, position = np.zeros((), ACCOUNT), np.zeros(tape.n_assets, POSITION)
    account[...], position[...] = simulator.account[0], simulator.position[0]
    return Result(
        rows=np.arange(first, stop),
        equity=np.concatenate([[cash], records["equity"]]),
        account=account,
        position=position,
        fills=joined(fills, FILL),
        records=records,
        refused=refused,
    )


def run_actions(
    tape: Tape,
    costs: CostSettings,
    actions: np.ndarray,
    *,
    scheme: ActionScheme | None = None,
    cash: float = 100_000.0,
    first_row: int = 0,
) -> Result:
    """Play one action a row.

    Args:
        tape: Market data.
        costs: Frictions and rules.
        actions: What `scheme` takes: (N, size) floats or (N,) integers, the first for the close of `first_row`.
        scheme: Meaning of the actions; None: `target_weights`, so that `actions` are weights of equity (N, A).
        cash: Initial equity, account currency.
        first_row: Tape row of the first decision.

    Raises:
        ShapeError: There is no action, or one has not the scheme's shape.
        DataError: There are more actions than bars after them.
    """
    chosen = action_scheme("target_weights", n_assets=tape.n_assets) if scheme is None else scheme
    if len(actions) == 0:
        raise ShapeError("actions must hold at least one decision, was empty")

    def on_bar(simulator: Simulator, row: int) -> None:
        simulator.decode(chosen, actions[row - first_row : row - first_row + 1])

    return run_bars(tape, costs, on_bar, cash=cash, rows=(first_row, first_row + len(actions) + 1))
