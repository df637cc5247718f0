"""Faults in seeding, independence, refusals, resets and saved states: the checker finds each and says where it lies."""

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.single import SingleEnv, TradingEnv
from quantgym.market.errors import IntegrityError

TAPE = gbm_tape(0, 300)


class SeedsNothing(TradingVectorEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None, options=options)


class OneSeedForAll(TradingVectorEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None if seed is None else [7] * self.num_envs, options=options)


class DrawsFromTheGlobalGenerator(TradingVectorEnv):
    def draw_episodes(self, indices):
        first, last = super().draw_episodes(indices)
        shift = np.random.randint(0, 2)  # noqa: NPY002 (the fault)
        return first - shift, last - shift


class SeedsTheGlobalGenerator(TradingVectorEnv):
    def reset(self, *, seed=None, options=None):
        if seed is not None:
            np.random.set_state(np.random.RandomState(3).get_state())  # noqa: NPY002 (the fault)
        return super().reset(seed=seed, options=options)


class SharesAGenerator(TradingVectorEnv):
    def draw_episodes(self, indices):
        first = np.array([self.streams.generator(0).integers(30, 200) for _ in indices], np.int64)
        return first, first + self.settings.episode_bars


class NeighboursAction(TradingVectorEnv):
    def step(self, actions):
        actions = np.asarray(actions).copy()
        actions[-1] = actions[0]
        return super().step(actions)


class RuinSpreads(TradingVectorEnv):
    def step(self, actions):
        out = super().step(actions)
        if out[2].any():
            self.simulator.account["cash"] -= 1.0
        return out


class KnowsItsBatch(TradingVectorEnv):
    def _observe(self):
        out = super()._observe()
        out[:, -7] *= np.float32(1.0 + 1e-6 * self.num_envs)
        return out


class Clips(TradingVectorEnv):
    def step(self, actions):
        return super().step(np.clip(actions, self.single_action_space.start, 5))


class ClipsExposure(TradingVectorEnv):
    def step(self, actions):
        return super().step(np.clip(actions, -1.0, 1.0))


class NanIsHold(TradingVectorEnv):
    def step(self, actions):
        return super().step(np.nan_to_num(actions) if np.asarray(actions).dtype.kind == "f" else actions)


class MovesBeforeItChecks(TradingVectorEnv):
    def step(self, actions):
        self.simulator.account["cash"] -= 1.0
        out = super().step(actions)
        self.simulator.account["cash"] += 1.0
        return out


class GoesOnAfterTheEnd(TradingVectorEnv):
    def step(self, actions):
        self._n_idle = 0 if (self.simulator.rows >= 0).all() else self.num_envs
        return super().step(actions)


class GoesOnAfterClose(TradingVectorEnv):
    def _check_open(self):
        pass


class ResetsByItself(TradingVectorEnv):
    def step(self, actions):
        if not self._running.any():
            self.reset()
        return super().step(actions)


class FinalObservationOfTheNextEpisode(TradingVectorEnv):
    def _begin_again(self, written, info):
        info = super()._begin_again(written, info)
        for e in np.flatnonzero(info["_final_obs"]):
            info["final_obs"][e] = written[e].copy()
        return info


class NoFinalObservation(TradingVectorEnv):
    def _begin_again(self, written, info):
        info = super()._begin_again(written, info)
        return {name: value for name, value in info.items() if "final" not in name}


class PaysForTheReset(TradingVectorEnv):
    def step(self, actions):
        before = self._done.copy()
        seen, rewards, *rest = super().step(actions)
        if self.settings.mode is AutoresetMode.NEXT_STEP:
            rewards[before] = 0.01
        return seen, rewards, *rest


class ForgetsTheGenerators(TradingVectorEnv):
    def set_state(self, state):
        streams = self.streams.state()
        super().set_state(state)
        self.streams.load(streams)


class ForgetsTheMoments(TradingVectorEnv):
    def set_state(self, state):
        super().set_state(state)
        self.reward.clear(self._all)


class HandsOutItsState(TradingVectorEnv):
    """The state that it returns is the one that it plays on."""

    def get_state(self):
        state = super().get_state()
        state["episode"] = self.books.episode
        return state


class PaysMoreAlone(SingleEnv):
    batch_class = TradingVectorEnv

    def step(self, action):
        seen, reward, *rest = super().step(action)
        return seen, reward + 1e-9, *rest


class OneObservationForEver(TradingEnv):
    def step(self, action):
        seen, *rest = super().step(action)
        self._seen[:] = seen
        return self._seen, *rest

    def reset(self, *, seed=None, options=None):
        self._seen, info = super().reset(seed=seed, options=options)
        return self._seen, info


@pytest.mark.parametrize(("env", "says"), [
    (SeedsNothing(TAPE), "seeding: reset.seed=0. and the same actions on the same environment must give the same bits"),
    (OneSeedForAll(TAPE), "seeding: another seed gives the same episodes: it seeds nothing"),
    (DrawsFromTheGlobalGenerator(TAPE), "global state: it draws from a global generator"),
    (SeedsTheGlobalGenerator(TAPE), "global state: .* or seeds it"),
    (SharesAGenerator(TAPE), "independence: another seed of sub-environment 0 changes the others"),
    (NeighboursAction(TAPE), "independence: other actions of sub-environment 0 change the others"),
    (RuinSpreads(TAPE), "independence: the ruin of sub-environment 0 changes the others"),
    (KnowsItsBatch(TAPE), "single: sub-environment 0 and the same one alone must give the same bits"),
    (Clips(TAPE), "bad actions: the action 1000000, outside of .* was taken"),
    (ClipsExposure(TAPE, action="exposure"), "bad actions: the action .*, outside of its bounds, was taken"),
    (NanIsHold(TAPE, action="exposure"), "bad actions: the action nan was taken"),
    (MovesBeforeItChecks(TAPE), "bad actions: a refused action of one sub-environment left a trace"),
    (GoesOnAfterTheEnd(TAPE), "out of turn: a step after the episode's end .autoreset mode disabled. is taken"),
    (GoesOnAfterClose(TAPE), "out of turn: a step after close is taken"),
    (ResetsByItself(TAPE), "out of turn: a step before the first reset is taken"),
    (FinalObservationOfTheNextEpisode(TAPE), "autoreset: same_step: the final observation of step 11, .* is not the true one"),
    (NoFinalObservation(TAPE), "autoreset: same_step: the final observation of step 11"),
    (PaysForTheReset(TAPE), "autoreset: next_step: step 12 must only begin an episode of sub-environment 0"),
    (ForgetsTheGenerators(TAPE), "state: .* goes on otherwise after set_state"),
    (ForgetsTheMoments(TAPE, reward={"kind": "differential_sharpe", "warmup_bars": 2}), "state: .* goes on otherwise after"),
    (HandsOutItsState(TAPE), "state: .*goes on otherwise after set_state"),
    (PaysMoreAlone(TAPE), "single: .* and the single environment must give the same bits, differ in the reward of step 0"),
    (OneObservationForEver(TAPE), "shared memory: step 0 writes into the observation that the call before it returned"),
], ids=lambda value: type(value).__name__ if not isinstance(value, str) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"Trading-v0: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])
