"""A Gaussian hidden Markov model: fitted by hmmlearn on the training part, filtered forwards by our own kernel."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..market.errors import DataError, ShapeError
from ..market.kernel import kernel
from ..market.seeding import generator

__all__ = ["CovarianceKind", "HiddenMarkov", "filter_rows", "fit_hidden_markov"]

CovarianceKind = Literal["diag", "full"]
TRANSITION_FLOOR = 1e-6  # a state that can never be entered again would outlive all evidence
VARIANCE_FLOOR = 1e-3  # of standardised observations


@dataclass(frozen=True, eq=False)
class HiddenMarkov:
    """Parameters of K states over D numbers.

    Attributes:
        start: Probabilities before the first row, (K,).
        transition: transition[i, j] is P(j next | i now), (K, K).
        means: (K, D).
        whitener: Lower triangles with whitener @ whitener.T the inverse covariance, (K, D, D).
        log_scale: log of each density's constant, (K,).
    """

    start: np.ndarray
    transition: np.ndarray
    means: np.ndarray
    whitener: np.ndarray
    log_scale: np.ndarray

    @classmethod
    def build(cls, start: np.ndarray, transition: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> "HiddenMarkov":
        """Return the model of these parameters; covariances are (K, D, D)."""
        whitener = np.linalg.cholesky(np.linalg.inv(covariances))
        half_log_determinant = np.log(np.diagonal(whitener, axis1=1, axis2=2)).sum(axis=1)
        log_scale = half_log_determinant - 0.5 * means.shape[1] * np.log(2.0 * np.pi)
        arrays = (start, transition, means, whitener, log_scale)
        return cls(*(np.ascontiguousarray(array, np.float64) for array in arrays))

    @property
    def n_states(self) -> int:
        """K."""
        return len(self.start)

    @property
    def covariances(self) -> np.ndarray:
        """(K, D, D)."""
        covariances: np.ndarray = np.linalg.inv(self.whitener @ self.whitener.transpose(0, 2, 1))
        return covariances

    def ordered(self, order: np.ndarray) -> "HiddenMarkov":
        """Return the same model with its states in another order, int64 (K,)."""
        transition = self.transition[np.ix_(order, order)]
        arrays = (self.start[order], transition, self.means[order], self.whitener[order], self.log_scale[order])
        return HiddenMarkov(*(np.ascontiguousarray(array) for array in arrays))


@kernel
def filter_row(row, observations, transition, means, whitener, log_scale, posterior, predicted, likelihood, out):  # type: ignore[no-untyped-def]
    """Move `posterior` (K,) one row on: P(state | rows <= row); `predicted` and `likelihood` (K,) are scratch."""
    n_states, n_numbers = means.shape
    for state in range(n_states):
        predicted[state] = 0.0
        for before in range(n_states):
            predicted[state] += posterior[before] * transition[before, state]
    highest = -np.inf
    for state in range(n_states):
        squares = 0.0
        for column in range(n_numbers):
            white = 0.0
            for number in range(column, n_numbers):
                white += whitener[state, number, column] * (observations[row, number] - means[state, number])
            squares += white * white
        likelihood[state] = log_scale[state] - 0.5 * squares
        highest = max(highest, likelihood[state])
    total = 0.0
    for state in range(n_states):
        posterior[state] = predicted[state] * np.exp(likelihood[state] - highest)
        total += posterior[state]
    for state in range(n_states):
        # no state that is possible explains the row: keep the prediction
        posterior[state] = posterior[state] / total if total > 1e-280 else predicted[state]
        out[row, state] = posterior[state]


@kernel(allocates=True)
def filter_batch(  # type: ignore[no-untyped-def]
    observations, start, transition, means, whitener, log_scale, identity, posterior, seen, predicted, likelihood, out
):
    """Filter rows in order; `seen` (1,) counts the rows before, the very first one starts from `start`, through `identity`."""
    for row in range(observations.shape[0]):
        if seen[0] == 0:
            for state in range(posterior.shape[0]):
                posterior[state] = start[state]
            filter_row(row, observations, identity, means, whitener, log_scale, posterior, predicted, likelihood, out)
        else:
            filter_row(row, observations, transition, means, whitener, log_scale, posterior, predicted, likelihood, out)
        seen[0] += 1


def filter_rows(model: HiddenMarkov, observations: np.ndarray, posterior: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return P(state at t | rows <= t), float64 (n, K), of the next n rows.

    The forward recursion with the largest log-likelihood of the row subtracted. hmmlearn's `predict_proba` smooths: it uses
    later rows and must not become a feature.
    Source: Rabiner 1989, Proc. IEEE 77(2), eq. 19-21, normalised.

    Args:
        model: The parameters.
        observations: Finite, float64 (n, D).
        posterior: Filtered posterior of the row before, (K,); moves on in place.
        seen: Rows filtered before, int64 (1,); moves on in place. At 0 the first row starts from `model.start`.

    Raises:
        ShapeError: Observations have not D numbers, or the posterior not K.
    """
    if observations.ndim != 2 or observations.shape[1] != model.means.shape[1] or posterior.shape != model.start.shape:
        raise ShapeError(f"observations must be (n, {model.means.shape[1]}) and the posterior {model.start.shape}, "
                         f"were {observations.shape} and {posterior.shape}")
    out, scratch = np.empty((len(observations), model.n_states)), np.empty((2, model.n_states))
    parameters = (model.start, model.transition, model.means, model.whitener, model.log_scale, np.eye(model.n_states))
    filter_batch(np.ascontiguousarray(observations), *parameters, posterior, seen, *scratch, out)
    return out


def fit_hidden_markov(
    observations: np.ndarray, n_states: int, covariance: CovarianceKind, restarts: int, seed: int
) -> HiddenMarkov:
    """Return the best of several fits by expectation maximisation; the start is the chain's stationary distribution.

    The first fit starts from the rows sorted by the sum of their numbers' sizes and cut into K equal parts, the others from K
    rows drawn at random. The linear algebra runs on one thread, so that a seed gives one model.

    Args:
        observations: Standardised, float64 (n, D).
        n_states: K.
        covariance: `diag` or `full`.
        restarts: Fits tried, at least 1.
        seed: Of the random starts.

    Raises:
        DataError: No fit gave a finite model.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    draw = generator(seed)
    best, best_score = None, -np.inf
    with threadpool_limits(1), _quiet():
        for attempt in range(restarts):
            if attempt == 0:
                order = np.argsort(np.abs(observations).sum(axis=1), kind="stable")
                means = np.stack([observations[part].mean(axis=0) for part in np.array_split(order, n_states)])
            else:
                means = observations[draw.choice(len(observations), n_states, replace=False)]
            model, score = _expectation_maximisation(observations, means, covariance)
            if model is not None and score > best_score:
                best, best_score = model, score
    if best is None:
        raise DataError(f"regime: none of {restarts} fits of {n_states} states on {len(observations)} rows gave a finite model; "
                        "ask for fewer states or a diagonal covariance")
    return best


@contextmanager
def _quiet() -> Iterator[None]:
    # hmmlearn warns of fits that end at their last iteration: they are fits like others
    logger = logging.getLogger("hmmlearn.base")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _expectation_maximisation(observations: np.ndarray, means: np.ndarray, covariance: str) -> tuple[HiddenMarkov | None, float]:
    from hmmlearn.hmm import GaussianHMM

    n_states, n_numbers = means.shape
    model = GaussianHMM(n_states, covariance_type=covariance, min_covar=VARIANCE_FLOOR, n_iter=60, tol=1e-2, init_params="",
                        random_state=0)
    model.startprob_ = np.full(n_states, 1.0 / n_states)
    model.transmat_ = np.where(np.eye(n_states, dtype=bool), 0.95, 0.05 / max(n_states - 1, 1)) if n_states > 1 else np.ones((1, 1))
    model.means_ = means
    model.covars_ = np.ones((n_states, n_numbers)) if covariance == "diag" else np.tile(np.eye(n_numbers), (n_states, 1, 1))
    model.fit(observations)
    score = float(model.score(observations))
    if not (np.isfinite(score) and np.isfinite(model.means_).all() and np.isfinite(model.transmat_).all()):
        return None, -np.inf
    transition = np.maximum(model.transmat_, TRANSITION_FLOOR)
    transition /= transition.sum(axis=1, keepdims=True)
    covariances = np.asarray(model.covars_) + 1e-9 * np.eye(n_numbers)
    return HiddenMarkov.build(_stationary(transition), transition, np.asarray(model.means_), covariances), score


def _stationary(transition: np.ndarray) -> np.ndarray:
    n_states = len(transition)
    system = np.vstack([transition.T - np.eye(n_states), np.ones(n_states)])
    stationary = np.linalg.lstsq(system, np.append(np.zeros(n_states), 1.0), rcond=None)[0].clip(min=0.0)
    normalised: np.ndarray = stationary / stationary.sum()
    return normalised
