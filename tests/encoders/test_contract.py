"""Everything in the registry keeps the contract, on a random walk and on real data with a split and two late listings."""

import json

import numpy as np
import pytest

from quantgym.encoders.base import ENCODERS, Encoder, EncoderState, build_encoder, restore_encoder
from quantgym.encoders.check import check_encoder
from quantgym.market.errors import ConfigError, IntegrityError, ShapeError, UnknownNameError

from .conftest import SMALL


@pytest.mark.parametrize("kind", ENCODERS)
def test_it_keeps_the_contract_on_a_random_walk(kind, walk):
    encoder = build_encoder(kind, SMALL.get(kind)).fit(walk.slice(0, 250))
    assert isinstance(encoder, Encoder)
    assert encoder.name == kind
    report = check_encoder(encoder, walk)
    assert report.largest_difference == 0.0 or (not encoder.exact and report.largest_difference < 1e-5)


@pytest.mark.parametrize("kind", ENCODERS)
def test_it_keeps_the_contract_on_real_stocks(kind, us_tech):
    encoder = build_encoder(kind, SMALL.get(kind)).fit(us_tech.slice(0, 230))
    check_encoder(encoder, us_tech, cuts=(150, 241, 300))
    assert np.all(encoder.transform(us_tech)[:, us_tech.index_of("FB")] == 0.0) or not encoder.per_asset


@pytest.mark.parametrize("kind", ENCODERS)
def test_its_state_is_json_and_plain_arrays(kind, walk, tmp_path):
    encoder = build_encoder(kind, SMALL.get(kind)).fit(walk.slice(0, 250))
    encoder.prime(walk.slice(0, 200))
    state = encoder.state()
    settings, fitted = json.loads(json.dumps([state.settings, state.fitted]))
    np.savez(tmp_path / "arrays.npz", allow_pickle=False, **state.arrays)
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as file:
        restored = restore_encoder(EncoderState(kind, settings, fitted, dict(file), state.version))
    assert np.array_equal(restored.transform(walk), encoder.transform(walk))
    assert np.array_equal(restored.update(walk.row(200)), encoder.update(walk.row(200)))


def test_an_unknown_kind_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown encoder 'indicator'; did you mean indicators"):
        build_encoder("indicator")


@pytest.mark.parametrize("kind", ENCODERS)
def test_an_unknown_setting_is_refused_by_name(kind):
    with pytest.raises(ConfigError, match=f"job.yaml.{kind}: unknown setting wndow"):
        build_encoder(kind, {"wndow": 3}, "job.yaml")


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("price", {"lags": [0]}, "price.lags"),
        ("price", {"window": 1}, "price.window"),
        ("indicators", {"names": ["rsi_15"]}, "did you mean rsi_14"),
        ("indicators", {"names": []}, "at least one"),
        ("regime", {"states": 1}, "regime.states"),
        ("regime", {"covariance": "spherical"}, "covariance"),
        ("graph_forecast", {"hidden": 15}, "multiple of heads"),
        ("graph_forecast", {"steps": 0}, "graph_forecast.steps"),
        ("graph_forecast", {"edges": "ring"}, "edges"),
        ("ma_cross", {"fast": 50, "slow": 20}, "fast < slow"),
        ("momentum", {"lookback": 5, "skip": 5}, "skip < lookback"),
    ],
)
def test_a_wrong_setting_is_refused(kind, settings, message):
    with pytest.raises(ConfigError, match=message):
        build_encoder(kind, settings)


def test_a_state_of_another_kind_or_version_is_refused():
    state = build_encoder("price").state()
    with pytest.raises(IntegrityError, match="needs a state of its own kind"):
        build_encoder("momentum").load(state)
    with pytest.raises(IntegrityError, match="state version must be 1, was 7"):
        restore_encoder(EncoderState("price", state.settings, version=7))


def test_a_row_with_another_number_of_assets_is_refused(walk):
    encoder = build_encoder("price")
    encoder.update(walk.row(0))
    with pytest.raises(ShapeError, match="the stream has 3 assets"):
        encoder.update(walk.select(["S0"]).row(1))
