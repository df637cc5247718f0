"""The checker finds encoders that look ahead, stream differently or forget: each planted fault is a way to fool oneself."""

from dataclasses import dataclass

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.adjusted import adjust_tape
from quantgym.encoders.base import EncoderState, build_encoder
from quantgym.encoders.check import check_encoder
from quantgym.encoders.column import Column
from quantgym.encoders.market_state import market_rows, new_market_memory
from quantgym.encoders.price import PriceEncoder
from quantgym.encoders.regime import RegimeEncoder, RegimeSettings
from quantgym.encoders.stream import StreamEncoder
from quantgym.market.errors import DataError, IntegrityError


@dataclass(frozen=True)
class NoSettings:
    pass


class FromReturns(StreamEncoder):
    """Encodes by a function of all log returns (T, A) at hand, as a careless notebook would."""

    name = "from_returns"
    settings_class = NoSettings
    columns = (Column("value", "score"),)

    def of(self, returns):
        return returns

    def encode(self, rows, memory):
        return self.of(rows["log_return"])[:, :, None].astype(np.float32)


class Honest(FromReturns):
    pass


class PeeksOneRow(FromReturns):
    def of(self, returns):
        return np.vstack([returns[1:], returns[-1:]])


class CentredWindow(FromReturns):
    def of(self, returns):
        padded = np.vstack([returns[:1], returns, returns[-1:]])
        return (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0


class ScaledByEverything(FromReturns):
    def of(self, returns):
        return returns / (returns.std(axis=0) + 1e-9)


class NormalisedByTheNext(FromReturns):
    def of(self, returns):
        following = np.vstack([np.abs(returns[1:]), np.full_like(returns[:1], 0.01)])
        return returns / (following + 1e-4)


class PeeksRarely(FromReturns):
    # only one row in seven knows the future
    def of(self, returns):
        leaky = returns.copy()
        leaky[:-1][::7] += returns[1:][::7]
        return leaky


class SmoothedRegime(RegimeEncoder):
    # hmmlearn's own posteriors: the classic mistake
    def transform(self, tape):
        from hmmlearn.hmm import GaussianHMM

        assert self.fitted is not None
        model, used = self.fitted.model, self.fitted.used
        hmm = GaussianHMM(model.n_states, covariance_type="full")
        hmm.startprob_, hmm.transmat_, hmm.means_, hmm.covars_ = model.start, model.transition, model.means, model.covariances
        market = market_rows(adjust_tape(tape), self.settings.halflife, new_market_memory(tape.n_assets))[self.settings.warmup :]
        out = super().transform(tape)
        observations = (market[:, used] - self.fitted.mean) / self.fitted.deviation
        out[self.settings.warmup :, : model.n_states] = hmm.predict_proba(observations)
        return out


class LeakyStream(PriceEncoder):
    def update(self, row):
        return super().update(row) * np.float32(1.0 + 1e-6)


class ForgetfulState(PriceEncoder):
    def state(self):
        return EncoderState(self.name, {"lags": list(self.settings.lags), "window": self.settings.window})


class NotFinite(FromReturns):
    def of(self, returns):
        with np.errstate(divide="ignore"):
            return np.where(np.arange(len(returns))[:, None] == 20, np.inf, returns)


class BeyondItsRange(FromReturns):
    columns = (Column("value", "score", 0.0, 1.0),)


class SpeaksInItsWarmup(PriceEncoder):
    def transform(self, tape):
        return super().transform(tape) + np.float32(0.5)


class InDoublePrecision(PriceEncoder):
    def transform(self, tape):
        return super().transform(tape).astype(np.float64)


def restored_by(encoder):
    return lambda state: type(encoder)(encoder.settings).load(state)


WALK = gbm_tape(5, 120, 2)


def test_an_honest_encoder_passes():
    encoder = Honest()
    assert check_encoder(encoder, WALK, restore=restored_by(encoder)).cuts[-1] == 118


@pytest.mark.parametrize("leaky", [PeeksOneRow, CentredWindow, ScaledByEverything, NormalisedByTheNext, PeeksRarely])
def test_a_look_ahead_is_found(leaky):
    encoder = leaky()
    # cuts at every seventh row and its neighbours, so that even a rare peek is met
    with pytest.raises(IntegrityError, match=r"column value differs in \d+ places.*it looks into the future"):
        check_encoder(encoder, WALK, cuts=tuple(range(50, 58)), restore=restored_by(encoder))


def test_smoothed_posteriors_are_found():
    tape = gbm_tape(2, 400, 2)
    encoder = SmoothedRegime(RegimeSettings(states=2, restarts=1)).fit(tape.slice(0, 300))
    with pytest.raises(IntegrityError, match=r"column regime_0 differs.*it looks into the future"):
        check_encoder(encoder, tape)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (LeakyStream, "update row by row: column .* differs"),
        (ForgetfulState, "update after a restored state"),
        (NotFinite, "must be finite, was .* at row 20"),
        (BeyondItsRange, r"must lie in \[0.0, 1.0\]"),
        (SpeaksInItsWarmup, "must be 0 unlisted and in its warm-up"),
        (InDoublePrecision, "must give float32"),
    ],
)
def test_a_broken_promise_is_found(broken, message):
    encoder = broken()
    with pytest.raises(IntegrityError, match=message):
        check_encoder(encoder, WALK, restore=restored_by(encoder))


def test_a_tape_too_short_to_prove_anything_is_refused():
    with pytest.raises(DataError, match=r"has 30 rows, encoder price \(warm-up 20\) needs 40"):
        check_encoder(build_encoder("price"), WALK.slice(0, 30))
