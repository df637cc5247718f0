"""Play accounts in both implementations on both cores: `python -m oracle --accounts 1000000 --start 0`, from tests/simulator."""

import argparse
import multiprocessing
import sys
import time

from .series import ACCOUNTS, SEEDS, played
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
    seeds = -(-asked.accounts // ACCOUNTS)
    firsts = range(asked.start, asked.start + seeds, SEEDS)
    done = close = 0
    reached, began, told = asked.start, time.monotonic(), 0.0
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        try:
            for first, (accounts, near, found) in zip(firsts, pool.imap(played, firsts), strict=True):
                done, close, reached = done + accounts, close + near, first + SEEDS
                passed = time.monotonic() - began
                if found:
                    print(f"\n{len(found)} of {accounts} accounts disagree:", *found, sep="\n")
                    seed = int(found[0].split()[1].rstrip(","))
                    print(f"\nsmallest of seed {seed}:\n{shrunk(seed)}\ngo on with START={reached}")
                    return 1
                if passed - told >= 1.0 or done >= asked.accounts:
                    told = passed
                    line = f"{done:,} of {asked.accounts:,} accounts agree, {done / passed:,.0f} a second"
                    print(f"\r{line}, {close} close calls ({close / done:.3%})", end="", flush=True)
        except KeyboardInterrupt:
            pool.terminate()
            print(f"\ninterrupted; go on with START={reached}")
            return 130
    print()
    if close >= 0.001 * done:
        print(f"{close} close calls among {done} accounts: the generator must keep them under 0.1 %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
