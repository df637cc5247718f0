"""What the auxiliary loss asks for: total log returns of the next bars, known on the training rows alone."""

import numpy as np
from torch import Tensor, from_numpy

from ...data.tape import Tape
from ...encoders.adjusted import adjust_tape
from ...market.errors import ConfigError, DataError
from ..preparation import Prepared

__all__ = ["forecast_targets", "forecasts_of"]


def forecasts_of(prepared: Prepared) -> Tensor | None:
    """Return the targets of a job, see `forecast_targets`; None where it asks for no forecast.

    Raises:
        ConfigError: The job's world has no tape.
        DataError: No asset has two targets.
    """
    asked = prepared.job.agent.forecast
    if asked is None:
        return None
    if prepared.train.tape is None or prepared.train.rows is None:
        raise ConfigError(f"agent.forecast needs a tape, {prepared.job.env.id} draws its own paths; leave it out")
    trial = prepared.train.make(1)
    tape = trial.tape  # of the assets that are traded alone
    trial.close()
    return from_numpy(forecast_targets(tape, prepared.train.rows, asked.horizon))


def forecast_targets(tape: Tape, rows: tuple[int, int], horizon: int) -> np.ndarray:
    """Return ln(close[t + horizon] / close[t]) of each asset in units of its deviation over the training rows.

    Closes are those that encoders read, adjusted for splits and reinvested dividends: a split is no return.

    Args:
        tape: What is traded.
        rows: Training rows, first and the one after the last.
        horizon: Bars ahead.

    Returns:
        float32 (T, A), a line for every row of the tape; NaN where the bar ahead is not a training row, or a close is missing.

    Raises:
        DataError: No asset has two targets.
    """
    first, stop = rows
    close = np.where(np.asarray(tape.present), adjust_tape(tape)["close"], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(close)
    targets = np.full(close.shape, np.nan)
    if stop - first > horizon:
        targets[first : stop - horizon] = level[first + horizon : stop] - level[first : stop - horizon]
    targets[~np.isfinite(targets)] = np.nan
    if not (np.isfinite(targets).sum(axis=0) >= 2).any():
        raise DataError(f"agent.forecast.horizon of {horizon} bars leaves no targets on {stop - first} training rows")
    deviation = np.array([np.std(column[np.isfinite(column)]) if np.isfinite(column).any() else 1.0 for column in targets.T])
    return np.asarray(targets / np.where(deviation > 0.0, deviation, 1.0), np.float32)
