import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.encoders.hidden_markov import HiddenMarkov, filter_rows, fit_hidden_markov
from quantgym.encoders.regime import LABELS, RegimeEncoder, RegimeSettings, label_states
from quantgym.market.errors import ConfigError, DataError, ShapeError

TWO_STATES = HiddenMarkov.build(
    np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.0], [2.0]]), np.array([[[1.0]], [[1.0]]])
)


def fresh(model):
    return np.zeros(model.n_states), np.zeros(1, np.int64)


def switching_tape(n_bars=900, seed=3) -> Tape:
    """Two regimes of 150 bars in turn: calm and rising, then wild and falling."""
    draw = np.random.Generator(np.random.PCG64(seed))
    wild = (np.arange(n_bars) // 150) % 2 == 1
    returns = np.where(wild, -0.004, 0.002) + np.where(wild, 0.03, 0.006) * draw.standard_normal(n_bars)
    close = 100.0 * np.exp(np.cumsum(returns))
    opened = np.append(100.0, close[:-1])
    bars = bar_records(opened, np.maximum(opened, close), np.minimum(opened, close), close, np.full(n_bars, 1e6))
    template = gbm_tape(0, n_bars)
    return Tape.build("switching", template.instruments, template.clock, bars)


def test_the_filter_is_bayes_rule_by_hand():
    posterior = filter_rows(TWO_STATES, np.array([[2.0], [0.0]]), *fresh(TWO_STATES))
    # row 0: densities e^-2 and 1 on the start (1/2, 1/2): P = e^-2 / (1 + e^-2) = 0.1192029
    assert posterior[0] == pytest.approx([0.1192029, 0.8807971], abs=1e-7)
    # row 1: predicted 0.9 x 0.1192029 + 0.2 x 0.8807971 = 0.2834421; densities 1 and e^-2:
    # 0.2834421 / (0.2834421 + 0.7165579 x 0.1353353) = 0.7450798
    assert posterior[1, 0] == pytest.approx(0.2834421 / (0.2834421 + 0.7165579 * np.exp(-2.0)), abs=1e-7)


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_the_filter_is_the_last_row_of_hmmlearns_prefixes_and_not_its_smoothed_posterior(covariance):
    from hmmlearn.hmm import GaussianHMM

    draw = np.random.Generator(np.random.PCG64(0))
    observations = draw.standard_normal((600, 2)) * np.where(np.arange(600) // 60 % 2, 0.6, 1.6)[:, None]
    model = fit_hidden_markov(observations, 3, covariance, restarts=1, seed=0)
    filtered = filter_rows(model, observations, *fresh(model))
    hmm = GaussianHMM(3, covariance_type="full")
    hmm.startprob_, hmm.transmat_, hmm.means_, hmm.covars_ = model.start, model.transition, model.means, model.covariances
    for row in range(0, 600, 37):
        assert np.abs(filtered[row] - hmm.predict_proba(observations[: row + 1])[-1]).max() < 1e-9
    assert np.abs(filtered - hmm.predict_proba(observations)).max() > 0.3


def test_an_absurd_bar_leaves_the_filter_finite():
    posterior = filter_rows(TWO_STATES, np.array([[1e6], [0.0]]), *fresh(TWO_STATES))
    assert np.isfinite(posterior).all()
    assert posterior.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_states_are_ordered_by_volatility_and_know_the_regime():
    tape = switching_tape()
    encoder = RegimeEncoder(RegimeSettings(states=2, restarts=2)).fit(tape.slice(0, 600))
    table = encoder.transform(tape)
    wild = (np.arange(900) // 150) % 2 == 1
    later = np.arange(900) % 150 >= 20  # some rows to notice a switch
    assert table[wild & later, 1].mean() > 0.9
    assert table[~wild & later & (np.arange(900) >= 20), 0].mean() > 0.9
    names = [column.name for column in encoder.columns]
    # the calm one rises, the wild one falls
    assert encoder.state().fitted["labels"] == ["bull", "bear"]
    assert np.array_equal(table[:, names.index("bull")], table[:, 0])
    assert np.array_equal(table[:, names.index("bear")], table[:, 1])
    crisis = table[:, names.index("crisis")]
    assert crisis[wild].mean() > 0.02
    assert crisis[~wild & later].mean() == 0.0


def test_posteriors_and_labels_sum_to_one(us_tech):
    encoder = RegimeEncoder(RegimeSettings(restarts=1)).fit(us_tech)
    table = encoder.transform(us_tech)[20:]
    assert table[:, :3].sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    assert table[:, 3:7].sum(axis=1) == pytest.approx(1.0, abs=1e-6)


def test_labels_follow_from_the_sign_of_the_mean_and_the_median_volatility():
    labels = label_states(np.array([0.1, -0.1, 0.1, -0.1]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert [LABELS[label] for label in labels] == ["bull", "low_vol_chop", "high_vol_chop", "bear"]


def test_a_second_fit_gives_the_same_bits(us_tech):
    first, second = (RegimeEncoder(RegimeSettings(restarts=2)).fit(us_tech).transform(us_tech) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_a_tape_without_volumes_is_read_without_them():
    tape = switching_tape()
    bars = tape.bars.copy()
    bars["volume"] = 0.0
    silent = Tape.build("silent", tape.instruments, tape.clock, bars)
    encoder = RegimeEncoder(RegimeSettings(states=2, restarts=1)).fit(silent)
    assert encoder.state().fitted["observations"] == ["log_return", "log_volatility"]


def test_too_short_a_training_part_is_refused():
    with pytest.raises(DataError, match=r"regime: fit needs 170 rows .*, tape gbm-0 has 100"):
        RegimeEncoder().fit(gbm_tape(0, 100))


def test_encoding_before_fitting_is_refused():
    with pytest.raises(ConfigError, match="regime must be fitted"):
        RegimeEncoder().transform(gbm_tape(0, 100))


def test_observations_of_another_width_are_refused():
    with pytest.raises(ShapeError, match=r"observations must be \(n, 1\)"):
        filter_rows(TWO_STATES, np.zeros((3, 2)), *fresh(TWO_STATES))
