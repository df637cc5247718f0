import numpy as np
import pytest

from quantgym.data.catalog import open_tape
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape

SMALL = {"graph_forecast": {"steps": 20, "window": 10, "correlation_window": 20}, "regime": {"restarts": 1}}
"""Settings that keep fits short; every other encoder takes its defaults."""


@pytest.fixture(scope="session")
def walk() -> Tape:
    # three assets, the last listed at row 150
    return gbm_tape(1, 400, 3, late=150)


@pytest.fixture(scope="session")
def us_tech() -> Tape:
    # 2004-03 to 2005-05: GOOG is listed at row 112 of it, AAPL splits 2:1 on 2005-02-28, FB is not there yet
    tape = open_tape("sample:us-tech")
    start, stop = tape.row_at("2004-03-12T23:00"), tape.row_at("2005-05-31T23:00")
    return tape.slice(start, stop)


def streamed(encoder, tape: Tape) -> np.ndarray:
    return np.stack([encoder.update(tape.row(row)) for row in range(tape.n_rows)])
