"""One step function: scalar, batched, serial, parallel and interpreted give the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def large(scenario):
    made = scenario.Scenario(21, n_envs=1_024, n_rows=14)
    return made, made.play()[1]


def test_a_batch_of_seven_and_single_accounts_equal_their_part_of_a_thousand(large):
    made, digests = large
    assert made.play(slice(0, 7))[1] == digests[:7]
    for e in (0, 3, 500, 1_023):
        assert made.play(slice(e, e + 1))[1] == digests[e : e + 1]


def test_two_threads_give_the_bytes_of_one(large):
    made, digests = large
    assert made.play(threads=2)[1] == digests


def test_the_same_scenario_twice_gives_the_same_bytes(scenario):
    assert scenario.Scenario(3, n_rows=20).play()[1] == scenario.Scenario(3, n_rows=20).play()[1]


def test_every_kernel_equals_its_own_python_bit_for_bit(scenario):
    ran = subprocess.run(
        [sys.executable, str(Path(scenario.__file__)), "8"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == scenario.Scenario(8, n_envs=24, n_rows=40).play()[1]


def test_environments_that_are_not_active_stay_as_they_are(scenario):
    made = scenario.Scenario(4, n_envs=6, n_rows=8)
    sim, _ = made.play()
    sim.open_accounts(1_000.0, np.zeros(6, int))
    before = sim.state()
    sim.intents["lots"] = 1
    active = np.array([True, False, True, False, False, True])
    sim.step(active)
    after = sim.state()
    for name in before:
        same = [before[name][e].tobytes() == after[name][e].tobytes() for e in range(6)]
        assert all(same[e] for e in np.flatnonzero(~active)), name
    assert sim.rows.tolist() == [1, 0, 1, 0, 0, 1]
    assert not sim.intents["lots"].any()


def test_state_and_load_go_back_exactly(scenario):
    made = scenario.Scenario(9, n_envs=16, n_rows=30)
    middle = []

    def keep(sim, _):
        if sim.rows[0] == 15:
            middle.append(sim.state())

    sim, _ = made.play(record=keep)
    end = sim.state()
    sim.load(middle[0])
    assert all(sim.state()[name].tobytes() == middle[0][name].tobytes() for name in middle[0])
    assert sim.rows[0] == 15
    assert end["account"].tobytes() != middle[0]["account"].tobytes()
