"""Random markets, rules and orders on a dyadic grid, played by the simulator and by the second implementation side by side."""

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.instrument import Instrument
from quantgym.market.order import Refusal
from quantgym.simulator.simulator import Simulator

from .book import Cell, Kind, Rules
from .exchange import Exchange

HOUR = 3_600_000_000_000
KINDS, TIFS, PATHS = ("MARKET", "LIMIT", "STOP"), ("GTC", "DAY", "IOC"), ("adverse", "adaptive", "ohlc", "olhc")
GRIDS = ((1.0, 1.0), (0.125, 8.0), (4.0, 1.0), (2.0**-20, 1.0))  # lot, multiplier
COSTS = ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_rate", "participation", "borrow_rate",
         "max_leverage", "ruin_equity_fraction")  # fmt: skip
LINES = ("spread", "slippage", "impact", "commission", "borrow", "funding", "dividends")


class Case:
    """A tape, the rules of E accounts and their orders; `seed` reproduces all of it."""

    def __init__(self, seed, n_envs=6, n_rows=16, most_assets=4):
        g = np.random.Generator(np.random.PCG64(seed))
        shape = (n_rows, int(g.integers(1, most_assets + 1)))
        self.seed, self.slots, self.first = seed, int(g.choice([3, 6, 40])), int(g.integers(0, 3))
        self.tape = random_tape(g, shape)
        self.rules = random_rules(g, n_envs, self.tape.close_only)
        self.cash = g.choice([512.0, 4096.0, 65536.0, 2.0**40], n_envs)
        wide = (n_rows - 1, n_envs, shape[1])
        scale = np.array([max(1, int(1 / i.lot / i.multiplier)) for i in self.tape.instruments])
        self.asks = {
            "lots": np.where(g.random(wide) < 0.35, g.integers(-60, 61, wide), 0) * scale,
            "kind": g.integers(0, 3, wide),
            "tif": g.integers(0, 3, wide),
            "reduce_only": g.random(wide) < 0.15,
            "cancel": g.random(wide) < 0.1,
        }
        self.offsets = g.integers(-6, 7, (2, *wide))

    def exchange(self, e):
        """The second implementation's account e."""
        tape, rule = self.tape, self.rules[e]
        kinds = [Kind(i.tick, i.lot, i.multiplier, i.min_notional, i.volume_unit is not None) for i in tape.instruments]
        cells = [[cell(tape, t, a) for a in range(tape.n_assets)] for t in range(tape.n_rows)]
        clock = [(int(c["close_at" if tape.close_only else "open_at"]), int(c["close_at"])) for c in tape.clock]
        rules = Rules(
            **{name: float(rule[name]) for name in COSTS}, latency_ns=int(rule["latency_ns"]), path=PATHS[rule["path"]],
            limit_touch=bool(rule["limit_touch"]), allow_short=bool(rule["allow_short"]),
        )  # fmt: skip
        return Exchange(kinds, cells, clock, rules, float(self.cash[e]), self.first, self.slots, tape.close_only)

    def disagreements(self):
        """Play both -> (what differs first in each account, how many differ that rounding may have decided)."""
        n = len(self.rules)
        sim = Simulator(self.tape, CostSettings(), n_envs=n, max_orders=self.slots, record_fills=True)
        sim.rules[...] = self.rules
        sim.open_accounts(self.cash, np.full(n, self.first))
        slow, found = [self.exchange(e) for e in range(n)], {}
        for row in range(self.first, self.tape.n_rows - 1):
            for name, stream in self.asks.items():
                sim.intents[name] = stream[row]
            ticks = np.rint(sim.position["mark"] * 4).astype(np.int64)
            sim.intents["price_ticks"], sim.intents["stop_ticks"] = ticks + self.offsets[0, row], ticks + self.offsets[1, row]
            asked = sim.intents.copy()
            sim.step()
            for e in sorted(set(range(n)) - set(found)):
                slow[e].step([words(intent) for intent in asked[e]])
                what = difference(sim, e, slow[e])
                if what:
                    found[e] = f"seed {self.seed}, account {e}, decision at row {row}: {what}"
        close = {e for e in range(n) if slow[e].close_calls}
        return [found[e] for e in sorted(set(found) - close)], len(set(found) & close)


def cell(tape, t, a):
    bar, names = tape.bars[t, a], ("split", "dividend", "spread", "funding_rate", "borrow_rate", "fx")
    terms = {name: float(tape.terms[t, a][name]) for name in names} if tape.has_terms else {}
    prices = [float(bar["close" if tape.close_only else name]) for name in ("open", "high", "low", "close")]
    return Cell(*prices, float(bar["volume"]), bool(bar["tradable"]), **terms)


def words(intent):
    return {
        "lots": int(intent["lots"]), "kind": KINDS[intent["kind"]], "tif": TIFS[intent["tif"]],
        "limit": int(intent["price_ticks"]), "stop": int(intent["stop_ticks"]),
        "reduce_only": bool(intent["reduce_only"]), "cancel": bool(intent["cancel"]),
    }  # fmt: skip


def difference(sim, e, slow):
    """What the two do not agree on after a step: lots, reasons and orders exactly, money to 1e-9 of the traded notional."""
    book, account = slow.book, sim.account[e]
    fast = [(int(f["order_id"]), int(f["asset"]), int(f["lots"])) for f in sim.fills_of_step(e)]
    plain = [(f.order_id, f.asset, f.lots) for f in book.fills]
    if fast != plain:
        return f"fills {fast}, not {plain}"
    for f, p in zip(sim.fills_of_step(e), book.fills, strict=True):
        same = abs(f["reference"] - p.reference) <= 1e-12 * p.reference and abs(f["price"] - p.price) <= 1e-12 * p.reference
        if not same or abs(int(f["filled_at"]) - p.at) > 1_000:
            return f"fill {f}, not {p}"
    refused = {Refusal(i).name: int(count) for i, count in enumerate(sim.refused[e]) if count}
    if refused != book.refused:
        return f"refused {refused}, not {book.refused}"
    working = [(int(o["id"]), int(o["lots"] - o["filled"])) for o in sim.orders[e, : account["n_working"]]]
    if working != sorted((o.id, o.left) for o in book.orders):
        return f"working {working}, not {book.orders}"
    units = [held.lots * kind.lot for held, kind in zip(book.holdings, slow.kinds, strict=True)]
    if sim.position["units"][e].tolist() != units or bool(account["ruined"]) != slow.ruined:
        return f"units {sim.position['units'][e]}, not {units}"
    worth = sum(slow.value(book, a) for a in range(len(units)))
    sums = {"cash": book.cash, "equity": book.cash + worth, "gross": book.ideal + worth - slow.initial}
    sums |= {line: book.sums.get(line, 0.0) for line in LINES}
    gap = 1e-9 * max(slow.initial, book.sums.get("traded", 0.0))
    apart = {line: (float(account[line]), amount) for line, amount in sums.items() if not abs(account[line] - amount) <= gap}
    return f"money {apart}" if apart else None


def random_tape(g, shape):
    """Prices on quarters, gaps, halts, late listings, splits and every term."""
    close = np.maximum(200 + g.integers(-8, 9, shape).cumsum(axis=0), 8) / 4
    opened = np.maximum(close + g.integers(-6, 7, shape) / 4, 0.25)
    high = np.maximum(opened, close) + g.integers(0, 7, shape) / 4
    low = np.maximum(np.minimum(opened, close) - g.integers(0, 7, shape) / 4, 0.25)
    recorded = (g.random(shape) > g.choice([0.05, 0.3])).astype(int)
    acts = (recorded == 1) & (g.random(shape) < g.choice([0.0, 0.1, 0.3]))
    ratios = g.choice([0.25, 0.5, 2.0, 4.0, 1.5, 0.125], shape)
    terms = term_records(
        shape,
        split=np.where(acts, ratios, 1.0),
        dividend=np.where(acts, 0.5, 0.0),
        spread=np.where(g.random(shape) < 0.5, np.nan, 1 / 512),
        funding_rate=np.where(g.random(shape) < 0.1, g.choice([-1, 1], shape) / 2048, 0.0),
        borrow_rate=np.where(g.random(shape) < 0.5, np.nan, 0.125),
        fx=np.array([1.0, 1.25, 1.5])[g.integers(0, 3, shape)],
    )
    opens = np.arange(shape[0]) * 4 * HOUR + g.integers(0, 60, shape[0]) * (HOUR // 60)
    if g.random() < 0.2:
        opens = np.arange(shape[0]) * 3 * HOUR
    volume = g.integers(0, 400, shape) * 1.0 * (g.random(shape) > 0.05)
    instruments = [
        Instrument(symbol=f"S{a}", tick=0.25, lot=GRIDS[i][0], multiplier=GRIDS[i][1], min_notional=float(g.choice([0.0, 100.0])))
        for a, i in enumerate(g.integers(0, len(GRIDS), shape[1]))
    ]
    bars = bar_records(opened, high, low, close, volume, recorded)
    spoken = terms if g.random() < 0.8 else None
    return Tape.build("case", instruments, clock_records(opens, opens + 3 * HOUR), bars, spoken, close_only=bool(g.random() < 0.05))


def random_rules(g, n, close_only):
    """Rules of n accounts, each with its own."""
    rules = rules_records(CostSettings(), n)
    choices = {
        "fee_rate": [0.0, 2**-10, 2**-6, 0.125], "fee_per_unit": [0.0, 2**-6], "half_spread_rate": [0.0, 2**-10],
        "slippage_rate": [0.0, 2**-9], "impact_rate": [0.0, 0.0, 0.02, 0.5], "participation": [2**-4, 0.5, np.inf, np.inf],
        "borrow_rate": [0.0, 0.25], "max_leverage": [1.0, 1.0, 2.0, 0.5], "ruin_equity_fraction": [2**-10, 0.5, 0.9],
        "latency_ns": [0, 0, 0, HOUR, HOUR // 2, 2 * HOUR, 3 * HOUR, 4 * HOUR, 11 * HOUR], "path": [0, 0, 1, 2, 3],
        "limit_touch": [0, 1], "allow_short": [0, 1], "close_only": [int(close_only)],
    }  # fmt: skip
    for name, values in choices.items():
        rules[name] = g.choice(values, n)
    return rules
