"""Which regime the market is in, as far as the past can tell: filtered posteriors of a hidden Markov model, labels, crisis."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..market.errors import ConfigError
from .adjusted import adjust_tape
from .column import Column
from .hidden_markov import CovarianceKind, HiddenMarkov, filter_rows, fit_hidden_markov
from .market_state import MARKET_COLUMNS, market_rows, new_market_memory
from .stream import Memory, StreamEncoder

if TYPE_CHECKING:
    from ..data.tape import Tape

__all__ = ["LABELS", "RegimeEncoder", "RegimeSettings"]

LABELS = ("bull", "bear", "high_vol_chop", "low_vol_chop")
CLIP = 8.0  # standard deviations: one broken bar must not decide the regime for ever
ROWS_PER_STATE = 50


@dataclass(frozen=True, kw_only=True)
class RegimeSettings:
    """The hidden Markov model of the regime encoder.

    Attributes:
        states: K.
        covariance: Of the densities, `diag` or `full`.
        halflife: Of the market's volatility and usual volume, rows.
        warmup: Rows before the filter starts.
        restarts: Fits tried on the training part.
        crisis_quantile: Training volatility beyond which, in the most volatile state, the crisis flag is up.
        seed: Of the restarts.
    """

    states: int = 3
    covariance: CovarianceKind = "diag"
    halflife: float = 10.0
    warmup: int = 20
    restarts: int = 4
    crisis_quantile: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.states < 2:
            raise ConfigError(f"regime.states must be at least 2, was {self.states}")
        if self.halflife <= 0.0 or self.warmup < 1 or self.restarts < 1:
            raise ConfigError("regime.halflife must be positive, warmup and restarts at least 1, "
                              f"were {self.halflife}, {self.warmup}, {self.restarts}")
        if not 0.5 <= self.crisis_quantile < 1.0:
            raise ConfigError(f"regime.crisis_quantile must lie in [0.5, 1), was {self.crisis_quantile}")


@dataclass(frozen=True, eq=False)
class FittedRegime:
    """What `fit` learns: numbers used (indices into MARKET_COLUMNS), their scale, the model, labels (K,) and the crisis line."""

    used: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    model: HiddenMarkov
    labels: np.ndarray
    crisis_volatility: float


class RegimeEncoder(StreamEncoder):
    """Posteriors of K states by rising train volatility, the four labels and a crisis flag, for the whole market. Exact.

    The model sees the equal-weighted log return of the market, the logarithm of its exponentially weighted volatility, and the
    assets' mean relative volume where the tape has volumes. A state's label follows from the sign of its mean return and its
    volatility against the median of the states: positive and not above it is `bull`, not positive and above it `bear`, positive
    and above `high_vol_chop`, else `low_vol_chop`; a label's column sums its states.
    """

    name = "regime"
    settings_class = RegimeSettings
    settings: RegimeSettings
    per_asset = False

    def __init__(self, settings: RegimeSettings | None = None) -> None:
        super().__init__(settings)
        self.fitted: FittedRegime | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """`regime_0` (calm) to `regime_<K-1>` (wild), the labels, `crisis`."""
        states = tuple(f"regime_{state}" for state in range(self.settings.states))
        probabilities = tuple(Column(name, "probability", 0.0, 1.0, self.settings.warmup) for name in (*states, *LABELS))
        return (*probabilities, Column("crisis", "flag", 0.0, 1.0, self.settings.warmup))

    def fit(self, tape: "Tape") -> Self:
        """Fit the model on a training part; DataError where it is too short."""
        rows = self.settings.warmup + ROWS_PER_STATE * self.settings.states
        self.needs(tape, rows, f"{self.settings.warmup} to warm up and {ROWS_PER_STATE} for each of {self.settings.states} states")
        market = market_rows(adjust_tape(tape), self.settings.halflife, new_market_memory(tape.n_assets))[self.settings.warmup :]
        used = np.flatnonzero(market.std(axis=0) > 1e-9)
        mean, deviation = market[:, used].mean(axis=0), market[:, used].std(axis=0)
        observations = np.clip((market[:, used] - mean) / deviation, -CLIP, CLIP)
        settings = self.settings
        model = fit_hidden_markov(observations, settings.states, settings.covariance, settings.restarts, settings.seed)
        returns, volatility = self._by_state(model, observations, market[:, 0])
        order = np.argsort(volatility, kind="stable")
        self.fitted = FittedRegime(
            used, mean, deviation, model.ordered(order), label_states(returns[order], volatility[order]),
            float(np.quantile(market[:, 1], settings.crisis_quantile)),
        )
        self.reset()
        return self

    def _by_state(self, model: HiddenMarkov, observations: np.ndarray, market_return: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        posterior = filter_rows(model, observations, model.start.copy(), np.zeros(1, np.int64))
        weight = posterior / np.maximum(posterior.sum(axis=0), 1e-12)
        mean = weight.T @ market_return
        return mean, np.sqrt(np.einsum("tk,tk->k", weight, (market_return[:, None] - mean) ** 2))

    def new_memory(self, n_assets: int) -> Memory:
        """Return the state of the market and of the filter from before the first row."""
        return {**new_market_memory(n_assets), "posterior": np.zeros(self.settings.states), "seen": np.zeros(1, np.int64)}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, K + 5)."""
        if self.fitted is None:
            raise self.unfitted()
        fitted, n_states = self.fitted, self.settings.states
        market = market_rows(rows, self.settings.halflife, memory)
        out = np.zeros((len(rows), n_states + 5), np.float32)
        warm = max(0, self.settings.warmup - int(memory["rows"][0]))
        observations = np.clip((market[warm:, fitted.used] - fitted.mean) / fitted.deviation, -CLIP, CLIP)
        if len(observations):
            posterior = filter_rows(fitted.model, observations, memory["posterior"], memory["seen"])
            out[warm:, :n_states] = posterior
            for state, label in enumerate(fitted.labels):
                out[warm:, n_states + label] += out[warm:, state]
            np.minimum(out, 1.0, out=out)
            wild = (posterior[:, -1] >= 0.5) & (market[warm:, 1] >= fitted.crisis_volatility)
            out[warm:, n_states + 4] = wild
        return out

    def fitted_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted model."""
        if self.fitted is None:
            return {}, {}
        fitted, model = self.fitted, self.fitted.model
        names = ("start", "transition", "means", "whitener", "log_scale")
        arrays = {f"model/{name}": getattr(model, name) for name in names}
        arrays |= {"used": fitted.used, "mean": fitted.mean, "deviation": fitted.deviation, "labels": fitted.labels}
        columns = [MARKET_COLUMNS[index] for index in fitted.used]
        labels = [LABELS[label] for label in fitted.labels]
        return {"crisis_volatility": fitted.crisis_volatility, "observations": columns, "labels": labels}, arrays

    def load_fitted(self, fitted: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take over a fitted model."""
        if not fitted:
            self.fitted = None
            return
        model = HiddenMarkov(*(arrays[f"model/{name}"] for name in ("start", "transition", "means", "whitener", "log_scale")))
        parts = (arrays["used"], arrays["mean"], arrays["deviation"])
        self.fitted = FittedRegime(*parts, model, arrays["labels"], float(fitted["crisis_volatility"]))


def label_states(mean: np.ndarray, volatility: np.ndarray) -> np.ndarray:
    """Return each state's index into LABELS, int64 (K,), from its mean return and volatility."""
    rising, wild = mean > 0.0, volatility > np.median(volatility)
    labels: np.ndarray = np.select([rising & ~wild, ~rising & wild, rising & wild], [0, 1, 2], 3).astype(np.int64)
    return labels
