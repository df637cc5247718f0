"""Runs of cases: what one task of `make oracle`, or one test, plays."""

import signal

from .case import Case

ACCOUNTS = 8  # of one case
SEEDS = 25  # of one task: a few seconds at most, so that an interruption loses little


def played(first, seeds=SEEDS):
    """Play the cases of `first` and the seeds after it -> (accounts, close calls, what disagrees first in each account).

    An account with a close call proves nothing either way: it is counted apart, and another one stands in for it.
    """
    found, close = [], 0
    for seed in range(first, first + seeds):
        different, near = Case(seed, n_envs=ACCOUNTS).disagreements()
        found, close = found + different, close + near
    return seeds * ACCOUNTS - close, close, found


def ignore_interrupts():
    """A worker ends its task: the one who shares them out stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
