"""Coefficients of Almgren-Chriss impact from trades: what `CostSettings` needs to charge what was paid."""

import math
from dataclasses import dataclass

import numpy as np

from ..market.errors import ConfigError, DataError

__all__ = ["ImpactFit", "fit_almgren_chriss"]


@dataclass(frozen=True)
class ImpactFit:
    """Least squares of impact on trade size and on what earlier trades of the same order have moved.

    Attributes:
        temporary: Fraction of price for `volume` units traded at once (`costs.impact_temporary`).
        permanent: Lasting displacement by `volume` units, fraction of price (`costs.impact_permanent`).
        temporary_error: Standard error of `temporary`.
        permanent_error: Standard error of `permanent`.
        explained: Share of the variance of impact that the two explain.
        n_trades: Trades that were used.
        volume: Units to which both are measured (`costs.impact_volume`).
    """

    temporary: float
    permanent: float
    temporary_error: float
    permanent_error: float
    explained: float
    n_trades: int
    volume: float


def fit_almgren_chriss(
    units: np.ndarray, reference: np.ndarray, price: np.ndarray, volume: float, orders: np.ndarray | None = None
) -> ImpactFit:
    """Fit price / reference - 1 = temporary x q / volume + permanent x (sum of earlier q of the order) / volume.

    The reference is what the market would have been without the order: its arrival price, or `fill.reference` of our own log,
    in which spread and slippage should be zero or taken off first.

    Args:
        units: Signed units of each trade q, (N,), in the order in which they happened.
        reference: Undisturbed price of each, (N,), positive.
        price: Price paid or received per unit, (N,), positive.
        volume: Units to which the coefficients are measured, > 0.
        orders: Parent order of each trade, (N,) of any labels; None: all are slices of one.

    Raises:
        DataError: Fewer than 3 trades, lengths differ, a value is not finite or not positive, or the two causes cannot be told
            apart (every order has one trade, or all slices of all orders stand in the same ratio).
        ConfigError: `volume` is not positive.

    Source: Almgren & Chriss 2000, J. Risk 3(2), eqs. 6 to 8; ordinary least squares through the origin.
    """
    if not (volume > 0.0 and math.isfinite(volume)):
        raise ConfigError(f"volume must be positive and finite, was {volume}")
    q, base, paid = (np.asarray(column, np.float64) for column in (units, reference, price))
    labels = np.zeros(len(q)) if orders is None else np.asarray(orders)
    if not (q.shape == base.shape == paid.shape == labels.shape and q.ndim == 1 and q.size >= 3):
        raise DataError(
            f"a fit needs 3 or more trades in columns of one length, had units {q.shape}, reference {base.shape}, "
            f"price {paid.shape}, orders {labels.shape}"
        )
    good = np.isfinite(q) & (q != 0.0) & np.isfinite(base) & (base > 0.0) & np.isfinite(paid) & (paid > 0.0)
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise DataError(f"trade {at}: units {q[at]}, reference {base[at]} and price {paid[at]} must be finite, prices positive")
    earlier = np.zeros_like(q)
    for label in np.unique(labels):
        mine = labels == label
        earlier[mine] = np.cumsum(q[mine]) - q[mine]
    causes = np.column_stack([q, earlier]) / volume
    moved = paid / base - 1.0
    coefficients, _, rank, _ = np.linalg.lstsq(causes, moved, rcond=1e-10)
    if rank < 2:
        raise DataError("temporary and permanent impact cannot be told apart: give orders of several slices of unequal size")
    rest = moved - causes @ coefficients
    variance = float(rest @ rest) / (q.size - 2)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(causes.T @ causes)))
    total = float(moved @ moved)
    return ImpactFit(
        temporary=float(coefficients[0]),
        permanent=float(coefficients[1]),
        temporary_error=float(errors[0]),
        permanent_error=float(errors[1]),
        explained=1.0 - float(rest @ rest) / total if total > 0.0 else 1.0,
        n_trades=int(q.size),
        volume=float(volume),
    )
