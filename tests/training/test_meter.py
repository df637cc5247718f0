"""What the meter says about sampled environments, with sums made by hand beside it, in both autoreset modes."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.regime import LABELS
from quantgym.encoders.table import FeatureTable
from quantgym.envs.features import price_features
from quantgym.market.account import COSTS
from quantgym.market.errors import IntegrityError
from quantgym.simulator.trade import trades
from quantgym.training.environment import Blueprint
from quantgym.training.meter import MeteredVectorEnv, regime_of_rows
from quantgym.training.tally import Sums, tally

MODES = ("next_step", "same_step")


@pytest.fixture(scope="module")
def blueprint():
    tape = gbm_tape(2, 120, 1)
    settings = {"action": "six_actions", "episode_bars": 6}
    return Blueprint("quantgym/Trading-v0", tape, price_features(tape), (20, 100), None, settings, reward_scale=10.0)


def metered(blueprint, n=3, mode="next_step", **options):
    return MeteredVectorEnv(blueprint.make(n, autoreset_mode=mode, info=(), **options), blueprint.reward_scale)


def by_hand(blueprint, n, calls, mode):
    """Add up the records account by account; all episodes end together, and are reset by a call of their own."""
    sums = dict.fromkeys(("reward", "turnover", "exposure", "drawdown", "equity", "episode_return", "costs"), 0.0)
    counts = dict.fromkeys(("bars", "episodes", "won", "lost", "episode_bars"), 0)
    actions = np.zeros(6, np.int64)
    env = blueprint.make(n, autoreset_mode="disabled", info=("turnover", "exposure"))
    env.reset(seed=1)
    paths, paid, ended = [[100_000.0] for _ in range(n)], np.zeros(n), False
    for call in range(calls):
        if ended:
            env.reset()
            paths, paid, ended = [[100_000.0] for _ in range(n)], np.zeros(n), False
            if mode == "next_step":
                continue
        _, reward, _, truncated, info = env.step(plan(n, call))
        for e, record in enumerate(env.simulator.record):
            counts["bars"] += 1
            counts["won"] += record["equity"] > paths[e][-1]
            counts["lost"] += record["equity"] < paths[e][-1]
            sums["reward"] += reward[e]
            sums["turnover"] += info["turnover"][e]
            sums["exposure"] += info["exposure"][e]
            sums["costs"] += sum(record[line] for line in COSTS) / paths[e][-1]
            actions[plan(n, call)[e]] += 1
            paid[e] += reward[e]
            paths[e].append(float(record["equity"]))
            if truncated[e]:
                curve, ended = np.array(paths[e]), True
                counts["episodes"] += 1
                counts["episode_bars"] += len(curve) - 1
                sums["equity"] += curve[-1] / curve[0]
                sums["drawdown"] += (1.0 - curve / np.maximum.accumulate(curve)).max()
                sums["episode_return"] += paid[e]
    return sums, counts, actions


def plan(n, call):
    return (np.arange(n) + call) % 6


@pytest.mark.parametrize("mode", MODES)
def test_figures_equal_those_of_a_loop_by_hand_where_resets_are_calls_of_their_own(blueprint, mode):
    env, calls = metered(blueprint, 3, mode), 20
    env.reset(seed=1)
    for call in range(calls):
        env.step(plan(3, call))
    sums, counts, actions = by_hand(blueprint, 3, calls, mode)
    # next step: 6 bars and a reset, so 20 calls hold 18 bars; same step: 20 bars; of each of 3 accounts
    assert counts["bars"] == 3 * (18 if mode == "next_step" else 20)
    figures, bars, episodes = env.read(), counts["bars"], counts["episodes"]
    for name in ("reward", "turnover", "exposure"):
        assert figures[f"train/{name}"] == pytest.approx(sums[name] / bars), name
    for name in ("equity", "drawdown", "episode_return"):
        assert figures[f"train/{name}"] == pytest.approx(sums[name] / episodes), name
    assert figures["train/episode_bars"] == counts["episode_bars"] / episodes == 6.0
    assert figures["train/hit_rate"] == pytest.approx(counts["won"] / (counts["won"] + counts["lost"]))
    assert figures["costs/total_bp"] == pytest.approx(sums["costs"] / bars * 1e4)
    assert figures["train/ruined"] == 0.0
    labels = env.env.scheme.labels
    assert [figures[f"actions/{label}"] * bars for label in labels] == pytest.approx(actions)


def test_each_cost_line_has_its_own_tag(blueprint):
    env = metered(blueprint, 2, "same_step")
    env.reset(seed=3)
    spent = np.zeros(len(COSTS))
    for _ in range(5):
        env.step(np.array([1, 2]))
        record = env.env.simulator.record
        spent += [float((record[line] / record["equity_before"]).sum()) for line in COSTS]
    figures = env.read()
    assert [figures[f"costs/{line}_bp"] for line in COSTS] == pytest.approx(spent / 10 * 1e4)
    assert spent[0] > 0.0


@pytest.mark.parametrize("mode", MODES)
def test_holding_time_is_that_of_the_trades_of_the_log(blueprint, mode):
    env = metered(blueprint, 1, mode, record_fills=True, episode_bars=40)
    env.reset(seed=1)
    fills = []
    for call in range(40):
        env.step(np.array([[1, 0, 3, 0, 0, 2, 1, 5][call % 8]]))
        simulator = env.env.simulator
        if call < 39:  # in the last step a new episode may have begun already
            fills.append(simulator.fills_of_step(0).copy())
            position, row = simulator.position[0].copy(), int(simulator.record[0]["row"])
    done = trades(np.concatenate(fills), env.env.tape, position, row)
    # those that are open go on to the row after, where the episode ends: one more bar
    bars = done["bars"].sum() + done["still_open"].sum()
    assert len(done) >= 5
    assert env.read()["train/holding_bars"] == pytest.approx(bars / len(done))


def test_returns_are_told_apart_by_the_regime_at_the_decision():
    tape = gbm_tape(2, 60, 1)
    values = np.zeros((60, len(LABELS)), np.float32)
    values[10:30, 1], values[30:, 3] = 0.9, 0.8  # rows 0-9 warm up, then bear, then low_vol_chop
    table = FeatureTable(values, Layout(tape.symbols, tuple(Column(name, "probability", 0.0, 1.0) for name in LABELS)), tape.digest)
    assert regime_of_rows(table).tolist() == [-1] * 10 + [1] * 20 + [3] * 30
    env = metered(Blueprint("quantgym/Trading-v0", tape, table, (5, 55), None, {"action": "six_actions"}), 1,
                  start="first", episode_bars=None)  # fmt: skip
    env.reset(seed=0)
    account, path = env.env.simulator.account, []
    first = int(env.env.simulator.rows[0])
    path.append(float(account["equity"][0]))
    for _ in range(40):
        env.step(np.array([1]))
        path.append(float(account["equity"][0]))
    returns = np.diff(path) / path[:-1]
    rows = first + np.arange(40)  # of the decisions
    figures = env.read()
    bear, chop = returns[(rows >= 10) & (rows < 30)], returns[rows >= 30]
    assert figures["regime/return_bear_bp"] == pytest.approx(bear.mean() * 1e4)
    assert figures["regime/return_low_vol_chop_bp"] == pytest.approx(chop.mean() * 1e4)
    assert figures["regime/share_bear"] == pytest.approx(20 / 40)
    assert "regime/return_bull_bp" not in figures


def test_without_a_regime_encoder_there_are_no_regimes(blueprint):
    assert len(regime_of_rows(blueprint.table)) == 0
    env = metered(blueprint)
    env.reset(seed=1)
    env.step(np.ones(3, np.int64))
    assert not [name for name in env.read() if name.startswith("regime/")]


def test_reading_begins_anew_and_no_data_means_no_tag(blueprint):
    env = metered(blueprint)
    env.reset(seed=1)
    env.step(np.zeros(3, np.int64))
    assert set(env.read()) >= {"train/reward", "speed/env_us_a_step", *(f"costs/{line}_bp" for line in COSTS)}
    assert env.read() == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_meter_goes_on_from_its_state_to_the_bit(blueprint, mode):
    whole, first, second = (metered(blueprint, 3, mode) for _ in range(3))
    for env in (whole, first, second):
        env.reset(seed=2)
    for call in range(20):
        whole.step(plan(3, call))
        if call < 9:  # in the middle of an episode
            first.step(plan(3, call))
    second.env.set_state(first.env.get_state())
    second.load(first.state())
    for call in range(9, 20):
        second.step(plan(3, call))
    timed = "speed/env_us_a_step"
    one, other = whole.read(), second.read()
    assert {name: value for name, value in one.items() if name != timed} == {
        name: value for name, value in other.items() if name != timed
    }


def test_a_state_of_another_batch_is_refused_and_changes_nothing(blueprint):
    env = metered(blueprint, 3)
    env.reset(seed=2)
    env.step(np.ones(3, np.int64))
    before = env.state()
    with pytest.raises(IntegrityError, match=r"meter: paid must have the shape \(3,\), was \(2,\)"):
        env.load(metered(blueprint, 2).state())
    assert all(np.array_equal(value, before[name]) for name, value in env.state().items())


def test_the_sums_of_two_runners_are_those_of_both_batches(blueprint):
    runners = [metered(blueprint, 3), metered(blueprint, 3)]
    bars = []
    for seed, env in enumerate(runners):
        env.reset(seed=seed)
        for call in range(8 + seed):
            env.step(plan(3, call))
        bars.append(env.state()["counts"][0])
    taken = [env.take() for env in runners]
    both = (taken[0] + taken[1]).figures()
    rewards = [sums.figures()["train/reward"] for sums in taken]
    # 8 calls hold 7 bars of each of 3 accounts, 9 calls hold 8
    assert bars == [21, 24]
    assert both["train/reward"] == pytest.approx((21 * rewards[0] + 24 * rewards[1]) / 45)
    assert runners[0].read() == {}


def test_the_kernel_counts_as_plain_python_does(blueprint):
    env = metered(blueprint, 3, "same_step")
    env.reset(seed=1)
    onlooker, sums = env._onlooker, Sums.zero(env.env.scheme.labels)
    paid, peak, worst = np.zeros(3), np.zeros(3), np.zeros(3)
    opened = np.full((3, 1), -1, np.int64)
    nobody, plain = np.zeros(3, np.bool_), getattr(tally, "py_func", tally)
    for call in range(5):  # no episode ends: the books are still there after the step
        _, scaled, terminated, truncated, _ = env.step(plan(3, call))
        records = [array.view(np.recarray) for array in onlooker._kept[:4]]
        plain(nobody, plan(3, call), scaled / 10.0, terminated, truncated, *records, *onlooker._kept[4:6], paid, peak, worst,
              opened, sums.amounts, sums.counts, sums.refused, sums.actions, sums.regime_return, sums.regime_bars)  # fmt: skip
    assert np.array_equal(opened, onlooker.opened)
    assert np.array_equal(worst, onlooker.worst)
    own, other = env.take(), sums
    assert np.array_equal(own.counts, other.counts)
    assert own.amounts == pytest.approx(other.amounts, rel=1e-12)


def test_actions_and_weights_of_the_last_step_are_shown_as_they_are_spread(blueprint):
    env = metered(blueprint, 3)
    env.reset(seed=1)
    assert set(env.distributions()) == {"weights"}
    hold = env.env.scheme.labels.index("hold")
    env.step(np.array([1, hold, 1]))
    shown = env.distributions()
    assert shown["actions"].tolist() == [1, hold, 1]
    assert shown["weights"].shape == (3, 1)
    simulator = env.env.simulator
    value = simulator.position["units"][0, 0] * simulator.position["mark"][0, 0]
    assert shown["weights"][0, 0] == pytest.approx(value / simulator.account["equity"][0])
    assert shown["weights"][1, 0] == 0.0


@pytest.mark.parametrize("mode", MODES)
def test_the_meter_passes_observations_through_untouched_and_scales_rewards(blueprint, mode):
    env, plain = metered(blueprint, 3, mode), blueprint.make(3, autoreset_mode=mode, info=())
    assert np.array_equal(env.reset(seed=4)[0], plain.reset(seed=4)[0])
    for _ in range(9):
        one, other = env.step(np.ones(3, np.int64)), plain.step(np.ones(3, np.int64))
        for place in (0, 2, 3):
            assert np.array_equal(one[place], other[place])
        assert np.array_equal(one[1], 10.0 * other[1])
    env.close()
    assert env.closed
