"""Play accounts in both implementations on both cores: `python -m oracle --accounts 1000000 --start 0`, from tests/simulator."""

import argparse
import multiprocessing
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor

from .series import ACCOUNTS, SEEDS, ignore_interrupts, played
from .shrink import shrunk

WORKERS = 2


def main():
    parser = argparse.ArgumentParser(prog="oracle", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="accounts to play, eight a seed")
    parser.add_argument("--start", type=int, default=0, help="first seed: an interrupted run says where to go on")
    parser.add_argument("--shrink", type=int, metavar="SEED", help="reduce the disagreement of one seed and show it")
    asked = parser.parse_args()
    if asked.shrink is not None:
        print(shrunk(asked.shrink))
        return 0
    return run(asked.accounts, asked.start)


def run(wanted, start):
    """Play cases until so many accounts agree; the first that does not ends the run, and so does an interruption."""
    ends = start + -(-wanted // ACCOUNTS)
    done = close = 0
    reached, sent, began, told = start, start, time.monotonic(), 0.0
    waiting = deque()
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"), initializer=ignore_interrupts) as pool:
        try:
            while reached < ends:
                while sent < ends and len(waiting) < 2 * WORKERS:
                    waiting.append(pool.submit(played, sent))
                    sent += SEEDS
                accounts, near, found = waiting.popleft().result()
                done, close, reached = done + accounts, close + near, reached + SEEDS
                passed = time.monotonic() - began
                if found:
                    print(f"\n{len(found)} of {accounts} accounts disagree:", *found, sep="\n")
                    seed = int(found[0].split()[1].rstrip(","))
                    print(f"\nsmallest of seed {seed}:\n{shrunk(seed)}\ngo on with START={reached}")
                    return 1
                if passed - told >= 1.0 or reached >= ends:
                    told = passed
                    line = f"{done:,} of {wanted:,} accounts agree, {done / passed:,.0f} a second"
                    print(f"\r{line}, {close} close calls ({close / done:.3%})", end="", flush=True)
        except KeyboardInterrupt:
            print(f"\ninterrupted; go on with START={reached}")
            return 130
        finally:
            for task in waiting:
                task.cancel()
    print()
    if close >= 0.001 * done:
        print(f"{close} close calls among {done} accounts: the generator must keep them under 0.1 %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
