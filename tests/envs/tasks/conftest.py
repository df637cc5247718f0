import numpy as np
import pytest

from quantgym.data.record import bar_records, clock_records, neutral_terms
from quantgym.data.tape import Tape
from quantgym.envs.tasks.execution import ExecutionVectorEnv
from quantgym.market.instrument import Instrument
from quantgym.simulator.simulator import Simulator

HOUR = 3_600_000_000_000


class LoggedExecution(ExecutionVectorEnv):
    """Keeps the fills of a step, so that a shortfall can be computed from them."""

    def build_simulator(self):
        made = Simulator(self.tape, self.costs, n_envs=self.num_envs, max_orders=self.settings.max_orders, max_tickets=1,
                         record_fills=True)  # fmt: skip
        self.task.bind(made.orders)
        return made


@pytest.fixture
def tape_of():
    def make(opens, closes, highs=None, lows=None, volume=1e6, split=None, dividend=None, **instrument):
        opens, closes = (np.array(prices, float)[:, None] for prices in (opens, closes))
        highs = np.maximum(opens, closes) if highs is None else np.array(highs, float)[:, None]
        lows = np.minimum(opens, closes) if lows is None else np.array(lows, float)[:, None]
        at = np.arange(len(opens)) * HOUR
        bars = bar_records(opens, highs, lows, closes, np.full_like(opens, volume))
        terms = None
        if split is not None or dividend is not None:
            terms = neutral_terms(opens.shape)
            for name, given in (("split", split), ("dividend", dividend)):
                for row, value in (given or {}).items():
                    terms[name][row, 0] = value
        return Tape.build("hand", [Instrument(symbol="S0", **instrument)], clock_records(at, at + HOUR), bars, terms)

    return make
