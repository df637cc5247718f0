"""A scheme, a reward and a part of one's own: ten lines of NumPy each, in a file outside the package, then by name from YAML."""

import importlib.util

import gymnasium as gym
import numpy as np
import pytest
import yaml

import quantgym  # noqa: F401 (registers the ids)
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.parts.registry import PARTS
from quantgym.envs.rewards.registry import REWARDS
from quantgym.market.actions.registry import SCHEMES
from quantgym.market.errors import UnknownNameError

TAPE = gbm_tape(0, 300)
SCHEME = '''
import numpy as np
from quantgym.market.actions.registry import SCHEMES
from quantgym.market.actions.scheme import ActionScheme

class Steps(ActionScheme):
    name, discrete, n = "steps", True, 4
    def weights(self, actions, desk):
        return np.linspace(0.0, 0.9, self.n)[actions, None]

SCHEMES["steps"] = Steps
'''
REWARD = '''
import numpy as np
from quantgym.envs.rewards.registry import REWARDS, Reward

class Root(Reward):
    def __init__(self, settings, costs):
        self.power = settings.get("power", 0.5)
    def pay(self, step, books):
        return (np.maximum(step["equity"], 0.0) / step["equity_before"]) ** self.power - 1.0

REWARDS["root"] = Root
'''
PART = '''
from quantgym.encoders.column import Column
from quantgym.envs.parts.registry import PARTS, Part

class Invested(Part):
    columns = (Column("invested", "fraction", 0.0, 1.0),)
    def __init__(self, settings, context):
        self.full = settings.get("full", 1.0)
    def write(self, active, books, out, at):
        out[active, at] = ((books.values > 0.0).any(axis=1) * self.full)[active]

PARTS["invested"] = Invested
'''
JOB = """
action: steps
reward: [{kind: root, power: 1.0}, {kind: turnover_penalty, weight: 0.0}]
private: [account, {kind: invested, full: 0.5}]
"""


def lines(source):
    return [line for line in source.splitlines() if line.strip()]


@pytest.fixture
def outside(tmp_path):
    """Import a file with all three, as a user's own; forget them afterwards."""
    known = [(names, set(names)) for names in (SCHEMES, REWARDS, PARTS)]
    path = tmp_path / "mine.py"
    path.write_text(SCHEME + REWARD + PART)
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield yaml.safe_load(JOB)
    for names, before in known:
        for name in set(names) - before:
            del names[name]


@pytest.mark.parametrize("source", [SCHEME, REWARD, PART])
def test_it_is_ten_lines_with_its_imports(source):
    assert len(lines(source)) <= 10


def test_all_three_are_played_by_the_names_of_a_job(outside):
    envs = gym.make_vec("quantgym/Trading-v0", num_envs=2, tape=TAPE, episode_bars=8, info=("equity", "exposure"), **outside)
    seen, info = envs.reset(seed=0)
    assert seen[:, -1].tolist() == [0.0, 0.0]
    before = info["equity"]
    for _ in range(7):
        seen, rewards, _, _, info = envs.step(np.array([0, 3]))
        assert rewards == pytest.approx(info["equity"] / before - 1.0)
        before = info["equity"]
    # 0 is nothing, 3 the last of 0, 0.3, 0.6, 0.9 of equity
    assert seen[:, -1].tolist() == [0.0, 0.5]
    assert info["exposure"] == pytest.approx([0.0, 0.9], abs=0.03)


def test_the_checker_passes_them(outside):
    report = check(TradingVectorEnv(TAPE, **outside), n_envs=3)
    assert {"single", "state", "bad actions", "forms", "rewards", "no future in play"} <= set(report.passed)


def test_what_was_not_registered_is_refused_with_a_suggestion(outside):
    with pytest.raises(UnknownNameError, match="unknown action scheme 'step'; did you mean steps"):
        TradingVectorEnv(TAPE, action="step")
    with pytest.raises(UnknownNameError, match="unknown reward 'rot'; did you mean root"):
        TradingVectorEnv(TAPE, reward="rot")
    with pytest.raises(UnknownNameError, match="unknown private part 'investd'; did you mean invested"):
        TradingVectorEnv(TAPE, private="investd")
