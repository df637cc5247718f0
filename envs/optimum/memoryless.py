"""The best policies on hidden regimes that remember nothing but the last return and the position held."""

from itertools import product
from typing import Any

import numpy as np

from .hidden_regime import POSITIONS, HiddenRegime

__all__ = ["best_memoryless", "best_memoryless_rule", "memoryless_value"]

STARTS, ROUNDS = 12, 400  # of the search among policies that draw lots


def memoryless_value(model: HiddenRegime, policies: np.ndarray) -> np.ndarray:
    """Return the expected sums of rewards (P,) of policies that see the last return and the position alone, exactly.

    Regime, last return and position are a Markov chain of 12 states under such a policy, so the sum is one of its powers.

    Args:
        model: The world.
        policies: Probabilities (P, 2, 3, 3) of the next position (short, flat, long), by last return (down, up) and position held.
    """
    return _chain(model, policies)[0]


def best_memoryless_rule(model: HiddenRegime) -> tuple[np.ndarray, float]:
    """Return next positions (2, 3), by last return and position, and their value: the best of all 729 such rules."""
    every, values = _rules(model)
    best = int(values.argmax())
    return POSITIONS[every[best]], float(values[best])


def best_memoryless(model: HiddenRegime) -> tuple[np.ndarray, float]:
    """Return the best policy that may draw lots, (2, 3, 3) as in `memoryless_value`, and its value.

    Lots help who cannot remember (Singh, Jaakkola & Jordan 1994, Proc. ICML 11). The value is not concave in the policy, so this
    is a search: uphill by exact gradients (multiplicative steps) from each of the 12 best of the 729 rules, mixed with even lots.
    What it finds is a lower bound of the best; that searches from elsewhere end no higher is a test.
    """
    every, values = _rules(model)
    policies = 0.7 * np.eye(3)[every[np.argsort(values)[-STARTS:]]] + 0.1
    return climb(model, policies)


def climb(model: HiddenRegime, policies: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the best policy and its value that lie uphill of `policies` (P, 2, 3, 3), all probabilities positive."""
    speed = np.full(len(policies), 1.0)
    value, gradient = _chain(model, policies)
    for _ in range(ROUNDS):
        tilt = gradient - (policies * gradient).sum(axis=-1, keepdims=True)
        scale = np.minimum(speed, 50.0)[:, None, None, None] / np.maximum(np.abs(tilt).max(axis=(1, 2, 3), keepdims=True), 1e-15)
        tried = policies * np.exp(scale * tilt)
        tried = np.maximum(tried / tried.sum(axis=-1, keepdims=True), 1e-9)
        tried /= tried.sum(axis=-1, keepdims=True)
        found, slope = _chain(model, tried)
        better = found > value
        where = better[:, None, None, None]
        policies, gradient = np.where(where, tried, policies), np.where(where, slope, gradient)
        value, speed = np.where(better, found, value), np.where(better, 1.3 * speed, 0.5 * speed)
    best = int(value.argmax())
    return policies[best], float(value[best])


def _rules(model: HiddenRegime) -> tuple[np.ndarray, np.ndarray]:
    every = np.array(list(product(range(3), repeat=6))).reshape(-1, 2, 3)
    return every, memoryless_value(model, np.eye(3)[every])


def _chain(model: HiddenRegime, policies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values (P,) and their derivatives by each probability, (P, 2, 3, 3)."""
    n, up = len(policies), np.array([1.0 - model.up_probability, model.up_probability])
    moves = np.stack([1.0 - up, up], axis=1)  # (regime, return)
    turn = np.array([[model.stay, 1.0 - model.stay], [1.0 - model.stay, model.stay]])
    gain = np.outer(turn @ (2.0 * up - 1.0), POSITIONS) * model.move  # (regime of the last bar, next position)
    cost = model.cost_rate * np.abs(POSITIONS[:, None] - POSITIONS[None, :])
    paid = gain[:, None, :] - cost[None]  # (regime, position, next position)
    next_state = np.einsum("zy,yl->zyl", turn, moves)  # (regime, next regime, next return)
    # states are (regime, last return, position), 12 in all
    step = np.einsum("nlpq,zyk->nzlpykq", policies, next_state).reshape(n, 12, 12)
    reward = np.einsum("nlpq,zpq->nzlp", policies, paid).reshape(n, 12)
    mass = np.zeros((model.n_bars, n, 12))
    start = np.zeros((2, 2, 3))
    start[:, :, 1] = 0.5 * moves
    mass[0] = start.ravel()
    for bar in range(1, model.n_bars):
        mass[bar] = np.matmul(mass[bar - 1][:, None], step)[:, 0]
    gradient: Any = 0.0
    worth = np.zeros((n, 12))
    for bar in range(model.n_bars - 1, -1, -1):
        later = np.einsum("zyk,nykq->nzq", next_state, worth.reshape(n, 2, 2, 3))
        gradient = gradient + np.einsum("nzlp,nzpq->nlpq", mass[bar].reshape(n, 2, 2, 3), paid[None] + later[:, :, None, :])
        worth = reward + np.matmul(step, worth[:, :, None])[:, :, 0]
    return np.einsum("ni,i->n", worth, start.ravel()), np.asarray(gradient)
