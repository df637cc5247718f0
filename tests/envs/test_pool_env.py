"""Environments over several tapes, with limits and with frictions of their own for each episode."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from quantgym.data.spread import with_spread
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.features import price_features
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.market.order import Refusal

TAPES = [gbm_tape(1, 60), gbm_tape(2, 90), gbm_tape(3, 40)]
RANDOM = {"fees": [0.5, 2.0], "latency": {"kind": "choice", "values": [0.0, 50.0], "of": "value"}}


def made(n=4, **settings):
    return TradingVectorEnv(**{"tape": TAPES, "num_envs": n, "episode_bars": 8, "window": 3, **settings})


def played(env, n_steps, seed=0):
    """Observations, rewards and infos of random play."""
    seen = [env.reset(seed=seed)]
    env.action_space.seed(1)
    actions = [env.action_space.sample() for _ in range(n_steps)]
    return actions, [*seen, *(env.step(action) for action in actions)]


def test_every_tape_is_played_on_its_own_features_and_no_episode_leaves_its_tape():
    env = made(n=64, info=("row", "segment"))
    _, steps = played(env, 40)
    used = set()
    for step in steps[1:]:
        segment, row = step[4]["segment"], env.books.rows
        start, stop = env.world.pool.segments[env.books.episode["segment"]].T
        assert ((row >= start) & (row < stop)).all()
        used |= set(segment.tolist())
    assert used == {0, 1, 2}
    e = int(np.flatnonzero(env.books.episode["segment"] == 1)[0])
    own = price_features(TAPES[1]).values
    row = env.books.rows[e] - 60
    assert np.array_equal(steps[-1][0][e][: 3 * own.shape[1]], own[row - 2 : row + 1].ravel())


def test_one_tape_in_a_list_is_the_tape():
    one, listed = made(tape=TAPES[0]), made(tape=[TAPES[0]])
    actions, steps = played(one, 20)
    assert listed.reset(seed=0)[0].tobytes() == steps[0][0].tobytes()
    for action, step in zip(actions, steps[1:], strict=True):
        assert listed.step(action)[0].tobytes() == step[0].tobytes()


def test_a_sub_environment_of_a_pool_with_everything_drawn_is_what_it_would_be_alone():
    settings = {"randomise": RANDOM, "tape_weights": {"gbm-2": 3.0}, "limits": {"max_leverage": 0.6}, "info": ("frictions",)}
    batch = made(n=5, **settings)
    actions, steps = played(batch, 30)
    for e in (0, 4):
        alone = made(n=1, **settings)
        alone.streams.seed(0, np.ones(1, bool))
        alone.streams._sequences[0] = np.random.SeedSequence(0, spawn_key=(e,))  # the stream that it has in the batch
        first, _ = alone.reset()
        assert first[0].tobytes() == steps[0][0][e].tobytes()
        for action, step in zip(actions, steps[1:], strict=True):
            seen, paid, _, _, info = alone.step(action[e : e + 1])
            assert seen[0].tobytes() == step[0][e].tobytes()
            assert paid[0] == step[1][e]
            assert info["frictions"][0].tolist() == step[4]["frictions"][e].tolist()


def test_frictions_are_drawn_anew_for_each_episode_and_reach_the_account():
    env = made(n=2, randomise={"fees": [0.5, 2.0]}, info=("frictions", "commission", "traded_notional"), episode_bars=2)
    env.reset(seed=3)
    drawn = set()
    for _ in range(6):
        *_, info = env.step(np.array([1, 1]))
        source = info.get("final_info", info)
        for e in range(2):
            fee = source["commission"][e] / source["traded_notional"][e]
            assert fee == pytest.approx(0.0005 * source["frictions"][e, 0], rel=1e-9)
            drawn.add(float(source["frictions"][e, 0]))
    assert len(drawn) == 6  # three episodes each


def test_without_randomise_seeds_give_what_they_gave():
    _, plain = played(made(tape=TAPES[0]), 20)
    _, fixed = played(made(tape=TAPES[0], randomise={}, limits=None), 20)
    assert all(a[0].tobytes() == b[0].tobytes() for a, b in zip(plain, fixed, strict=True))


def test_limits_drop_orders_of_actions_and_count_them():
    env = made(n=2, action="positions", limits={"max_leverage": 0.5}, info=("refused", "exposure"))
    env.reset(seed=0)
    *_, info = env.step(np.array([1, 0]))
    assert info["refused"][:, Refusal.LEVERAGE].tolist() == [1, 0]
    assert info["exposure"].tolist() == [0.0, 0.0]


def test_limits_begin_anew_with_every_episode():
    env = made(n=1, action="positions", limits={"max_drawdown": 1e-9}, episode_bars=5, info=("refused",))
    env.reset(seed=0)
    traded = 0
    for _ in range(40):
        *_, info = env.step(np.array([1]))
        traded += int(info["refused"][0, Refusal.LIMIT_DRAWDOWN] == 0)
    assert traded > 8  # at least the first decision of each episode


@pytest.mark.parametrize("mode", ["same_step", "next_step"])
def test_a_state_in_the_middle_goes_on_as_it_would_have(mode):
    settings = {"randomise": RANDOM, "limits": {"max_orders_per_minute": 1, "max_daily_loss": 0.05}, "autoreset_mode": mode,
                "start": {"kind": "rows", "rows": [25, 80, 100]}, "info": ("frictions",)}  # fmt: skip
    env = made(**settings)
    actions, _ = played(env, 7)
    state = env.get_state()
    before = [env.step(action) for action in actions]
    other = made(**settings)
    other.reset(seed=9)
    other.set_state(state)
    for action, (seen, paid, *_, info) in zip(actions, before, strict=True):
        again = other.step(action)
        assert again[0].tobytes() == seen.tobytes()
        assert again[1].tobytes() == paid.tobytes()
        assert again[4]["frictions"].tobytes() == info["frictions"].tobytes()


def test_estimated_spreads_look_back_on_their_own_tape_alone():
    costs = CostSettings(spread="corwin_schultz")
    env = made(costs=costs)
    alone = with_spread(TAPES[1], "corwin_schultz", costs.spread_window)
    assert env.simulator.terms[60:150].tobytes() == alone.terms.tobytes()


def test_a_fee_schedule_must_hold_on_every_tape():
    early = [gbm_tape(1, 60, start="2024-01-02"), gbm_tape(2, 60, start="1990-01-02")]
    with pytest.raises(DataError, match=r"gbm-2: costs\.fees"):
        made(tape=early, costs=CostSettings(fees="ibkr/us_stocks_fixed"))


def test_rows_are_given_for_each_tape():
    env = made(n=32, rows=[(0, 30), None, [(0, 12), (20, 40)]], start="random")
    env.reset(seed=0)
    for _ in range(30):
        env.step(env.action_space.sample())
        row, member = env.books.rows, env.books.episode["segment"]
        assert (row[member == 0] < 30).all()
        third = row[member == 2] - 150
        assert ((third < 12) | (third >= 20)).all()


def test_a_portfolio_plays_on_several_tapes():
    env = PortfolioVectorEnv([gbm_tape(1, 40, 3), gbm_tape(2, 40, 3)], num_envs=3, episode_bars=5)
    env.reset(seed=0)
    for _ in range(12):
        env.step(env.action_space.sample())


def test_regimes_are_found_in_the_features_of_the_environment():
    names = price_features(TAPES[0]).layout.names[:2]
    env = made(start={"kind": "regime", "columns": list(names)})
    env.reset(seed=0)
    with pytest.raises(UnknownNameError, match="market column"):
        made(start={"kind": "regime", "columns": [names[0], f"{names[1]}x"]})


def test_the_checker_finds_nothing():
    report = check(made(n=1, episode_bars=16, randomise=RANDOM, limits={"max_leverage": 0.5}, tape_weights=[1, 2, 3]))
    assert report.skipped == ()


def test_a_single_environment_takes_the_same_settings():
    env = gymnasium.make("quantgym:quantgym/Trading-v0", tape=TAPES, episode_bars=8, randomise=RANDOM, limits={"max_leverage": 0.5},
                         tape_weights=[1, 0, 1], info=("segment", "frictions"))  # fmt: skip
    _, info = env.reset(seed=4)
    assert info["segment"] in (0, 2)
    assert len(info["frictions"]) == 2


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"tape": []}, ConfigError, "tape must be a Tape, the name of one, or a list of these"),
    ({"tape": [TAPES[0], 7]}, ConfigError, "tape must be a Tape"),
    ({"tape": [TAPES[0], gbm_tape(2, 50, lot=0.1)]}, DataError, "cannot share an environment: lot of asset 0"),
    ({"tape_weights": [1, 2]}, Exception, "one for each of 3 tapes"),
    ({"tape_weights": {"gbm-7": 1}}, UnknownNameError, "unknown tape 'gbm-7'"),
    ({"tape_weights": ["a", 1, 1]}, ConfigError, "tape_weights must be numbers"),
    ({"tape": TAPES[0], "tape_weights": [1]}, ConfigError, "tape_weights need several tapes"),
    ({"tape_weights": 7}, ConfigError, "tape_weights must be a list of numbers, or map names of tapes to numbers, was 7"),
    ({"features": lambda tape: tape.close}, ConfigError, "features must be a FeatureTable, or a function .* returned ndarray"),
    ({"features": price_features(TAPES[0])}, ConfigError, "features of 3 tapes must be a list of 3 tables, one function"),
    ({"rows": (0, 50)}, ConfigError, "rows of 3 tapes must be a list of 3"),
    ({"rows": [(0, 50), (0, 99), None]}, DataError, r"rows must satisfy .* \(tape gbm-2\)"),
    ({"tape": TAPES[0], "rows": [(0, 20), (10, 30)]}, DataError, "do not overlap"),
    ({"rows": [(0, 5), None, None]}, DataError, "tape 0 of the pool has no room"),
    ({"randomise": {"fee": [1, 2]}}, UnknownNameError, "did you mean fees"),
    ({"limits": {"max_gros": 1.0}}, ConfigError, "max_gross"),
    ({"start": {"kind": "regmie"}}, ConfigError, "did you mean regime"),
    ({"info": ("frictions",)}, ConfigError, "info frictions needs frictions that are drawn"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused(settings, error, says):
    with pytest.raises(error, match=says):
        made(**settings)


def test_a_pool_whose_symbols_differ_is_traded_under_the_first():
    other = replace(TAPES[1], instruments=(replace(TAPES[1].instruments[0], symbol="OTHER"),))
    env = made(tape=[TAPES[0], other])
    assert env.tape.symbols == ("S0",)
