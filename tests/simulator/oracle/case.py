"""Random markets, rules and orders on a dyadic grid, played by the simulator and by the second implementation side by side."""

import random
from types import SimpleNamespace

import numpy as np

from quantgym.market.cost import CostSettings
from quantgym.market.order import OrderKind, TimeInForce
from quantgym.market.rules import ACCOUNTS, IMPACTS, PATHS
from quantgym.simulator.simulator import Simulator

from .asking import Asker
from .book import Cell, Kind
from .difference import difference
from .exchange import Exchange
from .market import instrument_tables, random_brackets, random_rules, random_tape, random_tariff

PRICES = ("open", "high", "low", "close")
FLAGS = ("present", "tradable", "opens", "closes")
NUMBERS = ("split", "dividend", "spread", "funding_rate", "borrow_rate", "fx", "mark", "roll")
NOWHERE = {"NONSENSE": 77}
KIND_CODES = {kind.name: int(kind) for kind in OrderKind} | NOWHERE
TIF_CODES = {tif.name: int(tif) for tif in TimeInForce} | NOWHERE
LAST = 2**62


class Case:
    """A tape, the rules of E accounts and their orders; `seed` reproduces all of it.

    `without` names what is left out: tickets, latency, participation, interest, halts, listings, delistings, splits, rolls,
    tariffs, brackets, faults, adverse, reduce_only, post_only, any kind of order, time in force, account or impact, and
    shapes of tickets (single, pair, bracket, chain, chaos).
    """

    def __init__(self, seed, n_envs=8, n_rows=14, most_assets=3, without=frozenset()):
        g, r = np.random.Generator(np.random.PCG64(seed)), random.Random(seed)
        n_assets = int(g.integers(1, most_assets + 1))
        self.seed, self.slots, self.first = seed, int(g.choice([3, 6, 40])), int(g.integers(0, 3))
        self.n_tickets = 0 if "tickets" in without else int(g.choice([0, 2, 4, 4]))
        self.tape = random_tape(g, n_rows, n_assets, without)
        self.rules = random_rules(g, n_envs, self.tape.close_only, without)
        self.cash = g.choice([512.0, 4096.0, 65536.0, 2.0**20], n_envs, p=[0.3, 0.4, 0.2, 0.1])
        has = {name: (g.random(n_assets) < 0.4) & (name not in without) for name in ("tariffs", "brackets")}
        self.tariffs = [random_tariff(g, self.tape.clock) if some else [] for some in has["tariffs"]]
        units = int(g.random() < 0.3)
        for row in (row for tariff in self.tariffs for row in tariff):
            row["measure"] = units
        self.brackets = [random_brackets(g) if some else [] for some in has["brackets"]]
        records = self.tape.instrument_records.copy()
        scales = [max(1, int(1 / i.lot / i.multiplier)) for i in self.tape.instruments]
        records["liquidity"] = g.choice([256.0, 2048.0, 0.0], n_assets, p=[0.5, 0.4, 0.1]) * scales * records["lot"]
        self.instruments, self.tariff, self.bracket = instrument_tables(records, self.tariffs, self.brackets)
        asker = Asker(r, scales, self.tape.clock.tolist(), self.n_tickets, without)
        rows = range(self.first, n_rows - 1)
        self.asks = {(row, e): asker.decision(row, 2 * (row - self.first)) for row in rows for e in range(n_envs)}

    def market(self):
        """What the second implementation reads of the tape: instruments, cells[t][a] and clock."""
        tape, kinds, cells = self.tape, [], []
        for record, tariff, brackets in zip(self.instruments, self.tariffs, self.brackets, strict=True):
            plain = [float(record[name]) for name in ("tick", "lot", "multiplier", "min_notional")]
            kinds.append(Kind(*plain, bool(record["volume_known"]), float(record["liquidity"]), tariff, brackets))
        names = ("close",) * 4 if tape.close_only else PRICES
        prices = np.stack([tape.bars[name] for name in (*names, "volume")], axis=-1).tolist()
        flags = np.stack([tape.bars[name] for name in FLAGS], axis=-1).astype(bool).tolist()
        terms = np.stack([tape.terms[name] for name in NUMBERS], axis=-1).tolist() if tape.has_terms else None
        for t in range(tape.n_rows):
            said = terms[t] if terms else [()] * tape.n_assets
            cells.append([Cell(*prices[t][a], *flags[t][a], *said[a]) for a in range(tape.n_assets)])
        clock = [(int(c["close_at" if tape.close_only else "open_at"]), int(c["close_at"])) for c in tape.clock]
        return kinds, cells, clock

    def exchange(self, e, market):
        """The second implementation's account e."""
        names = self.rules.dtype.names
        rules = SimpleNamespace(**dict(zip(names, self.rules[e].item(), strict=True)))
        for name, codes in (("account", ACCOUNTS), ("impact", IMPACTS), ("path", PATHS)):
            setattr(rules, name, list(codes)[getattr(rules, name)])
        return Exchange(*market, rules, float(self.cash[e]), self.first, self.slots, self.tape.close_only)

    def simulator(self):
        n = len(self.rules)
        sizes = {"n_envs": n, "max_orders": self.slots, "max_tickets": self.n_tickets}
        sim = Simulator(self.tape, CostSettings(), **sizes, record_fills=True, record_orders=True)
        sim.rules[...] = self.rules
        tables = [frozen(table) for table in (self.instruments, self.tariff, self.bracket)]
        sim.instruments, sim.tariff, sim.brackets = tables
        sim.open_accounts(self.cash, np.full(n, self.first))
        return sim

    def disagreements(self, accounts=None):
        """Play both -> (what differs first in each account, how many accounts rounding may have decided)."""
        n, market, sim = len(self.rules), self.market(), self.simulator()
        slow, found = [self.exchange(e, market) for e in range(n)], {}
        chosen = range(n) if accounts is None else accounts
        for row in range(self.first, self.tape.n_rows - 1):
            marks = np.rint(sim.position["mark"] * 4).astype(np.int64).tolist()
            asked = {}
            for e in chosen:
                asked[e] = spoken(self.asks[row, e], marks[e])
                self.write(sim, e, *asked[e])
            sim.step()
            for e in chosen:
                if e not in found:
                    slow[e].step(*asked[e])
                    what = difference(sim, e, slow[e])
                    if what:
                        found[e] = f"seed {self.seed}, account {e}, decision at row {row}: {what}"
        close = {e for e in chosen if slow[e].close_calls}
        return [found[e] for e in sorted(set(found) - close)], len(close)

    @staticmethod
    def write(sim, e, intents, tickets, cancelled):
        for a in cancelled:
            sim.intents[e, a]["cancel"] = 1
        for ask in intents:
            stop = ask.trail if ask.kind == "TRAILING_STOP" else ask.stop
            cancel = ask.asset in cancelled
            sim.intents[e, ask.asset] = (
                0, ask.lots, ask.limit, stop, KIND_CODES[ask.kind], TIF_CODES[ask.tif], ask.reduce_only, cancel, ask.post_only
            )  # fmt: skip
        for slot, ask in enumerate(tickets):
            sim.tickets[e, slot] = (
                ask.lots, ask.limit, ask.stop, ask.trail, ask.rate, min(ask.date, LAST), ask.asset, ask.parent, ask.group,
                ask.delay, ask.cancels, KIND_CODES[ask.kind], TIF_CODES[ask.tif], ask.reduce_only, ask.post_only,
            )  # fmt: skip


def frozen(records):
    view = np.ascontiguousarray(records)
    view.flags.writeable = False
    return view


def spoken(asks, marks):
    """Intents, tickets and cancelled assets with prices in ticks."""
    intents, cancelled, tickets = asks
    return [priced(ask, marks) for ask in intents], [priced(ask, marks) for ask in tickets], cancelled


def priced(ask, marks):
    twin = ask.copy()
    if 0 <= ask.asset < len(marks):
        twin.limit, twin.stop = marks[ask.asset] + ask.limit, marks[ask.asset] + ask.stop
    if ask.kind == "TRAILING_STOP" or ask.cancels:
        twin.stop = 0
    return twin
