"""A precomputed stream of targets for one account, played in one call of a compiled loop."""

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np

from ..data.tape import Tape
from ..market.cost import CostSettings
from ..market.errors import ConfigError, ShapeError, UnknownNameError
from ..market.grid import LARGEST_COUNT
from .result import Result
from .run import Run, is_whole
from .stream import lots_of_units
from .venue import check_market

__all__ = ["TargetUnit", "run_targets", "target_lots", "target_weights"]

OWN: tuple[Literal["C", "W", "A"], ...] = ("C", "W", "A")  # one array type, so that the kernels compile once
TargetUnit = Literal["units", "lots", "weights"]


def run_targets(
    tape: Tape,
    costs: CostSettings,
    targets: np.ndarray,
    *,
    unit: TargetUnit = "units",
    cash: float = 100_000.0,
    first_row: int = 0,
    keep: Iterable[str] = ("equity",),
    rounding: Literal["refuse", "towards_zero"] = "refuse",
    max_orders: int = 8,
) -> Result:
    """Trade one account towards a stream of target positions: the same bytes as the same decisions stepped one by one.

    The decision at the close of row `first_row` + i sends, for each asset whose position differs from its target, a market
    order of the difference, immediate or cancel. Targets do not see orders in flight.

    Args:
        tape: Market data.
        costs: Frictions and rules.
        targets: (N, A), or (N,) for one asset. `units`: signed positions on the lot grid, NaN leaves a position as it is.
            `lots`: whole lots, integers. `weights`: signed fractions of equity, sized anew at every close as `target_weights`
            does; a row that is NaN throughout leaves all positions as they are.
        unit: What `targets` are.
        cash: Initial equity, account currency.
        first_row: Tape row of the first decision.
        keep: What is recorded: `equity` at every close, `steps`, `fills`, `orders`; nothing else takes memory.
        rounding: `refuse` units off the lot grid, or round them `towards_zero`.
        max_orders: Working orders of the account (`Simulator`): with a latency of many bars more orders are on their way at once.

    Raises:
        ShapeError: There is no target, or the shape is another.
        ConfigError: A target is infinite, off the grid or beyond 1e15 lots; a weight is not finite; UnknownNameError for a word.
        DataError: There are more targets than bars after them; see `Simulator` for what a tape must have.
    """
    if unit not in get_args(TargetUnit):
        raise UnknownNameError("unit of targets", str(unit), get_args(TargetUnit))
    check_market(tape, costs)
    if not is_whole(first_row):
        raise ConfigError(f"first_row must be a whole number, was {first_row!r}")
    values = np.asarray(targets)
    if values.ndim == 1 and tape.n_assets == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != tape.n_assets or len(values) == 0 or values.dtype.kind not in "iuf":
        raise ShapeError(
            f"targets must be numbers of shape (n, {tape.n_assets}), n > 0, were {values.dtype} {np.shape(targets)}"
        )
    run = Run(tape, costs, cash=cash, rows=(first_row, first_row + len(values) + 1), keep=keep, max_orders=max_orders)
    if unit == "weights":
        run.play(weights=target_weights(values))
    else:
        run.play(target_lots(values, unit, run, rounding))
    return run.result()


def target_lots(values: np.ndarray, unit: str, run: Run, rounding: str) -> np.ndarray:
    """Return targets in units or lots (N, A) as whole lots, int64, C-contiguous.

    Raises:
        ConfigError: See `run_targets`; the row it names is that of the tape.
    """
    if rounding not in ("refuse", "towards_zero"):
        raise UnknownNameError("rounding", str(rounding), ("refuse", "towards_zero"))
    if unit == "lots":
        if values.dtype.kind not in "iu":
            raise ConfigError(f"targets in lots must be integers, were {values.dtype}; give units, or round them to whole lots")
        beyond = np.argwhere((values > LARGEST_COUNT) | (values < -LARGEST_COUNT))
        if len(beyond):
            i, a = (int(index) for index in beyond[0])
            raise ConfigError(f"targets in lots must be at most {LARGEST_COUNT:g}, was {values[i, a]} at index [{i}, {a}]")
        return np.require(values, np.int64, OWN)
    units, lots = np.require(values, np.float64, OWN), np.empty(values.shape, np.int64)
    bad = lots_of_units(units, run.simulator.instruments, rounding == "towards_zero", lots)
    if bad >= 0:
        i, a = divmod(int(bad), units.shape[1])
        instrument = run.simulator.tape.instruments[a]
        raise ConfigError(
            f"the target of {instrument.symbol} at row {run.first_row + run.played + i} must be finite, a multiple of the lot "
            f'{instrument.lot:g} and at most {LARGEST_COUNT:g} lots, was {units[i, a]}; round it, or use rounding="towards_zero"'
        )
    return lots


def target_weights(values: np.ndarray) -> np.ndarray:
    """Return weights (N, A) as float64, C-contiguous.

    Raises:
        ConfigError: A weight is not finite in a row that is not NaN throughout.
    """
    weights = np.require(values, np.float64, OWN)
    if not np.isfinite(weights).all():
        left = np.isnan(weights).all(axis=1, keepdims=True)
        bad = np.argwhere(~np.isfinite(weights) & ~left)
        if len(bad):
            i, a = (int(index) for index in bad[0])
            raise ConfigError(f"weights must be finite, or NaN for a whole row, was {weights[i, a]} at index [{i}, {a}]")
    return weights
