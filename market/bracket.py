"""Maintenance margin of a venue by brackets of notional, as the kernel reads it."""

import numpy as np

__all__ = ["BRACKET"]

BRACKET = np.dtype(
    [
        ("floor", "f8"),  # notional from which the bracket counts, account currency
        ("maintenance_rate", "f8"),  # fraction of the notional
        ("deduction", "f8"),  # taken off, account currency: it makes the requirement continuous at the floor
        ("max_leverage", "f8"),  # most that the venue allows in this bracket
    ]
)
"""One bracket; shape (B,). The brackets of an instrument lie together, `floor` rising from 0."""
