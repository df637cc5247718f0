"""Short, flat or long by a fixed number of units."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.unit_positions import UnitPositions
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError
from quantgym.simulator.simulator import Simulator


def test_positions_are_in_units_whatever_the_equity():
    costs = CostSettings(allow_short=True).without_costs()
    simulator = Simulator(gbm_tape(0, 10), costs, n_envs=3)
    simulator.open_accounts(10_000.0, np.zeros(3, np.int64))
    scheme = UnitPositions(units=7.0)
    for actions, units in (([0, 1, 2], [-7.0, 0.0, 7.0]), ([2, 2, 2], [7.0, 7.0, 7.0]), ([1, 0, 2], [0.0, -7.0, 7.0])):
        simulator.decode(scheme, np.array(actions))
        simulator.step()
        assert simulator.position["units"][:, 0].tolist() == units
    assert (scheme.n, scheme.labels) == (3, ("short", "flat", "long"))


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="units must be positive and finite, was 0"):
        UnitPositions(units=0.0)
    with pytest.raises(ConfigError, match="trades one asset, n_assets was 2"):
        UnitPositions(n_assets=2)
