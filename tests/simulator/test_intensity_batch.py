"""Matching by intensity: single, batched, parallel and interpreted give the same bytes (`python test_intensity_batch.py SEED`)."""

import hashlib
import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

from quantgym.market.cost import CostSettings
from quantgym.market.order import OrderKind
from quantgym.simulator.intensity import IntensitySimulator, reach_of
from quantgym.simulator.simulator import STATE


class Quoting:
    """Random quotes around the mids of a random tape with splits, dividends, halts and fx."""

    def __init__(self, scenario, seed, n_envs=64, n_rows=40):
        draw = np.random.Generator(np.random.PCG64(seed))
        self.tape = scenario.random_tape(draw, n_rows)
        shape = (n_rows - 1, n_envs, scenario.N_ASSETS)
        self.bids, self.asks = draw.integers(-2, 8, shape), draw.integers(-2, 8, shape)
        self.lots = draw.integers(0, 20, (2, *shape))
        self.reach = reach_of(draw.exponential(size=(n_envs * n_rows, scenario.N_ASSETS, 2)), 2.0, 1.0)
        self.cash, self.max_leverage = draw.choice([200.0, 5_000.0, 50_000.0], n_envs), draw.choice([1.0, 3.0], n_envs)
        self.allow_short, self.maker_rate = draw.integers(0, 2, n_envs), draw.choice([0.001, -0.0005], n_envs)
        self.first = np.arange(n_envs) * n_rows

    def play(self, envs=slice(None), *, threads=1, until=None, simulator=None, plain=False):
        """Play the accounts `envs` -> the simulator and a digest of each."""
        n, n_assets = len(self.cash[envs]), self.tape.n_assets
        sim = simulator or IntensitySimulator(
            self.tape, CostSettings(account="leverage", margin_interest_rate=0.05), self.reach, n_envs=n, max_tickets=n_assets,
            record_fills=True, record_orders=True, threads=threads,
        )  # fmt: skip
        digests = [hashlib.sha256() for _ in range(n)]
        if plain:  # records with attributes, for Python
            for name, value in vars(sim).items():
                if isinstance(value, np.ndarray) and value.dtype.names:
                    setattr(sim, name, value.view(np.recarray))
        if simulator is None:
            for name in ("max_leverage", "allow_short", "maker_rate"):
                sim.rules[name] = getattr(self, name)[envs]
            sim.open_accounts(self.cash[envs], np.zeros(n, int))
            sim.reach_rows[...] = self.first[envs]
        for row in range(int(sim.rows[0]), until or self.tape.n_rows - 1):
            mid = np.rint(sim.position["mark"] * 4).astype(np.int64)
            sim.intents["lots"], sim.intents["kind"] = self.lots[0, row, envs], OrderKind.LIMIT
            sim.intents["price_ticks"] = mid - self.bids[row, envs]
            sim.tickets["lots"], sim.tickets["kind"] = -np.maximum(self.lots[1, row, envs], 1), OrderKind.LIMIT
            sim.tickets["price_ticks"], sim.tickets["asset"] = mid + self.asks[row, envs], np.arange(n_assets)
            sim.step()
            for e, digest in enumerate(digests):
                digest.update(sim.log_of_step(e).tobytes() + sim.refused[e].tobytes())
        state = sim.state()
        for e, digest in enumerate(digests):
            for name in STATE:
                digest.update(state[name][e].tobytes())
        return sim, [digest.hexdigest() for digest in digests]


@pytest.fixture(scope="module")
def quoting(scenario):
    return Quoting(scenario, 4)


@pytest.fixture(scope="module")
def played(quoting):
    return quoting.play()


def test_ledgers_agree_and_much_is_traded(played):
    sim, _ = played
    sim.check()
    assert (sim.account["n_fills"] > 0).all()
    assert sim.account["n_fills"].mean() > 20.0
    assert len(set(np.sign(sim.position["units"]).ravel())) == 3
    assert not sim.account["n_working"].any()


def test_a_batch_of_seven_and_single_accounts_equal_their_part_of_all(quoting, played):
    assert quoting.play(slice(0, 7))[1] == played[1][:7]
    for e in (0, 5, 63):
        assert quoting.play(slice(e, e + 1))[1] == played[1][e : e + 1]


def test_two_threads_give_the_bytes_of_one(quoting, played):
    assert quoting.play(threads=2)[1] == played[1]


def test_every_kernel_equals_its_own_python_bit_for_bit(scenario):
    ran = subprocess.run(
        [sys.executable, __file__, "8"], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == Quoting(scenario, 8, n_envs=12, n_rows=25).play()[1]


def test_a_state_goes_on_as_if_nothing_had_happened(quoting, played):
    sim, _ = quoting.play(until=20)
    state = sim.state()
    quoting.play(simulator=sim)
    end = sim.state()
    sim.load(state)
    assert sim.rows[0] == 20
    assert sim.reach_rows[3] == quoting.first[3] + 20
    quoting.play(simulator=sim)
    assert all(sim.state()[name].tobytes() == end[name].tobytes() for name in end)
    assert all(end[name].tobytes() == played[0].state()[name].tobytes() for name in end)


def test_environments_that_are_not_active_stay_as_they_are(quoting):
    sim, _ = quoting.play(slice(0, 4), until=10)
    before = sim.state()
    sim.intents["lots"], sim.intents["kind"], sim.intents["price_ticks"] = 1, OrderKind.LIMIT, 1
    sim.step(np.array([True, False, True, False]))
    after = sim.state()
    for name in before:
        assert after[name][1].tobytes() == before[name][1].tobytes(), name
    assert (after["reach_rows"] - before["reach_rows"]).tolist() == [1, 0, 1, 0]
    assert not sim.intents["lots"].any()


if __name__ == "__main__":
    pieces = importlib.import_module("scenario")

    print(*Quoting(pieces, int(sys.argv[1]), n_envs=12, n_rows=25).play(plain=True)[1])
