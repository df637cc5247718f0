"""A single environment with observations in a Dict and actions in a MultiDiscrete, right and with one fault at a time."""

import time
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete

from quantgym.envs.check import check
from quantgym.market.errors import IntegrityError

BARS = 8


class Drift(gymnasium.Env):
    """Two random walks that an action sets in motion; an episode has eight steps."""

    observation_space = Dict({"x": Box(-100.0, 100.0, (2,), np.float32), "k": Discrete(5), "t": Box(0.0, 100.0, (), np.float32)})
    action_space = MultiDiscrete([3, 2])

    def __init__(self):
        self.left = None

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left, self.x = BARS, self.np_random.standard_normal(2)
        return self.shown(), {}

    def shown(self):
        return {"x": self.x.astype(np.float32), "k": int(self.left % 5), "t": np.asarray(self.left, np.float32)}

    def step(self, action):
        if self.left is None:
            raise RuntimeError("call reset() before step()")
        if not self.action_space.contains(action):
            raise ValueError(f"action must lie in {self.action_space}, was {action}")
        self.x = self.x + 0.1 * int(action[0]) * self.np_random.standard_normal(2)
        self.left -= 1
        return self.shown(), float(self.x[0]), False, self.left <= 0, {}


class Silent(Drift):
    def step(self, action):
        print(end="")
        return super().step(action)


class NeverEnds(Drift):
    def step(self, action):
        out = super().step(action)
        self.left = max(self.left, 1)
        return *out[:2], False, False, {}


@pytest.mark.parametrize("env", [Drift, Silent])
def test_the_right_one_passes(env):
    report = check(env, n_envs=3)
    assert {"spaces", "shared memory", "seeding", "independence", "single", "out of turn"} <= set(report.passed)


def test_episodes_that_never_end_are_played_as_far_as_that_goes():
    assert check(NeverEnds, n_envs=2, checks=["spaces", "new episode"]).passed == ("spaces", "new episode")


class ClockInTheObservation(Drift):
    def shown(self):
        return {**super().shown(), "t": np.asarray(time.perf_counter() % 100.0, np.float32)}


class ClockInTheInfo(Drift):
    def step(self, action):
        return *super().step(action)[:4], {"time": time.perf_counter()}


class NameTooMany(Drift):
    def shown(self):
        return {**super().shown(), "more": 1}


class NameMissing(Drift):
    def shown(self):
        return {name: value for name, value in super().shown().items() if name != "k"}


class FourValues(Drift):
    def step(self, action):
        return super().step(action)[:4]


class NoInfo(Drift):
    def step(self, action):
        return *super().step(action)[:4], None


class ObservationAlone(Drift):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed)[0]


class BreaksInReset(Drift):
    def reset(self, *, seed=None, options=None):
        raise RuntimeError("no such disk")


class BreaksInStep(Drift):
    def step(self, action):
        return 1 / (self.left - 3) and super().step(action)


class BreaksInItsSecondEpisode(Drift):
    begun = 0

    def reset(self, *, seed=None, options=None):
        self.begun += 1
        if self.begun > 1:
            raise KeyError("old")
        return super().reset(seed=seed)


class NoSpace(Drift):
    observation_space: Any = None


class OutOfBoundsInAPart(Drift):
    def shown(self):
        return {**super().shown(), "x": np.array([0.0, 101.0], np.float32)}


class WritesIntoTheFinalObservation(Drift):
    def reset(self, *, seed=None, options=None):
        if self.left is not None:
            self.last["x"][:] = 0.0
        return super().reset(seed=seed)

    def shown(self):
        self.last = super().shown()
        return self.last


class WritesIntoTheAction(Drift):
    def step(self, action):
        out = super().step(action)
        action[:] = 0
        return out


class RepeatsItself(Drift):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=0 if seed is None else seed)


class ClosesOnce(Drift):
    open = True

    def close(self):
        if not self.open:
            raise RuntimeError("closed already")
        self.open = False


class OneGeneratorOfTheClass(Drift):
    drawn = np.random.default_rng(0)

    def reset(self, *, seed=None, options=None):
        if seed is not None:
            OneGeneratorOfTheClass.drawn = np.random.default_rng(seed)
        super().reset(seed=seed)
        self.np_random = self.drawn
        self.x = self.drawn.standard_normal(2)
        return self.shown(), {}


@pytest.mark.parametrize(("env", "says"), [
    (ClockInTheObservation, "seeding: .* same bits, differ in the observation of the reset"),
    (ClockInTheInfo, "seeding: .* same bits, differ in the info 'time' of step 0"),
    (NameTooMany, r"spaces: the observation of the reset, .* a dict of \['k', 't', 'x'\], was one of \['k', 'more', 't', 'x'\]"),
    (NameMissing, r"spaces: the observation of the reset, .* must be a dict of \['k', 't', 'x'\], was one of \['t', 'x'\]"),
    (FourValues, "spaces: step must return .observation, reward, .* returned 4 values, the last one a bool"),
    (NoInfo, "spaces: step must return .* info a dict, returned 5 values, the last one a NoneType"),
    (ObservationAlone, "spaces: reset must return .observation, info., info a dict, returned a dict"),
    (BreaksInReset, "spaces: the reset stopped with RuntimeError: no such disk"),
    (BreaksInStep, "spaces: step 5 or a reset after it stopped with ZeroDivisionError"),
    (BreaksInItsSecondEpisode, "spaces: step 7 or a reset after it stopped with KeyError: 'old'"),
    (NoSpace, "spaces: observation_space must be a gymnasium.spaces.Space .* was None"),
    (OutOfBoundsInAPart, r"spaces: the observation\['x'\] of the reset, .*: 101.0 in place 1, bounds -100.0 to 100.0"),
    (WritesIntoTheFinalObservation, "shared memory: the reset after step 7 writes into the observation that the step returned"),
    (WritesIntoTheAction, "shared memory: step 0 writes into the action that it was given; change a copy"),
    (RepeatsItself, "seeding: reset.. without a seed begins the same episodes every time"),
    (ClosesOnce, "out of turn: a second close ends in RuntimeError: closed already; closing what is closed must do nothing"),
    (OneGeneratorOfTheClass, "independence: another seed of sub-environment 2 changes the others"),
], ids=lambda value: value.__name__ if isinstance(value, type) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"{env.__name__}: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])


def test_a_fault_of_one_check_accuses_in_no_other():
    for env, name in ((WritesIntoTheAction, "shared memory"), (ClosesOnce, "out of turn")):
        with pytest.raises(IntegrityError) as fault:
            check(env, n_envs=3)
        assert {line.split(": ")[1] for line in str(fault.value).split("\n")} == {name}
