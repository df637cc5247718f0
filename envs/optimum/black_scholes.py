"""The Black-Scholes call without interest, and the hedge of one step that leaves the least variance."""

import numpy as np
from numpy.typing import ArrayLike

from .normal import normal_cdf

__all__ = ["call_delta", "call_gamma", "call_price", "hedge_ratio", "hedge_residual"]


def call_price(spot: ArrayLike, strike: ArrayLike, deviation: ArrayLike) -> np.ndarray:
    """Return the price of a European call, in the currency of `spot`. Arguments broadcast.

    With a rate r and a time T pass the forward as `spot` and multiply the result by exp(-r T).

    Args:
        spot: S, positive.
        strike: K, positive.
        deviation: Standard deviation of ln S at maturity, volatility x sqrt(time), 0 or more; at 0 the price is max(S - K, 0).

    Source: Black & Scholes 1973, J. Political Econ. 81, eq. 13; Black 1976, J. Financial Econ. 3, eq. 16 for the forward.
    """
    spot, strike, upper = _upper(spot, strike, deviation)
    return np.asarray(spot * normal_cdf(upper) - strike * normal_cdf(upper - deviation))


def call_delta(spot: ArrayLike, strike: ArrayLike, deviation: ArrayLike) -> np.ndarray:
    """Return the derivative of `call_price` by `spot`, from 0 to 1; at deviation 0 and S = K it is one half.

    Source: Black & Scholes 1973, eq. 14.
    """
    return np.asarray(normal_cdf(_upper(spot, strike, deviation)[2]))


def call_gamma(spot: ArrayLike, strike: ArrayLike, deviation: ArrayLike) -> np.ndarray:
    """Return the second derivative of `call_price` by `spot`; infinite at deviation 0 and S = K."""
    spot, _, upper = _upper(spot, strike, deviation)
    density = np.exp(-0.5 * upper * upper) / np.sqrt(2.0 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(density > 0.0, density / (spot * deviation), 0.0))


def hedge_ratio(spot: ArrayLike, strike: ArrayLike, deviation: ArrayLike, step: ArrayLike) -> np.ndarray:
    """Return the units of the underlying, held for one step, that leave a written call the least variance of P&L.

    The step's factor R is lognormal with mean 1 and E R^2 = exp(s^2). The ratio is Cov(C', S') / Var(S'), C' the price after the
    step. Since E[R f(R)] = E[f(exp(s^2) R)] for a lognormal R of mean 1, and C is a martingale, it is a secant of the price:

        (C(exp(s^2) S) - C(S)) / ((exp(s^2) - 1) S)

    So it lies between 0 and 1, and tends to delta as s^2 does to 0, from above by gamma S s^2 / 2. Prices are martingales, so
    the least variance of each step gives the least of the whole life. Source: Schweizer 1995, Math. Oper. Res. 20.

    Args:
        spot: S, positive.
        strike: K, positive.
        deviation: Of ln S at maturity seen from now, the step included.
        step: s, that of the step alone, positive and at most `deviation`.
    """
    spot, growth = np.asarray(spot, np.float64), np.expm1(np.square(step))
    rise = call_price(spot * (1.0 + growth), strike, deviation) - call_price(spot, strike, deviation)
    return np.asarray(rise / (spot * growth))


def hedge_residual(spot: ArrayLike, strike: ArrayLike, deviation: float, step: float, holding: ArrayLike) -> np.ndarray:
    """Return the variance of one step's P&L of a written call and `holding` units, divided by S^2.

    By the trapezoidal rule over the normal of the step, to 1e-9 of the variance of R (in the last step, where the payoff has a
    kink, to 1e-6).

    Args:
        spot: S, positive.
        strike: K, positive.
        deviation: Of ln S at maturity, the step included.
        step: That of the step alone.
        holding: Units held.
    """
    spot, strike, holding = (np.asarray(given, np.float64)[..., None] for given in (spot, strike, holding))
    z = np.linspace(-9.0, 9.0, 4_001)
    weight = np.exp(-0.5 * z * z)
    factor = np.exp(step * z - 0.5 * step * step)
    left = np.sqrt(max(deviation * deviation - step * step, 0.0))
    rise = call_price(spot * factor, strike, left) - call_price(spot, strike, deviation)
    gain = holding * (factor - 1.0) - rise / spot
    return np.asarray((gain * gain) @ weight / weight.sum())


def _upper(spot: ArrayLike, strike: ArrayLike, deviation: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    spot, strike = np.asarray(spot, np.float64), np.asarray(strike, np.float64)
    deviation = np.asarray(deviation, np.float64)
    distance = np.log(spot / strike)
    with np.errstate(divide="ignore", invalid="ignore"):
        upper = distance / deviation + 0.5 * deviation
    return spot, strike, np.where((deviation == 0.0) & (distance == 0.0), 0.0, upper)
