"""Trials of planted faults, in a process of its own in which kernels are plain Python: `NUMBA_DISABLE_JIT=1 python -m fault.trial`.

Each line read is the name of a fault, each line written its verdict as JSON. A trial begins with the account in `account.json`;
where that no longer tells the fault from the rules it tries others. `--search` looks for the first account that tells each fault
and writes it there: to be run where the generator of accounts has changed.
"""

import contextlib
import copy
import importlib
import json
import os
import sys
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path

import numpy as np

from quantgym.market import kernel as kernels

from .cost_fault import COST_FAULTS
from .fault import ORACLE, StaleFaultError, planted, source
from .money_fault import MONEY_FAULTS
from .order_fault import ORDER_FAULTS
from .outer_fault import OUTER_FAULTS

__all__ = ["ACCOUNTS", "FAULTS", "NOTHING", "Trial", "known_accounts"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FAULTS = {fault.name: fault for fault in (*ORDER_FAULTS, *COST_FAULTS, *MONEY_FAULTS, *OUTER_FAULTS)}
ACCOUNTS = HERE / "account.json"
NOTHING = "nothing"
SEEDS, ENVS = 150, 8  # how far a trial looks beyond the account that is known to tell; test_oracle.py plays more


def known_accounts():
    """{name: (seed, account)}: what told each fault when last searched."""
    return json.loads(ACCOUNTS.read_text()) if ACCOUNTS.exists() else {}


class Trial:
    """Plays accounts and tests with and without faults."""

    def __init__(self):
        if os.environ.get("NUMBA_DISABLE_JIT") != "1":
            raise SystemExit("trials need NUMBA_DISABLE_JIT=1: a compiled kernel does not see a new code object")
        kernels.kernel = plain
        sys.path.insert(0, str(HERE.parent))
        self.case, self.known = cache(importlib.import_module("oracle.case").Case), known_accounts()
        for fault in FAULTS.values():
            source(fault.file)  # now, as it is imported
        self.agree, self.passes = cache(self.differs), cache(self.outcome)

    def verdict(self, name):
        """{"verdict": caught, missed, stale, crashed or unproven, "words": why}."""
        try:
            if name == NOTHING:
                verdict, words = self.by_nothing()
            elif FAULTS[name].proof == ORACLE:
                verdict, words = self.by_accounts(FAULTS[name])
            else:
                verdict, words = self.by_test(FAULTS[name])
        except StaleFaultError as error:
            verdict, words = "stale", str(error)
        except Exception as error:
            verdict, words = "crashed", f"{type(error).__name__}: {error}"
        return {"verdict": verdict, "words": words}

    def by_accounts(self, fault):
        known = self.known.get(fault.name)
        rest = [[seed, e] for seed in range(SEEDS) for e in range(ENVS)]
        for account in ([known] if known else []) + rest:
            if self.agree(*account):
                return "unproven", f"without any fault: {self.agree(*account)}"
            with planted(fault):
                words = self.differs(*account)
            if words:
                return "caught", words
        return "missed", f"{len(rest)} accounts agree with the fault in {fault.file}"

    def by_nothing(self):
        """Every fault with its snippet in its own place."""
        for name, account in self.known.items():
            with planted(replace(FAULTS[name], planted=FAULTS[name].snippet)):
                words = self.differs(*account)
            if words:
                return "caught", words
        return "missed", f"{len(self.known)} accounts agree"

    def by_test(self, fault):
        if self.passes(fault.proof) != 0:
            return "unproven", f"{fault.proof} does not pass without any fault"
        with planted(fault):
            ended = self.outcome(fault.proof)
        return ("caught" if ended == 1 else "missed"), f"{fault.proof} ended with {ended}"

    def differs(self, seed, e):
        """What the two implementations do not agree on in one account; "" where they agree."""
        whole = self.case(seed)
        alone = copy.copy(whole)
        alone.rules, alone.cash = whole.rules[e : e + 1], whole.cash[e : e + 1]
        alone.asks = {(row, 0): asks for (row, account), asks in whole.asks.items() if account == e}
        found, _ = alone.disagreements()
        return found[0] if found else ""

    def outcome(self, node):
        """pytest's exit code: 0 passed, 1 failed."""
        import pytest

        with contextlib.redirect_stdout(sys.stderr):
            return int(pytest.main([str(ROOT / node), "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}"]))

    def search(self, names):
        """Find and write the first account that tells each fault; one that is known and still tells stays."""
        for name in names:
            fault = FAULTS[name]
            if fault.proof == ORACLE:
                try:
                    found = self.first_that_tells(fault, self.known.pop(name, None))
                except Exception as error:
                    print(type(error).__name__, error, name)
                    continue
                print(found or "MISSED", name, flush=True)
                if found:
                    self.known[name] = found
                lines = (f"  {json.dumps(name)}: {json.dumps(self.known[name])}" for name in FAULTS if name in self.known)
                ACCOUNTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    def first_that_tells(self, fault, known):
        rest = ([seed, e] for seed in range(SEEDS) for e in range(ENVS))
        for account in (*([known] if known else []), *rest):
            if not self.agree(*account):
                with planted(fault):
                    if self.differs(*account):
                        return account
        return None


def plain(function=None, **_):
    """Instead of numba's decorator: plain Python reads a record's fields as attributes of record arrays alone."""
    if function is None:
        return plain

    @wraps(function)
    def called(*arguments):
        return function(*[a.view(np.recarray) if type(a) is np.ndarray and a.dtype.names else a for a in arguments])

    return called


def main():
    trial = Trial()
    if sys.argv[1:2] == ["--search"]:
        trial.search(sys.argv[2:] or list(FAULTS))
        return
    for line in sys.stdin:
        print(json.dumps(trial.verdict(line.strip())), flush=True)


if __name__ == "__main__":
    main()
