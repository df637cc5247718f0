"""The pass that steps a whole batch gives the bytes of its stages one after the other, in one thread and in two."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.fused_loop import play_range
from quantgym.envs.parts.part import Part
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.replay import play
from quantgym.envs.rewards.log_return import LogReturn, LogReturnSettings
from quantgym.market.actions.six_actions import SixActions
from quantgym.market.actions.weights import TargetWeights
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, QuantgymError, ShapeError

TAPE, MANY = gbm_tape(0, 300, volatility=0.02), gbm_tape(0, 300, n_assets=4)
ROUGH = CostSettings(allow_short=True, max_leverage=3.0, fee_per_unit=0.01, participation=0.1, latency_ms=1.0)
DEADLY = CostSettings(allow_short=True, max_leverage=3.0, ruin_equity_fraction=0.98)


class Reversed(SixActions):
    name = "reversed"

    def decode(self, actions, desk):
        super().decode(5 - actions, desk)


class Half(TargetWeights):
    name = "half"

    def weights(self, actions, desk):
        return 0.5 * actions


class Doubled(LogReturn):
    def pay(self, step, books):
        return 2.0 * super().pay(step, books)


class StepsSeen(Part):
    columns = (Column("steps_seen", "index", 0.0, 1e6),)

    def start(self, n_envs):
        self.seen = np.zeros(n_envs)

    def begin(self, envs, books):
        self.seen[envs] = 0.0

    def after(self, step, books):
        self.seen += 1.0

    def write(self, active, books, out, at):
        out[active, at] = self.seen[active]


class EndsAtAGain(TradingVectorEnv):
    def task_done(self, step):
        return self.books.account["equity"] > 1.001 * self.settings.cash


SETTINGS = {
    "defaults": {},
    "positions": {"action": {"kind": "positions", "short": True, "rebalance": True}, "costs": ROUGH, "reward": "gross_minus_cost"},
    "positions long": {"action": "positions", "reward": {"kind": "gross_minus_cost", "cost_weight": 2.0}, "start": "sequential"},
    "exposure": {"action": "exposure", "costs": ROUGH, "reward": "differential_sharpe", "window": 3},
    "exposure scaled": {"action": {"kind": "exposure", "scale": 2.5}, "costs": ROUGH, "observation": "reference", "window": 9},
    "levels": {"action": "levels", "costs": ROUGH, "reward": {"kind": "differential_sortino", "warmup_bars": 2}},
    "holding": {"action": {"kind": "holding", "max_units": 500.0}, "costs": ROUGH, "observation": "dict"},
    "target weights": {"action": "target_weights", "costs": ROUGH, "private": ["weights", "time_left", "margin"]},
    "menu": {"private": ["time_left", "account"], "reward": ["log_return", {"kind": "drawdown_penalty", "weight": 0.1}]},
    "mask": {"private": ["account", "action_mask"], "observation": "reference", "reward": "differential_sortino"},
    "ruin": {"action": "exposure", "costs": DEADLY, "autoreset_mode": "next_step", "reward": "differential_sharpe"},
    "next step": {"autoreset_mode": "next_step", "window": 40, "private": ["account", "time_left"]},
    "limits": {"limits": {"max_leverage": 0.4}, "reward": "differential_sharpe"},
    "frictions": {"randomise": {"fees": [0.5, 20.0]}},
    "own scheme": {"action": Reversed(), "episode_bars": None},
    "own weights": {"action": Half(), "costs": ROUGH},
    "own reward": {"reward": Doubled(LogReturnSettings(), CostSettings()), "private": ["account", "margin"]},
    "own part": {"private": [StepsSeen(), "account"], "reward": "differential_sharpe"},
}
INFO = ("equity", "exposure", "turnover", "costs", "refused", "row")


def pair(make, tape, settings, n_envs, threads=1):
    """The batch as it is, and one that takes its stages one after the other."""
    given = {"num_envs": n_envs, "info": INFO, "episode_bars": 11, **settings}
    fused, staged = make(tape, threads=threads, **given), make(tape, **given)
    assert fused.fused is not None
    staged.fused = None
    return fused, staged


def numbers_of(observations):
    return observations if isinstance(observations, np.ndarray) else np.concatenate(
        [part.reshape(len(part), -1).astype(np.float64) for part in observations.values()], axis=1)


def assert_same_play(fused, staged, n_steps, seed=3):
    fused.action_space.seed(seed)
    assert numbers_of(fused.reset(seed=seed)[0]).tobytes() == numbers_of(staged.reset(seed=seed)[0]).tobytes()
    for index in range(n_steps):
        action = fused.action_space.sample()
        mine, theirs = fused.step(action), staged.step(action)
        assert numbers_of(mine[0]).tobytes() == numbers_of(theirs[0]).tobytes(), f"observations of step {index}"
        for which, name in ((1, "rewards"), (2, "terminated"), (3, "truncated")):
            assert mine[which].dtype == theirs[which].dtype
            assert mine[which].tobytes() == theirs[which].tobytes(), f"{name} of step {index}"
        assert mine[4].keys() == theirs[4].keys()
        for name in INFO:
            assert mine[4][name].tobytes() == theirs[4][name].tobytes(), f"info {name} of step {index}"
    for name, array in fused.simulator.state().items():
        assert array.tobytes() == staged.simulator.state()[name].tobytes(), name


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("n_envs", [1, 21])
def test_one_pass_gives_the_bytes_of_its_stages(settings, n_envs):
    assert_same_play(*pair(TradingVectorEnv, TAPE, settings, n_envs), n_steps=45)


@pytest.mark.parametrize("name", ["defaults", "exposure", "exposure scaled", "ruin", "menu"])
def test_two_threads_give_the_bytes_of_one(name):
    assert_same_play(*pair(TradingVectorEnv, TAPE, SETTINGS[name], 21, threads=2), n_steps=45)


@pytest.mark.parametrize("settings", [
    {}, {"reward": "differential_sharpe", "action": "target_weights", "costs": ROUGH},
    {"action": {"kind": "weights", "short": True, "max_weight": 0.4}, "costs": ROUGH},
])
def test_a_portfolio_too(settings):
    assert_same_play(*pair(PortfolioVectorEnv, MANY, settings, 9), n_steps=30)


def test_a_task_that_ends_by_itself():
    assert_same_play(*pair(EndsAtAGain, TAPE, {"private": ["account", "time_left"]}, 21), n_steps=45)


def test_more_threads_than_sub_environments():
    assert_same_play(*pair(TradingVectorEnv, TAPE, {}, 1, threads=2), n_steps=12)


def test_a_saved_state_goes_on_in_either():
    fused, staged = pair(TradingVectorEnv, TAPE, SETTINGS["exposure"], 5)
    actions = [staged.action_space.sample() for _ in range(20)]
    play(fused, 0, actions)
    staged.reset(seed=9)
    staged.set_state(fused.get_state())
    for action in actions:
        assert fused.step(action)[0].tobytes() == staged.step(action)[0].tobytes()


@pytest.mark.parametrize(("action", "wrong", "error"), [
    ("six_actions", np.array([0, 6, 0]), ConfigError),
    ("six_actions", np.array([0, -1, 0]), ConfigError),
    ("six_actions", np.array([0, 2**64 - 1, 0], np.uint64), ConfigError),
    ("six_actions", np.array([0.0, 1.0, 2.0]), ShapeError),
    ("six_actions", np.array([0, 1]), ShapeError),
    ("exposure", np.array([[0.0], [np.nan], [0.0]]), ConfigError),
    ("exposure", np.array([[0.0], [1.0 + 1e-9], [0.0]]), ConfigError),
    ("exposure", np.array([0.0, 0.0, 0.0]), ShapeError),
])
def test_a_wrong_action_is_refused_in_the_same_words_and_leaves_no_trace(action, wrong, error):
    fused, staged = pair(TradingVectorEnv, TAPE, {"action": action}, 3)
    fused.reset(seed=0), staged.reset(seed=0)
    before = {name: array.tobytes() for name, array in fused.simulator.state().items()}
    with pytest.raises(QuantgymError) as mine:
        fused.step(wrong)
    with pytest.raises(error) as theirs:
        staged.step(wrong)
    assert str(mine.value) == str(theirs.value)
    assert type(mine.value) is type(theirs.value)
    assert {name: array.tobytes() for name, array in fused.simulator.state().items()} == before


def test_a_number_beyond_the_space_that_float64_cannot_tell_from_it_is_refused_too():
    wrong = np.array([[0.5], [1.0 + np.finfo(np.longdouble).eps]], np.longdouble)
    if np.finfo(np.longdouble).eps == np.finfo(np.float64).eps:
        pytest.skip("long double is float64 here")
    for batch in pair(TradingVectorEnv, TAPE, {"action": "exposure"}, 2):
        batch.reset(seed=0)
        with pytest.raises(ConfigError, match=r"action exposure: must be finite and lie in \[-1, 1\]"):
            batch.step(wrong)
        batch.step(np.array([[0.5], [1.0]], np.longdouble))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, ">i8"])
def test_integers_of_any_kind_are_actions(dtype):
    fused, staged = pair(TradingVectorEnv, TAPE, {}, 3)
    fused.reset(seed=0), staged.reset(seed=0)
    given = np.array([0, 9, 1, 9, 2, 9], dtype)[::2]
    assert fused.step(given)[0].tobytes() == staged.step(np.array([0, 1, 2]))[0].tobytes()


def test_actions_that_cannot_be_written_to_compile_nothing_anew():
    batch = TradingVectorEnv(TAPE, num_envs=2)
    batch.reset(seed=0)
    batch.step(np.array([0, 1]))
    compilations, actions = len(play_range.signatures) if hasattr(play_range, "signatures") else 0, np.array([1, 0])
    actions.flags.writeable = False
    batch.step(actions)
    fresh = TradingVectorEnv(TAPE, num_envs=2)
    fresh.reset(seed=0)
    fresh.step(actions)
    assert (len(play_range.signatures) if hasattr(play_range, "signatures") else 0) == compilations


def test_observations_and_rewards_are_new_arrays_every_step():
    batch = TradingVectorEnv(TAPE, num_envs=2)
    batch.reset(seed=0)
    first = batch.step(np.array([0, 1]))
    copies = [array.copy() for array in first[:4]]
    second = batch.step(np.array([1, 0]))
    for before, kept, after in zip(first[:4], copies, second[:4], strict=True):
        assert np.array_equal(before, kept)
        assert not np.shares_memory(before, after)
