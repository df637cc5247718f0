"""A state saved in the middle of episodes goes on identically."""

import copy
import pickle
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.errors import ClosedError, EpisodeError
from quantgym.envs.history import History
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.worlds.leak import LeakVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import IntegrityError

TAPE, MANY = gbm_tape(0, 400, lot=0.001), gbm_tape(1, 400, n_assets=3, lot=0.001)
CALM = ["differential_sortino", {"kind": "drawdown_penalty", "weight": 0.1}]
WORLDS = [
    (TradingVectorEnv, {"tape": TAPE}),
    (TradingVectorEnv, {"tape": TAPE, "reward": CALM, "window": 5}),
    (TradingVectorEnv, {"tape": TAPE, "start": "sequential", "private": ["account", "margin", "time_left", "action_mask"]}),
    (TradingVectorEnv, {"tape": TAPE, "autoreset_mode": "next_step", "observation": "reference"}),
    (PortfolioVectorEnv, {"tape": MANY, "observation": "dict"}),
    (LeakVectorEnv, {}),
]


def bits(stepped):
    seen, *numbers, info = stepped
    parts = seen.values() if isinstance(seen, dict) else [seen]
    return [part.tobytes() for part in (*parts, *numbers)] + [info[name].tobytes() for name in sorted(info) if "final" not in name]


def actions_of(env, seed, n_steps):
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(n_steps)]


@pytest.mark.parametrize(("make", "settings"), WORLDS)
@pytest.mark.parametrize("saved_after", [0, 1, 9, 10, 13])
def test_a_batch_goes_on_from_a_saved_state_bit_for_bit(make, settings, saved_after):
    env = make(num_envs=4, episode_bars=10, **settings)
    actions = actions_of(env, 0, 40)
    env.reset(seed=5)
    for action in actions[:saved_after]:
        env.step(action)
    state = pickle.loads(pickle.dumps(env.get_state()))
    first = [bits(env.step(action)) for action in actions[saved_after:]]
    env.set_state(state)
    assert [bits(env.step(action)) for action in actions[saved_after:]] == first
    other = make(num_envs=4, episode_bars=10, **settings)  # never reset
    other.set_state(state)
    assert [bits(other.step(action)) for action in actions[saved_after:]] == first


def test_playing_on_leaves_a_saved_state_as_it_was():
    env = TradingVectorEnv(TAPE, num_envs=3, episode_bars=10)
    env.reset(seed=0)
    state = env.get_state()
    kept = pickle.dumps(state)
    for action in actions_of(env, 0, 15):
        env.step(action)
    assert pickle.dumps(state) == kept


def test_a_single_environment_and_its_random_numbers_go_on_too():
    env = gymnasium.make("quantgym/Trading-v0", episode_bars=7).unwrapped
    env.reset(seed=3)
    for _ in range(4):
        env.step(1)
    state = env.get_state()

    def rest():
        seen = [env.np_random.random()]
        for _ in range(3):
            seen += [env.step(4)[0].tobytes() for _ in range(3 if not seen[1:] else 7)]
            seen.append(env.reset()[0].tobytes())
        return seen

    first = rest()
    env.set_state(state)
    assert rest() == first


def test_another_process_goes_on_with_the_same_bits(tmp_path):
    env = gymnasium.make_vec("quantgym/Leak-v0", num_envs=3, episode_bars=8).unwrapped
    env.reset(seed=1)
    env.step(np.array([0, 1, 2]))
    (tmp_path / "state").write_bytes(pickle.dumps(env.get_state()))
    first = b"".join(env.step(np.array([2, 1, 0]))[0].tobytes() for _ in range(20)).hex()
    code = (
        "import pickle, sys, numpy as np, gymnasium, quantgym\n"
        "env = gymnasium.make_vec('quantgym/Leak-v0', num_envs=3, episode_bars=8).unwrapped\n"
        "env.set_state(pickle.loads(open(sys.argv[1], 'rb').read()))\n"
        "print(b''.join(env.step(np.array([2, 1, 0]))[0].tobytes() for _ in range(20)).hex())"
    )
    other = subprocess.run([sys.executable, "-c", code, str(tmp_path / "state")], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == first


@pytest.mark.parametrize(("changes", "says"), [
    ({"num_envs": 3}, "num_envs must be 3, was 4"),
    ({"window": 2}, "layout must be"),
    ({"tape": gbm_tape(9, 400)}, "tape must be"),
    ({"private": ["account", "margin"]}, "layout must be"),
    ({"costs": CostSettings(fee_rate=0.5)}, "costs must be"),
    ({"action": "exposure"}, "action must be"),
    ({"episode_bars": 11}, "episode_bars must be 11, was 10"),
    ({"autoreset_mode": "disabled"}, "mode must be 'Disabled', was 'SameStep'"),
])
def test_a_state_of_another_environment_is_refused(changes, says):
    env = TradingVectorEnv(TAPE, num_envs=4, episode_bars=10)
    env.reset(seed=0)
    other = TradingVectorEnv(**{"tape": TAPE, "num_envs": 4, "episode_bars": 10, **changes})
    with pytest.raises(IntegrityError, match=says):
        other.set_state(env.get_state())
    with pytest.raises(IntegrityError, match="version is missing; pass what get_state returned"):
        other.set_state({})


def test_a_state_without_the_log_of_the_last_step_leaves_none_of_another():
    logs, bare = (TradingVectorEnv(TAPE, num_envs=1, episode_bars=10, record_fills=kept) for kept in (True, False))
    for env in (logs, bare):
        env.reset(seed=0)
        env.step(np.array([1]))
    bare.step(np.array([0]))  # buys again, at another price
    assert logs.simulator.fills_of_step(0).size == 1
    logs.set_state(bare.get_state())
    assert logs.simulator.fills_of_step(0).size == 0
    assert logs.step(np.array([1]))[0].tobytes() == bare.step(np.array([1]))[0].tobytes()
    assert logs.simulator.fills_of_step(0).size == 1


def test_watchers_keep_their_places_when_a_state_is_loaded():
    env = TradingVectorEnv(TAPE, num_envs=2, episode_bars=10, render_mode="ansi")
    other = History(2)
    env.watchers.insert(0, other)
    env.reset(seed=0)
    env.set_state(env.get_state())
    assert env.watchers[0] is other
    assert len(env.watchers) == 2
    assert env.watchers[1] is not other


@pytest.mark.parametrize("again", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_copy_of_an_environment_plays_on_by_itself(again, threads):
    env = TradingVectorEnv(gbm_tape(2, 400), num_envs=4, episode_bars=7, reward=CALM, start="sequential", threads=threads)
    actions = actions_of(env, 0, 30)
    env.reset(seed=5)
    for action in actions[:10]:
        env.step(action)
    twin = again(env)
    assert not any(array.flags.writeable for array in (*twin.simulator.market, twin.view.market.flat))
    state = env.get_state()
    first = [bits(env.step(action)) for action in actions[10:]]
    assert [bits(twin.step(action)) for action in actions[10:]] == first
    twin.set_state(state)
    assert [bits(twin.step(action)) for action in actions[10:]] == first


def test_there_is_no_state_before_a_reset_or_after_close():
    env = TradingVectorEnv(TAPE, num_envs=2)
    with pytest.raises(EpisodeError, match=r"call reset\(\) first"):
        env.get_state()
    env.reset(seed=0)
    state = env.get_state()
    env.close()
    with pytest.raises(ClosedError):
        env.get_state()
    with pytest.raises(ClosedError):
        env.set_state(state)
