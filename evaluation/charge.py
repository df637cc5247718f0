"""Charges that a tape itself quotes, taken away: a market in which trading is free."""

from dataclasses import replace

import numpy as np

from ..data.record import frozen
from ..data.tape import Tape

__all__ = ["without_charges"]

CHARGES = ("spread", "borrow_rate")


def without_charges(tape: Tape) -> Tape:
    """Return the tape without quoted spreads and borrow rates, so that the rules alone decide; itself where it quotes none."""
    if not tape.has_terms or all(bool(np.isnan(tape.terms[name]).all()) for name in CHARGES):
        return tape
    terms = tape.terms.copy()
    for name in CHARGES:
        terms[name] = np.nan
    return replace(tape, terms=frozen(terms))
