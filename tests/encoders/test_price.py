import numpy as np
import pytest

from quantgym.encoders.price import PriceEncoder, PriceSettings

from .test_adjusted import tape_of


def test_returns_volatility_and_volume_by_hand():
    tape = tape_of([100, 110, 99, 99], volume=[99, 99, 99, 399])
    encoder = PriceEncoder(PriceSettings(lags=(1, 2), window=2))
    table = encoder.transform(tape)[:, 0]
    names = [column.name for column in encoder.columns]
    column = {name: table[:, index] for index, name in enumerate(names)}
    assert names == ["return_1", "return_2", "volatility_2", "relative_volume", "range", "gap", "tradable"]
    # ln 1.1, ln 0.9, 0
    assert column["return_1"] == pytest.approx([0, 0.0953102, -0.1053605, 0], abs=1e-6)
    # ln(99/100) in row 2, ln(99/110) in row 3
    assert column["return_2"] == pytest.approx([0, 0, -0.0100503, -0.1053605], abs=1e-6)
    # half the difference of the two returns
    assert column["volatility_2"] == pytest.approx([0, 0, 0.1003353, 0.0526803], abs=1e-6)
    # (399 + 1) / ((99 + 399) / 2 + 1) = 1.6
    assert column["relative_volume"] == pytest.approx([0, 0, 0, np.log(1.6)], abs=1e-6)
    assert column["tradable"].tolist() == [1, 1, 1, 1]


def test_a_split_is_no_return():
    encoder = PriceEncoder(PriceSettings(lags=(1,), window=2))
    assert encoder.transform(tape_of([100, 50, 50], split=[1, 2, 1]))[1, 0, 0] == 0.0


def test_a_late_listing_warms_up_by_its_own_clock():
    encoder = PriceEncoder(PriceSettings(lags=(1,), window=2))
    table = encoder.transform(tape_of([10, 10, 12, 12], recorded=[0, 0, 1, 1]))
    assert table[:, 0, 5].tolist() == [0, 0, 1, 1]  # tradable
    assert np.all(table[:, 0, 0] == 0.0)
    assert np.all(table[:2] == 0.0)
