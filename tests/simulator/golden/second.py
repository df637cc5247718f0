"""A row of the golden table on the second implementation: the same tickets, no code of the kernels."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np

from quantgym.market.cost import rules_records
from quantgym.market.order import TICKET, OrderKind, TimeInForce
from quantgym.market.rules import ACCOUNTS, IMPACTS, PATHS
from quantgym.simulator.order import legs_of
from quantgym.simulator.placement import write_tickets

from .row import HOUR

BOOK, EXCHANGE = import_module("oracle.book"), import_module("oracle.exchange")
PRICES = ("open", "high", "low", "close", "volume")
FLAGS = ("present", "tradable", "opens", "closes")
TERMS = ("split", "dividend", "spread", "funding_rate", "borrow_rate", "fx", "mark", "roll")
FIELDS = {"ruined": lambda slow: slow.ruined, "n_liquidations": lambda slow: slow.book.liquidations,
          "n_open": lambda slow: sum(held.lots != 0 for held in slow.book.holdings), "cash": lambda slow: slow.book.cash,
          "equity": lambda slow: slow.equity(slow.book), "traded_notional": lambda slow: slow.book.sums["traded"]}  # fmt: skip
HELD = {"units": lambda slow, held: held.lots * slow.kinds[0].lot, "average_price": lambda slow, held: held.average}


def exchange(row):
    tape, rules = row.tape, rules_records(row.costs)
    rules["latency_ns"] = row.latency_ns
    named = SimpleNamespace(**dict(zip(rules.dtype.names, rules[0].item(), strict=True)))
    for name, codes in (("account", ACCOUNTS), ("impact", IMPACTS), ("path", PATHS)):
        setattr(named, name, list(codes)[getattr(named, name)])
    kinds = [BOOK.Kind(i.tick, i.lot, i.multiplier, i.min_notional, True, 0.0, [], []) for i in tape.instruments]
    cells = [
        [
            BOOK.Cell(*[float(bar[name]) for name in PRICES], *[bool(bar[name]) for name in FLAGS],
                 *([float(tape.terms[t, a][name]) for name in TERMS] if tape.has_terms else []))
            for a, bar in enumerate(bars)
        ]
        for t, bars in enumerate(tape.bars)
    ]  # fmt: skip
    clock = [(int(instant["open_at"]), int(instant["close_at"])) for instant in tape.clock]
    return EXCHANGE.Exchange(kinds, cells, clock, named, row.cash, 0, 12)


def asks(tape, items):
    """The tickets of a decision."""
    tickets, found = np.zeros(8, TICKET), []
    for item in items:
        if isinstance(item, int):
            found.append(BOOK.Ask(0, 0, "MARKET", "GTC", cancels=item, intent=False))
            continue
        for slot in write_tickets(tape, legs_of(item), tickets, 0, int(tickets["group"].max()), "refuse"):
            t = tickets[slot]
            kind, tif, date = OrderKind(t["kind"]).name, TimeInForce(t["tif"]).name, int(t["expires_at"]) or BOOK.NEVER
            found.append(BOOK.Ask(
                int(t["lots"]), int(t["asset"]), kind, tif, int(t["price_ticks"]), int(t["stop_ticks"]), int(t["trail_ticks"]),
                float(t["trail_rate"]), bool(t["reduce_only"]), bool(t["post_only"]), date=date, parent=int(t["parent"]),
                group=int(t["group"]), delay=int(t["arm_delay"]), intent=False,
            ))  # fmt: skip
    return found


def play(row):
    """Play a row on the second implementation -> what came of it, in the words of `Row`."""
    tape, slow = row.tape, exchange(row)
    fills, makers, states, refused = [], [], {}, {}
    for t in range(tape.n_rows - 1):
        slow.step([], asks(tape, row.orders.get(t, ())), [])
        for reason, count in slow.book.refused.items():
            refused[reason] = refused.get(reason, 0) + count
        states.update({number: state for number, state, _ in slow.book.log})
        for fill in slow.book.fills:
            fills.append((t + 1, (fill.at - row.opened[t + 1]) / HOUR, fill.lots, fill.price, fill.asset))
            makers.append(fill.maker)
    return {
        "fills": fills,
        "makers": makers,
        "states": states,
        "refused": refused,
        "account": {name: float(account_field(slow, name)) for name in row.account},
        "position": {name: float(position_field(slow, name)) for name in row.position},
    }


def account_field(slow, name):
    if name == "gross":
        return slow.book.ideal + sum(slow.value(slow.book, a) for a in slow.assets) - slow.initial
    return FIELDS[name](slow) if name in FIELDS else slow.book.sums.get(name, 0.0)


def position_field(slow, name):
    held = slow.book.holdings[0]
    return HELD[name](slow, held) if name in HELD else getattr(held, name)
