"""One account over one tape: a column of decisions, or a function that is called at every close."""

from collections.abc import Callable

import numpy as np

from ..data.tape import Tape
from ..market.account import ACCOUNT, FILL, POSITION, STEP
from ..market.actions.registry import action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError, ShapeError
from ..market.record import joined
from .result import Result
from .run import is_whole, rows_of
from .simulator import Simulator
from .venue import check_market

__all__ = ["Result", "run_actions", "run_bars"]


def run_bars(
    tape: Tape,
    costs: CostSettings,
    on_bar: Callable[[Simulator, int], None],
    *,
    cash: float = 100_000.0,
    rows: tuple[int, int] | None = None,
    max_orders: int = 8,
    max_tickets: int = 0,
) -> Result:
    """Call `on_bar(simulator, row)` at the close of each decision row; it writes `intents[0]`, calls `decode` or `place`.

    Every step and fill is recorded. `strategy.run_strategy` is the faster way, `targets.run_targets` the fastest.

    Args:
        tape: Market data.
        costs: Frictions and rules.
        on_bar: The strategy; it may read whatever the simulator knows up to `row`.
        cash: Initial equity, account currency.
        rows: First and one past the last tape row that may be touched; None: the whole tape. The last decision stands one
            row before the last.
        max_orders: Working orders, see `Simulator`.
        max_tickets: Orders that one decision may place, see `Simulator`.

    Raises:
        DataError: The rows hold no decision with a bar after it.
        ConfigError: `rows` is no pair of whole numbers; see `Simulator` for the rest.
    """
    check_market(tape, costs)
    first, stop = rows_of(tape, rows)
    simulator = Simulator(tape, costs, max_orders=max_orders, max_tickets=max_tickets, record_fills=True)
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
        equity=np.concatenate([[account["initial_equity"]], records["equity"]]),
        account=account,
        position=position,
        fills=joined(fills, FILL),
        records=records,
        refused=refused,
        tape=tape,
        kept=frozenset(("equity", "steps", "fills")),
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
        ConfigError: An action is out of its range; its index is that of the row of `actions`.
        DataError: There are more actions than bars after them.
    """
    check_market(tape, costs)
    chosen = action_scheme("target_weights", n_assets=tape.n_assets) if scheme is None else scheme
    if np.ndim(actions) == 0 or len(actions) == 0:
        raise ShapeError(f"actions must hold at least one decision, was {actions!r}")
    checked = chosen.check_actions(actions, len(actions))
    if not is_whole(first_row):
        raise ConfigError(f"first_row must be a whole number, was {first_row!r}")

    def on_bar(simulator: Simulator, row: int) -> None:
        simulator.decode(chosen, checked[row - first_row : row - first_row + 1])

    return run_bars(
        tape, costs, on_bar, cash=cash, rows=(first_row, first_row + len(checked) + 1), max_tickets=chosen.n_tickets
    )  # fmt: skip
