import pytest

from quantgym.encoders.signals.ma_cross import MovingAverageCross, MovingAverageCrossSettings
from quantgym.encoders.signals.momentum import Momentum, MomentumSettings

from .test_adjusted import tape_of


def targets(encoder, closes, **columns):
    return encoder.transform(tape_of(closes, **columns))[:, 0, 0].tolist()


def test_the_cross_is_long_while_the_fast_mean_is_above():
    # fast 1, slow 2: the close against the mean of the last two; equal means no target
    encoder = MovingAverageCross(MovingAverageCrossSettings(fast=1, slow=2, short=True))
    assert targets(encoder, [10, 12, 11, 11, 13]) == [0, 1, -1, 0, 1]
    assert encoder.columns[0].name == "ma_cross_1_2"


def test_without_shorting_the_other_side_is_flat():
    encoder = MovingAverageCross(MovingAverageCrossSettings(fast=1, slow=2))
    assert targets(encoder, [10, 12, 11]) == [0, 1, 0]


def test_momentum_follows_the_return_over_its_lookback():
    # over two rows: 11/10 up, 9/12 down, 11/11 flat
    encoder = Momentum(MomentumSettings(lookback=2, short=True))
    assert targets(encoder, [10, 12, 11, 9, 11]) == [0, 0, 1, -1, 0]


def test_momentum_leaves_out_its_latest_rows_and_small_moves():
    # close of the row before against two rows ago: 12/10 = +20 %, then 11/12 = -8 %, which is under the threshold of 10 %
    encoder = Momentum(MomentumSettings(lookback=2, skip=1, threshold=0.1, short=True))
    assert targets(encoder, [10, 12, 11, 9]) == [0, 0, 1, 0]


@pytest.mark.parametrize("encoder", [MovingAverageCross(MovingAverageCrossSettings(fast=1, slow=2, short=True)),
                                     Momentum(MomentumSettings(lookback=1, short=True))])
def test_a_split_is_no_signal(encoder):
    assert targets(encoder, [100, 50, 50], split=[1, 2, 1]) == [0, 0, 0]
