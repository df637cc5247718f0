"""Random markets, rules and orders of every kind, for tests and for a run without numba (`python scenario.py SEED`)."""

import hashlib
import sys

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.account import FILL
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.instrument import Instrument
from quantgym.market.order import TICKET, OrderKind
from quantgym.market.rules import ACCOUNTS
from quantgym.simulator.simulator import STATE, Simulator

HOUR = 3_600_000_000_000
N_ASSETS, N_TICKETS = 3, 4


def random_tape(generator, n_rows):
    """Prices on quarters, gaps, halts, splits and every term."""
    shape = (n_rows, N_ASSETS)
    steps = generator.integers(-8, 9, shape).cumsum(axis=0)
    close = np.maximum(200 + steps, 8) / 4
    opened = np.maximum(close + generator.integers(-6, 7, shape) / 4, 0.25)
    high = np.maximum(opened, close) + generator.integers(0, 7, shape) / 4
    low = np.maximum(np.minimum(opened, close) - generator.integers(0, 7, shape) / 4, 0.25)
    recorded = (generator.random(shape) > 0.07).astype(int)
    recorded[-5:, 2] = 0
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
    others = pick([ACCOUNTS[name] for name in ("leverage", "reg_t", "cross", "isolated")], n)
    rules["account"] = np.where(plain, ACCOUNTS["cash"], others)
    rules["maintenance_long"] = rules["maintenance_short"] = pick([0.05, 0.5], n)
    rules["delisting_return"] = pick([0.0, -0.5], n)
    return rules


class Scenario:
    """A tape, the rules of n accounts, and orders of any kind near the market: intents, and tickets that know of each other."""

    def __init__(self, seed, n_envs=96, n_rows=60):
        generator = np.random.Generator(np.random.PCG64(seed))
        self.tape = random_tape(generator, n_rows)
        self.rules = random_rules(generator, n_envs)
        self.cash = generator.choice([500.0, 5_000.0, 50_000.0], n_envs)
        shape = (n_rows - 1, n_envs, N_ASSETS)
        self.orders = {
            "lots": np.where(generator.random(shape) < 0.35, generator.integers(-60, 61, shape), 0),
            "kind": generator.choice(5, shape, p=[0.4, 0.2, 0.2, 0.1, 0.1]),
            "tif": generator.choice(7, shape, p=[0.4, 0.15, 0.15, 0.1, 0.02, 0.09, 0.09]),
            "post_only": generator.random(shape) < 0.05,
            "reduce_only": generator.random(shape) < 0.15,
            "cancel": generator.random(shape) < 0.1,
        }
        self.offsets = generator.integers(-6, 7, (2, *shape))
        self.tickets = random_tickets(generator, (n_rows - 1, n_envs, N_TICKETS), self.tape.open_at)

    def play(self, envs=slice(None), *, threads=1, record=None, plain=False, log=False):
        """Play the accounts `envs` -> the simulator at the end and a digest of every fill and refusal."""
        rules = self.rules[envs]
        sim = Simulator(
            self.tape, CostSettings(), n_envs=len(rules), max_orders=12, max_tickets=N_TICKETS, record_fills=True, threads=threads
        )  # fmt: skip
        sim.rules[...] = rules
        sim.rules["log_orders"] = log
        sim.fills = np.zeros((len(rules), 200), FILL)
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
            sim.intents["stop_ticks"][sim.intents["kind"] == OrderKind.TRAILING_STOP] = 4
            self.write_tickets(sim, row, envs, ticks)
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

    def write_tickets(self, sim, row, envs, ticks):
        """Prices of tickets lie near the mark of their asset; cancels name orders that may work."""
        asked = self.tickets[row, envs]
        near = np.take_along_axis(ticks, np.clip(asked["asset"], 0, N_ASSETS - 1), 1)
        for name in asked.dtype.names:
            sim.tickets[name] = asked[name]
        for name in ("price_ticks", "stop_ticks"):
            sim.tickets[name] += near
        sim.tickets["cancels"] *= np.maximum(sim.account["next_order_id"][:, None] - 3, 1)


def random_tickets(generator, shape, open_at):
    """Tickets in the first slots: parents, groups, dates, cancels, and some that make no sense; prices are offsets."""
    tickets, pick = np.zeros(shape, TICKET), generator.choice
    used = np.arange(shape[2]) < generator.integers(0, shape[2] + 1, shape[:2])[:, :, None]
    used &= (generator.random(shape[:2]) < 0.4)[:, :, None]
    tickets["lots"] = np.where(used, generator.integers(1, 40, shape) * pick([-1, 1], shape), 0)
    tickets["price_ticks"], tickets["stop_ticks"] = generator.integers(-6, 7, shape), generator.integers(-6, 7, shape)
    tickets["trail_ticks"], tickets["trail_rate"] = pick([0, 1, 5], shape), pick([0.0, 0.01, 0.05], shape)
    tickets["asset"] = pick(N_ASSETS, shape[:2])[:, :, None]
    tickets["asset"] += (generator.random(shape) < 0.1) * pick([-1, 1], shape)
    tickets["kind"], tickets["tif"] = generator.integers(0, 5, shape), pick(7, shape, p=[0.5, 0.1, 0.05, 0.05, 0.1, 0.1, 0.1])
    tickets["parent"] = np.where(generator.random(shape) < 0.4, generator.integers(0, shape[2], shape), 0)
    tickets["group"], tickets["arm_delay"] = pick(3, shape, p=[0.5, 0.25, 0.25]), pick([0, 1, 1, 2], shape)
    tickets["reduce_only"], tickets["post_only"] = generator.random(shape) < 0.2, generator.random(shape) < 0.05
    later = np.minimum(np.arange(shape[0])[:, None, None] + generator.integers(0, 4, shape), len(open_at) - 1)
    tickets["expires_at"] = open_at[later] + pick([0, HOUR], shape)
    tickets["cancels"] = used & (generator.random(shape) < 0.1)
    return tickets


if __name__ == "__main__":  # with NUMBA_DISABLE_JIT=1: every kernel is its own Python
    print("\n".join(Scenario(int(sys.argv[1]), n_envs=24, n_rows=40).play(plain=True)[1]))
