"""Random markets, rules and orders of every kind, for tests and for a run without numba (`python scenario.py SEED`)."""

import hashlib
import sys

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.instrument import Instrument
from quantgym.market.rules import ACCOUNTS
from quantgym.simulator.simulator import STATE, Simulator

HOUR = 3_600_000_000_000
N_ASSETS = 3


def random_tape(generator, n_rows):
    """Prices on quarters, gaps, halts, splits and every term."""
    shape = (n_rows, N_ASSETS)
    steps = generator.integers(-8, 9, shape).cumsum(axis=0)
    close = np.maximum(200 + steps, 8) / 4
    opened = np.maximum(close + generator.integers(-6, 7, shape) / 4, 0.25)
    high = np.maximum(opened, close) + generator.integers(0, 7, shape) / 4
    low = np.maximum(np.minimum(opened, close) - generator.integers(0, 7, shape) / 4, 0.25)
    recorded = (generator.random(shape) > 0.07).astype(int)
    acts = (recorded == 1) & (generator.random(shape) < 0.05)
    terms = term_records(
        shape,
        split=np.where(acts, generator.choice([0.25, 0.5, 2.0, 4.0, 1.5], shape), 1.0),
        dividend=np.where(acts, 0.5, 0.0),
        spread=np.where(generator.random(shape) < 0.5, np.nan, 0.002),
        funding_rate=np.where(generator.random(shape) < 0.1, 0.0005, 0.0),
        borrow_rate=np.where(generator.random(shape) < 0.5, np.nan, 0.1),
        fx=np.array([1.0, 1.25, 1.5])[generator.integers(0, 3, shape)],
    )
    opens = np.arange(n_rows) * 4 * HOUR + generator.integers(0, HOUR, n_rows)
    grids = [(1.0, 1.0), (0.1, 10.0), (5.0, 1.0)]
    instruments = [Instrument(symbol=f"S{a}", tick=0.25, lot=lot, multiplier=point) for a, (lot, point) in enumerate(grids)]
    bars = bar_records(opened, high, low, close, generator.integers(0, 400, shape) * 1.0, recorded)
    return Tape.build("random", instruments, clock_records(opens, opens + 3 * HOUR), bars, terms)


def random_rules(generator, n):
    """Rules of n accounts, each with its own."""
    rules, pick = rules_records(CostSettings(), n), generator.choice
    rules["fee_rate"], rules["fee_per_unit"] = pick([0.0, 0.001, 0.01], n), pick([0.0, 0.01], n)
    rules["half_spread_rate"], rules["slippage_rate"] = pick([0.0, 0.001], n), pick([0.0, 0.002], n)
    rules["impact_rate"], rules["participation"] = pick([0.0, 0.02, 0.5], n), pick([0.05, 0.5, np.inf], n)
    rules["path"], rules["limit_touch"] = generator.integers(0, 4, n), generator.integers(0, 2, n)
    rules["latency_ns"] = pick([0, HOUR, HOUR // 2, 2 * HOUR, 3 * HOUR, 11 * HOUR], n)
    rules["allow_short"], rules["max_leverage"] = generator.integers(0, 2, n), pick([1.0, 1.0, 2.0, 0.5], n)
    plain = (rules["allow_short"] == 0) & (rules["max_leverage"] == 1.0)
    rules["account"] = np.where(plain, ACCOUNTS["cash"], ACCOUNTS["leverage"])
    return rules


class Scenario:
    """A tape, the rules of n accounts, and an order of any kind near the market for one decision in three."""

    def __init__(self, seed, n_envs=96, n_rows=60):
        generator = np.random.Generator(np.random.PCG64(seed))
        self.tape = random_tape(generator, n_rows)
        self.rules = random_rules(generator, n_envs)
        self.cash = generator.choice([500.0, 5_000.0, 50_000.0], n_envs)
        shape = (n_rows - 1, n_envs, N_ASSETS)
        self.orders = {
            "lots": np.where(generator.random(shape) < 0.35, generator.integers(-60, 61, shape), 0),
            "kind": generator.integers(0, 3, shape),
            "tif": generator.integers(0, 3, shape),
            "reduce_only": generator.random(shape) < 0.15,
            "cancel": generator.random(shape) < 0.1,
        }
        self.offsets = generator.integers(-6, 7, (2, *shape))

    def play(self, envs=slice(None), *, threads=1, record=None, plain=False):
        """Play the accounts `envs` -> the simulator at the end and a digest of every fill and refusal."""
        rules = self.rules[envs]
        sim = Simulator(self.tape, CostSettings(), n_envs=len(rules), max_orders=12, record_fills=True, threads=threads)
        sim.rules[...] = rules
        if plain:
            for name, value in vars(sim).items():
                if isinstance(value, np.ndarray) and value.dtype.names:
                    setattr(sim, name, value.view(np.recarray))
        sim.open_accounts(self.cash[envs], np.zeros(len(rules), int))
        digests = [hashlib.sha256() for _ in rules]
        for row in range(self.tape.n_rows - 1):
            for name, stream in self.orders.items():
                sim.intents[name] = stream[row, envs]
            ticks = np.rint(sim.position["mark"] * 4).astype(np.int64)
            sim.intents["price_ticks"] = ticks + self.offsets[0, row, envs]
            sim.intents["stop_ticks"] = ticks + self.offsets[1, row, envs]
            before = sim.orders.copy()
            sim.step()
            if record is not None:
                record(sim, before)
            for e, digest in enumerate(digests):
                digest.update(sim.fills_of_step(e).tobytes() + sim.refused[e].tobytes())
        state = sim.state()
        for e, digest in enumerate(digests):
            for name in STATE:
                digest.update(state[name][e].tobytes())
        return sim, [digest.hexdigest() for digest in digests]


if __name__ == "__main__":  # with NUMBA_DISABLE_JIT=1: every kernel is its own Python
    print("\n".join(Scenario(int(sys.argv[1]), n_envs=24, n_rows=40).play(plain=True)[1]))
