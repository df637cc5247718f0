"""A vector environment of somebody else's, right and with one fault at a time."""

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from quantgym.envs.check import check
from quantgym.market.errors import IntegrityError

BARS = 6


class Walks(VectorEnv):
    """E random walks, which may be left alone or followed; an episode has six steps or more."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012
    single_observation_space = Box(-100.0, 100.0, (2,), np.float32)
    single_action_space = Discrete(2)

    def __init__(self, num_envs=1):
        self.num_envs = num_envs
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.generators = [np.random.default_rng() for _ in range(num_envs)]
        self.level, self.held = np.zeros(num_envs), np.zeros(num_envs)
        self.left = None
        self.done = np.zeros(num_envs, bool)

    def reset(self, *, seed=None, options=None):
        seeds = [None] * self.num_envs if seed is None else seed if isinstance(seed, list) else [
            seed + e for e in range(self.num_envs)]
        for e, one in enumerate(seeds):
            if one is not None:
                self.seed_one(e, one)
        self.left, self.done = np.zeros(self.num_envs, int), np.zeros(self.num_envs, bool)
        for e in range(self.num_envs):
            self.begin(e)
        return self.shown(), self.info()

    def seed_one(self, e, seed):
        self.generators[e] = np.random.default_rng(seed)

    def draw(self, e):
        return self.generators[e].standard_normal()

    def begin(self, e):
        self.level[e], self.held[e] = self.draw(e), 0.0
        self.left[e] = BARS + int(self.generators[e].integers(0, 4))

    def shown(self):
        return np.stack([self.level, self.held], axis=1).astype(np.float32)

    def info(self):
        return {"level": self.level.copy(), "_level": np.ones(self.num_envs, bool)}

    def step(self, actions):
        actions = np.asarray(actions)
        if not self.action_space.contains(actions):
            raise ValueError(f"actions must lie in {self.action_space}, were {actions}")
        if self.left is None:
            raise RuntimeError("call reset() before step()")
        return self.moved(actions)

    def moved(self, actions):
        change = np.array([self.draw(e) for e in range(self.num_envs)])
        self.held = actions.astype(float)
        self.level += change
        self.left -= 1
        rewards, over = self.held * change, self.left <= 0
        info = self.info()
        reached = self.shown()
        for e in np.flatnonzero(over):
            self.begin(e)
        if over.any():
            info = {**self.info(), "final_info": info, "_final_info": over, **self.final(reached, over)}
        return self.shown(), rewards, np.zeros(self.num_envs, bool), over, info

    def final(self, reached, over):
        out = np.full(self.num_envs, None, object)
        for e in np.flatnonzero(over):
            out[e] = reached[e]
        return {"final_obs": out, "_final_obs": over}


class NextStep(Walks):
    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def moved(self, actions):
        begun = self.done
        for e in np.flatnonzero(begun):
            self.begin(e)
        change = np.array([0.0 if begun[e] else self.draw(e) for e in range(self.num_envs)])
        self.held = np.where(begun, self.held_at_first(actions), actions)
        self.level += change
        self.left -= ~begun
        self.done = (self.left <= 0) & ~begun
        return self.shown(), self.held * change, np.zeros(self.num_envs, bool), self.done.copy(), self.info()

    def held_at_first(self, actions):
        return 0.0


@pytest.mark.parametrize("env", [Walks, NextStep, lambda num_envs: Walks(num_envs), Walks(3)])
def test_the_right_one_passes(env):
    report = check(env, n_envs=3)
    assert {"spaces", "seeding", "independence", "autoreset", "new episode", "bad actions", "memory"} <= set(report.passed)
    assert ("single" in report.passed) == (not isinstance(env, Walks))


class OneGenerator(Walks):
    def draw(self, e):
        return self.generators[0].standard_normal()


class SeedsAddUp(Walks):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None if seed is None else [int(np.sum(seed)) + e for e in range(self.num_envs)], options=options)


class FinalOfTheNext(Walks):
    def final(self, reached, over):
        return super().final(self.shown(), over)


class NoFinal(Walks):
    def final(self, reached, over):
        return {}


class PlaysTheIgnored(NextStep):
    def held_at_first(self, actions):
        return actions


class KeepsWhatItHeld(Walks):
    def begin(self, e):
        held = self.held[e]
        super().begin(e)
        self.held[e] = held


class InfoOfTheNeighbour(Walks):
    def info(self):
        return {"level": np.roll(self.level, 1), "_level": np.ones(self.num_envs, bool)}


class SaysNoMode(Walks):
    metadata: dict = {}  # noqa: RUF012


class MeanOfAll(Walks):
    def shown(self):
        return super().shown() - np.float32(self.held.mean())


class MovesFirst(Walks):
    def step(self, actions):
        if self.left is not None:
            self.level += 0.001
        out = super().step(actions)
        self.level -= 0.001
        return out


class OneSeedForAll(Walks):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=[seed] * self.num_envs if isinstance(seed, int) else seed, options=options)


class OneArrayOfRewards(Walks):
    def moved(self, actions):
        seen, rewards, *rest = super().moved(actions)
        kept = self.__dict__.setdefault("kept", rewards)
        kept[:] = rewards
        return seen, kept, *rest


class OneFinalObservation(Walks):
    def final(self, reached, over):
        kept = self.__dict__.setdefault("kept", reached)
        kept[:] = reached
        return super().final(kept, over)


class FinalOfTheStepBefore(Walks):
    def moved(self, actions):
        self.before = self.shown()
        return super().moved(actions)

    def final(self, reached, over):
        return super().final(self.before, over)


class ResetsAllWithOne(Walks):
    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012


class SpaceOfOne(Walks):
    def __init__(self, num_envs=1):
        super().__init__(num_envs)
        self.observation_space = self.single_observation_space


class RowsTooMany(Walks):
    def shown(self):
        return np.concatenate([super().shown()] * 2)


class LastOneLeads(Walks):
    def moved(self, actions):
        return super().moved(np.where(np.arange(self.num_envs) == 0, actions[-1], actions))


@pytest.mark.parametrize(("env", "says"), [
    (OneSeedForAll, "seeding: reset.seed=0. gives every sub-environment the same episodes; seed sub-environment i with 0 . i"),
    (OneArrayOfRewards, "shared memory: step 0 writes into the rewards|shared memory: step 1 writes into the rewards"),
    (OneFinalObservation, "shared memory: step .* writes into the final observation"),
    (FinalOfTheStepBefore, "autoreset: same_step: the final observation of step .* is the one before that step"),
    (ResetsAllWithOne, "autoreset: disabled: reset.options=.'reset_mask': mask.. after step .* it changed sub-environment"),
    (SpaceOfOne, r"spaces: the batch of observations of the reset must be float32 \(2,\), was float32 \(3, 2\)"),
    (RowsTooMany, r"spaces: the batch of observations of the reset must be float32 \(3, 2\), was float32 \(6, 2\)"),
    (LastOneLeads, "independence: other actions of sub-environment 2 change the others"),
    (OneGenerator, "independence: another seed of sub-environment 0 changes the others"),
    (SeedsAddUp, "independence: another seed of sub-environment 0 changes the others"),
    (MeanOfAll, "independence: other actions of sub-environment 0 change the others"),
    (FinalOfTheNext, "autoreset: same_step: the final observation of step .* is that of the new episode"),
    (NoFinal, "autoreset: same_step: step .* ended the episode of sub-environment .* no final_obs"),
    (PlaysTheIgnored, "autoreset: next_step: the action of step .* was played"),
    (SaysNoMode, "autoreset: metadata.'autoreset_mode'. must be an AutoresetMode"),
    (KeepsWhatItHeld, "new episode: a new episode begins with the account of the old one|new episode: .* begins otherwise"),
    (InfoOfTheNeighbour, "single: .* the same bits, differ in the info 'level'"),
    (MovesFirst, "bad actions: a refused action of one sub-environment left a trace"),
], ids=lambda value: value.__name__ if isinstance(value, type) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"{env.__name__}: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])
