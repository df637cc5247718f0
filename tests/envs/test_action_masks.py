"""Masks: what they forbid never becomes an order, what they allow is not declined; in worlds played at random."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.single import TradingEnv
from quantgym.market.actions.registry import SCHEMES
from quantgym.market.cost import CostSettings
from quantgym.market.errors import DataError
from quantgym.market.order import Refusal

STEPS, ENVS = 24, 12
DISCRETE = sorted(name for name, scheme in SCHEMES.items() if scheme.discrete)
ALL_LEGAL = ("quote_grid",)  # its quotes are cut to the room that inventory leaves, and none is forbidden
SETTINGS = {
    "positions": {"short": True, "rebalance": True},
    "levels": {"levels": [-2.0, -0.5, 0.0, 0.3, 1.0]},
    "orders": {"offsets": [0.01], "sizes": [0.3, 1.0], "time_in_force": ["GTC", "IOC"], "max_working": 2},
}
MARKETS = {
    "cash": {},
    "shorts": {"allow_short": True, "max_leverage": 2.5},
    "late orders": {"latency_ms": 3_600_000.0, "participation": 0.00001},
}


def halting_tape(seed):
    """Ten per cent of the bars are halts; S1 is listed at row 30. Few units can be bought: a close of 100, cash of 1,000."""
    tape = gbm_tape(seed, 120, 2, volatility=0.05, late=30)
    recorded = (tape.present != 0) & (np.random.Generator(np.random.PCG64(seed)).random(tape.bars.shape) > 0.1)
    bars = bar_records(*(tape.bars[name] for name in ("open", "high", "low", "close", "volume")), recorded)
    return Tape.build("halts", tape.instruments, tape.clock, bars)


def make(name, market, tape, **options):
    action = {"kind": name, **SETTINGS.get(name, {})}
    return TradingVectorEnv(tape, num_envs=ENVS, asset="S1", action=action, cash=1_000.0, costs=CostSettings(**MARKETS[market]),
                            episode_bars=STEPS + 2, autoreset_mode="disabled", info=("action_mask",), **options)  # fmt: skip


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("name", [name for name in DISCRETE if name not in ALL_LEGAL])
def test_what_is_forbidden_leaves_no_order_and_what_is_allowed_is_not_declined(name, market):
    tape = halting_tape(len(name))
    played, copy = make(name, market, tape), make(name, market, tape)
    generator = np.random.Generator(np.random.PCG64(1))
    _, info = played.reset(seed=7)
    copy.reset(seed=8)
    seen = [0, 0]
    for _ in range(STEPS):
        mask = played.scheme.mask(played.books)
        assert mask.dtype == np.bool_
        assert np.array_equal(mask, info["action_mask"] != 0)
        state = played.get_state()
        for action in range(played.scheme.n):
            copy.set_state(state)
            books, legal = copy.books, mask[:, action]
            before = books.account["next_order_id"].copy()
            copy.scheme.decide(np.full(ENVS, action), books)
            assert not books.declined[legal, 0].any()
            assert not books.intents["lots"][~legal].any()
            assert not books.intents["cancel"][~legal].any()
            copy.set_state(state)
            copy.step(np.full(ENVS, action))
            assert np.array_equal(books.account["next_order_id"][~legal], before[~legal])
            seen[0] += int(legal.sum())
            seen[1] += int((~legal).sum())
        drawn = generator.random(mask.shape) + 10.0 * mask * (generator.random((ENVS, 1)) < 0.9)
        _, _, terminated, _, info = played.step(drawn.argmax(axis=1))
        if terminated.any():
            _, info = played.reset(options={"reset_mask": terminated})
    assert min(seen) > 10


def mask_of(name, **world):
    """Mask of one account at its first decision, by label."""
    settings = {"cash": 1_000.0, "episode_bars": 10, **world}
    env = TradingEnv(settings.pop("tape", gbm_tape(0, 60)), action=name, info=("action_mask", "refused"), start="first", **settings)
    _, info = env.reset(seed=0)
    return dict(zip(env.batch.scheme.labels, info["action_mask"].tolist(), strict=True)), env


def test_a_flat_account_cannot_sell_and_a_poor_one_cannot_buy():
    # 10 % of 1,000 does not buy a unit of about 100 with its costs
    mask, env = mask_of("six_actions")
    assert mask == {"buy 10 %": 0, "buy 50 %": 1, "hold": 1, "sell 10 %": 0, "sell 50 %": 0, "close all": 0}
    _, _, _, _, info = env.step(1)
    # four units: a tenth of them is no unit
    assert env.batch.books.position["units"][0, 0] == 4.0
    assert info["action_mask"].tolist() == [0, 1, 1, 0, 1, 1]


def test_positions_are_short_only_where_shorts_are_allowed():
    three = {"kind": "positions", "short": True}
    mask, env = mask_of(three)
    assert mask == {"short": 0, "flat": 1, "long": 1}
    env.step(2)
    held = env.batch.books.position["units"][0, 0]
    # what is forbidden does nothing, though it was once read as flat
    _, _, _, _, info = env.step(0)
    assert env.batch.books.position["units"][0, 0] == held > 0.0
    assert info["action_mask"].tolist() == [0, 1, 1]
    assert mask_of(three, costs=CostSettings(allow_short=True))[0] == {"short": 1, "flat": 1, "long": 1}
    assert mask_of("positions", cash=50.0)[0] == {"flat": 1, "long": 0}


def test_a_number_of_units_is_short_only_where_shorts_are_allowed():
    one = {"kind": "unit_positions", "units": 3.0}
    mask, env = mask_of(one)
    assert mask == {"short": 0, "flat": 1, "long": 1}
    env.step(2)
    _, _, _, _, info = env.step(0)
    assert env.batch.books.position["units"][0, 0] == 3.0
    assert info["refused"][Refusal.NO_SHORT] == 1
    assert mask_of(one, costs=CostSettings(allow_short=True))[0] == {"short": 1, "flat": 1, "long": 1}


def test_levels_beyond_shorts_and_leverage_are_forbidden():
    levels = {"kind": "levels", "levels": [-1.0, 0.0, 1.0, 2.0]}
    assert mask_of(levels)[0] == {"-1": 0, "0": 1, "1": 1, "2": 0}
    assert mask_of(levels, costs=CostSettings(allow_short=True, max_leverage=2.0))[0] == {"-1": 1, "0": 1, "1": 1, "2": 1}


@pytest.mark.parametrize("name", DISCRETE)
def test_before_an_asset_is_listed_only_to_stay_is_allowed(name):
    mask, env = mask_of(name, tape=gbm_tape(0, 60, 2, late=40), asset="S1")
    allowed = {"six_actions": ["hold"], "positions": ["flat"], "unit_positions": ["flat"], "levels": ["0"], "orders": ["hold"]}
    wanted = list(env.batch.scheme.labels) if name in ALL_LEGAL else allowed[name]
    assert [label for label, legal in mask.items() if legal] == wanted


def test_an_order_that_works_can_be_cancelled_and_takes_its_room():
    menu = {"kind": "orders", "kinds": ["limit"], "offsets": [0.5], "sizes": [0.4], "max_working": 1}
    mask, env = mask_of(menu)
    assert mask == {"hold": 1, "cancel all": 0, "buy limit 40 % at -50 % GTC": 1, "sell limit 40 % at +50 % GTC": 0}
    assert env.step(2)[4]["action_mask"].tolist() == [1, 1, 0, 0]
    assert env.batch.books.account["n_working"][0] == 1
    assert env.step(1)[4]["action_mask"].tolist() == [1, 0, 1, 0]
    assert env.batch.books.account["n_working"][0] == 0


def test_a_tape_of_closes_is_refused_for_orders_that_need_a_path():
    tape = gbm_tape(0, 60)
    bars = tape.bars.copy()
    for name in ("open", "high", "low"):
        bars[name] = bars["close"]
    closes = Tape.build("closes", tape.instruments, tape.clock, bars, close_only=True)
    with pytest.raises(DataError, match="tape closes holds closes only, action orders needs highs and lows for limit and stop"):
        TradingVectorEnv(closes, action="orders", episode_bars=10)
    TradingVectorEnv(closes, action={"kind": "orders", "kinds": ["market"]}, episode_bars=10).reset(seed=0)
