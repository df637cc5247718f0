"""The API above the kernels: what it refuses, and in which words."""

from typing import Any

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError
from quantgym.simulator.simulator import Simulator


@pytest.fixture
def simulator():
    made = Simulator(gbm_tape(0, n_bars=5), CostSettings(), n_envs=3)
    made.open_accounts(1_000.0, np.array([0, 1, 3]))
    return made


def test_accounts_open_with_their_cash_at_their_rows(simulator):
    assert simulator.account["equity"].tolist() == [1_000.0] * 3
    assert simulator.account["opened_row"].tolist() == [0, 1, 3]
    assert simulator.position["mark"][:, 0].tolist() == simulator.bars["close"][[0, 1, 3], 0].tolist()


def test_only_the_chosen_environments_are_opened_anew(simulator):
    simulator.intents["lots"] = 2
    simulator.step(np.array([True, True, False]))
    simulator.open_accounts(np.array([5.0, 6.0, 7.0]), np.array([2, 2, 2]), np.array([False, True, False]))
    assert simulator.account["initial_equity"].tolist() == [1_000.0, 6.0, 1_000.0]
    assert simulator.position["units"][:, 0].tolist() == [2.0, 0.0, 0.0]
    assert simulator.rows.tolist() == [1, 2, 3]


def test_stepping_past_the_end_moves_nobody(simulator):
    simulator.step()
    before = simulator.state()
    with pytest.raises(DataError, match=r"environment 2 cannot step from row 4: decisions stand at rows 0 to 3"):
        simulator.step()
    assert all(before[name].tobytes() == array.tobytes() for name, array in simulator.state().items())
    simulator.step(np.array([True, True, False]))


def test_a_simulator_without_accounts_does_not_step():
    with pytest.raises(DataError, match="never opened"):
        Simulator(gbm_tape(0, n_bars=5), CostSettings()).step()


@pytest.mark.parametrize(("cash", "rows", "envs", "error", "says"), [
    (0.0, [0, 0, 0], None, ConfigError, "cash of environment 0 must be positive and finite, was 0.0"),
    ([1.0, np.nan, 1.0], [0, 0, 0], None, ConfigError, "cash of environment 1"),
    (1.0, [0, 4, 0], None, DataError, r"first row of environment 1 must lie in \[0, 3\], was 4"),
    (1.0, [0, 0, -1], None, DataError, "environment 2"),
    (1.0, [0, 0], None, ShapeError, r"rows must have shape \(n_envs,\) = \(3,\), was \(2,\)"),
    (1.0, [0, 0.5, 0], None, ShapeError, "rows must be integers, was float64"),
    ([1.0, 2.0], [0, 0, 0], None, ShapeError, r"cash must be a number or have shape \(n_envs,\) = \(3,\), was \(2,\)"),
    (1.0, [0, 0, 0], [True], ShapeError, "mask of environments"),
])  # fmt: skip
def test_wrong_openings_are_refused(simulator, cash, rows, envs, error, says):
    with pytest.raises(error, match=says):
        simulator.open_accounts(np.asarray(cash), np.array(rows), None if envs is None else np.array(envs))


@pytest.mark.parametrize("name", ["n_envs", "max_orders", "threads"])
def test_wrong_numbers_are_refused(name):
    settings: dict[str, Any] = {name: 0}
    with pytest.raises(ConfigError, match=f"simulator.{name} must be at least 1, was 0"):
        Simulator(gbm_tape(0, n_bars=5), CostSettings(), **settings)
    for value in (1.5, True, "2"):
        settings[name] = value
        with pytest.raises(ConfigError, match=f"simulator.{name} must be a whole number, was {value!r}"):
            Simulator(gbm_tape(0, n_bars=5), CostSettings(), **settings)


def test_one_row_is_too_short(kit):
    with pytest.raises(DataError, match="needs 2 rows"):
        Simulator(kit.tape([(10,) * 4]), CostSettings())


def test_participation_needs_a_volume_unit(kit):
    tape = kit.tape(kit.flat(10.0), volume_unit=None)
    with pytest.raises(DataError, match="participation needs a volume unit, S0 has none"):
        Simulator(tape, CostSettings(participation=0.1))


def test_fills_are_not_kept_unless_asked_for(simulator):
    simulator.intents["lots"] = 1
    simulator.step()
    assert simulator.record["n_fills"].tolist() == [1, 1, 1]
    with pytest.raises(ConfigError, match="record_fills=True"):
        simulator.fills_of_step(0)


def test_a_state_of_another_shape_is_not_loaded(simulator):
    other = Simulator(gbm_tape(0, n_bars=5), CostSettings(), n_envs=2)
    with pytest.raises(ShapeError, match=r"state account must have shape \(3,\)"):
        simulator.load(other.state())
    with pytest.raises(ShapeError, match="missing"):
        simulator.load({})


def test_a_wrong_action_is_never_decoded(simulator):
    scheme = action_scheme("exposure")
    with pytest.raises(ConfigError, match=r"must be finite and lie in \[-1, 1\], was nan at index \[1, 0\]"):
        simulator.decode(scheme, np.array([[0.0], [np.nan], [0.0]]))
    assert not simulator.intents["lots"].any()


def test_what_the_decoder_declines_is_counted_in_the_step_it_led_to(simulator):
    simulator.decode(action_scheme("exposure"), np.array([[-0.5], [0.5], [0.0]]))
    simulator.step()
    assert simulator.record["n_refused"].tolist() == [1, 0, 0]
    assert simulator.refused.sum(axis=1).tolist() == [1, 0, 0]
    simulator.step(np.array([True, True, False]))
    assert simulator.refused.sum() == 0


def test_memory_does_not_grow_with_steps():
    simulator = Simulator(gbm_tape(0, n_bars=3_000), CostSettings(), n_envs=2)
    simulator.open_accounts(1e5, np.zeros(2, int))
    sizes = {name: value.nbytes for name, value in vars(simulator).items() if isinstance(value, np.ndarray)}
    for _ in range(2_000):
        simulator.intents["lots"] = 1
        simulator.step()
    assert sizes == {name: value.nbytes for name, value in vars(simulator).items() if isinstance(value, np.ndarray)}
