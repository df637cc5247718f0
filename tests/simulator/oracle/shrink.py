"""The smallest part of a case on which the two implementations still disagree, in words."""

import copy

from .case import Case, spoken
from .difference import difference

PLAIN = {"reduce_only": False, "post_only": False, "group": 0, "delay": 1, "date": 2**63 - 1}


class Reduction:
    """One account of one case; decisions are taken away as long as the disagreement stays."""

    def __init__(self, seed, **settings):
        self.seed, self.settings = seed, settings
        self.case = Case(seed, **settings)
        self.account, self.row = None, None

    def first(self, accounts):
        """(account, row, what) of the earliest disagreement, or None."""
        found = []
        for e in accounts:
            row, what = self.played(e)
            if what:
                found.append((row, e, what))
        return min(found) if found else None

    def played(self, e):
        """Row and words of the first disagreement of account e, played alone beside silent ones."""
        case = self.case
        sim, slow = case.simulator(), case.exchange(e, case.market())
        for row in range(case.first, case.tape.n_rows - 1):
            marks = (sim.position["mark"][e] * 4).round().astype(int).tolist()
            asked = spoken(case.asks[row, e], marks)
            case.write(sim, e, *asked)
            sim.step()
            slow.step(*asked)
            what = difference(sim, e, slow)
            if what:
                return row, what
        return None, None

    def still(self):
        row, what = self.played(self.account)
        return what is not None and row <= self.row

    def attempt(self, key, asks):
        """Keep `asks` for a decision where the disagreement stays with it."""
        before = self.case.asks[key]
        self.case.asks[key] = asks
        if self.still():
            return True
        self.case.asks[key] = before
        return False

    def reduce(self):
        found = self.first(range(len(self.case.rules)))
        if found is None:
            return None
        self.row, self.account, _ = found
        changed = True
        while changed:
            changed = sum(self.reduce_decision(row) for row in range(self.case.first, self.row + 1)) > 0
        return self.played(self.account)

    def reduce_decision(self, row):
        key, changed = (row, self.account), False
        if any(self.case.asks[key]) and self.attempt(key, ([], [], [])):
            return True
        for part in range(3):
            for i in reversed(range(len(self.case.asks[key][part]))):
                asks = copy.deepcopy(self.case.asks[key])
                del asks[part][i]
                for ticket in asks[2] if part == 2 else []:  # parents are named by slot
                    ticket.parent = 0 if ticket.parent == i + 1 else ticket.parent - (ticket.parent > i + 1)
                changed |= self.attempt(key, asks)
        for part in (0, 2):
            for i, ask in enumerate(self.case.asks[key][part]):
                for name, value in PLAIN.items():
                    if getattr(ask, name) != value:
                        asks = copy.deepcopy(self.case.asks[key])
                        setattr(asks[part][i], name, value)
                        changed |= self.attempt(key, asks)
        return changed


def told(ask):
    """What an order asks for, without what it does not."""
    names = ("limit", "stop", "trail", "rate", "reduce_only", "post_only", "cancels", "parent", "group", "delay")
    words = [f"{ask.lots} of asset {ask.asset}", ask.kind, ask.tif]
    words += [f"{name} {getattr(ask, name)}" for name in names if getattr(ask, name)]
    return ", ".join([*words, f"until {ask.date}"] if ask.date < 2**63 - 1 else words)


def shrunk(seed, **settings):
    """Words for the smallest disagreement that was found in a seed."""
    reduction = Reduction(seed, **settings)
    end = reduction.reduce()
    if end is None:
        return f"seed {seed}: nothing disagrees"
    case, e, last = reduction.case, reduction.account, end[0]
    kinds, cells, clock = case.market()
    slow = case.exchange(e, (kinds, cells, clock))
    lines = [f"seed {seed}, account {e}: cash {slow.initial}, {case.slots} slots, first decision at row {case.first}"]
    asked = [case.asks[row, e] for row in range(case.first, last + 1)]
    touched = {ask.asset for intents, _, tickets in asked for ask in intents + tickets}
    touched |= {a for _, cancelled, _ in asked for a in cancelled}
    touched = sorted(touched.intersection(range(len(kinds)))) or range(len(kinds))
    lines += [f"rules {vars(slow.rules)}", *(f"asset {a}: {kinds[a]}" for a in touched)]
    for row in range(case.first, last + 1):
        intents, cancelled, tickets = case.asks[row, e]
        lines.append(f"decision at row {row}, close {clock[row][1]}; then the row from {clock[row + 1][0]} to {clock[row + 1][1]}")
        lines += [f"  intent {told(ask)}" for ask in intents] + [f"  ticket {told(ask)}" for ask in tickets]
        lines += [f"  cancel asset {a}" for a in cancelled] + [f"  asset {a}: {cells[row + 1][a]}" for a in touched]
    return "\n".join([*lines, "limits and stops are ticks from the mark at the decision", end[1]])
