"""The checker passes everything registered and finds every planted fault."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.features import price_features
from quantgym.envs.registration import IDS
from quantgym.envs.rewards.log_return import LogReturn, LogReturnSettings
from quantgym.envs.single import TradingEnv
from quantgym.envs.worlds.leak import LeakVectorEnv, leak_features
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, IntegrityError

TAPE = gbm_tape(0, 300)


@pytest.mark.parametrize("name", IDS)
def test_everything_registered_passes(name):
    report = check(name)
    assert report.skipped == ()
    assert len(report.passed) == 9
    assert report.leaks == (name == "quantgym/Leak-v0")


@pytest.mark.parametrize("settings", [
    {"reward": "differential_sharpe", "window": 4}, {"reward": "gross_minus_cost", "action": "positions", "start": "sequential"},
    {"action": "exposure", "episode_bars": None, "costs": CostSettings(allow_short=True, latency_ms=1000.0)},
])
def test_other_settings_pass_too(settings):
    check(TradingVectorEnv(TAPE, **settings), n_envs=3)


def test_a_single_environment_can_be_given():
    assert "single" in check(TradingEnv(TAPE), n_envs=2).passed


def test_features_given_as_a_table_are_skipped_and_said_so():
    report = check(TradingVectorEnv(TAPE, price_features(TAPE)), n_envs=3)
    assert report.skipped[0].startswith("lookahead: the features were given as a table")


class LastStepTwice(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, np.where(truncated, 2.0 * rewards, rewards), terminated, truncated, info


class LastStepLeftOut(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, np.where(truncated, 0.0, rewards), terminated, truncated, info


class FeesNotInTheReward(LogReturn):
    def pay(self, step, books):
        return super().pay(step, books) + step["commission"] / step["equity_before"]


class SeedsNothing(TradingVectorEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None, options=options)


class OldSeed(TradingVectorEnv):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None if seed is None else [7] * self.num_envs, options=options)


class KeepsPositions(TradingVectorEnv):
    def _begin(self, envs):
        held = self.simulator.position[envs].copy()
        super()._begin(envs)
        if (held["units"] != 0.0).any():
            self.simulator.position[envs] = held


class ShowsTheOldAccount(TradingVectorEnv):
    def _begin(self, envs):
        before = getattr(self, "_shown", None)
        super()._begin(envs)
        self._shown = before

    def _observe(self):
        out = super()._observe()
        stale = getattr(self, "_shown", None)
        if stale is not None:
            out[:, -7] = stale
        self._shown = super()._observe()[:, -7]
        return out


class EndIsTerminated(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, rewards, terminated | truncated, np.zeros_like(truncated), info


class FinalObservationOfTheNextEpisode(TradingVectorEnv):
    def _begin_again(self, observations, info):
        info = super()._begin_again(observations, info)
        for e in np.flatnonzero(info["_final_obs"]):
            info["final_obs"][e] = observations[e].copy()
        return info


class NeighboursAction(TradingVectorEnv):
    def step(self, actions):
        actions = np.asarray(actions).copy()
        actions[-1] = actions[0]
        return super().step(actions)


class TakesAnything(TradingVectorEnv):
    def step(self, actions):
        return super().step(np.clip(actions, 0, 5))


class StepsBeforeItChecks(TradingVectorEnv):
    def step(self, actions):
        self.simulator.account["cash"] -= 1.0
        out = super().step(actions)
        self.simulator.account["cash"] += 1.0
        return out


class NotFinite(TradingVectorEnv):
    def _observe(self):
        out = super()._observe()
        out[0, 0] = np.nan
        return out


class OutOfItsSpace(TradingVectorEnv):
    def _observe(self):
        return super()._observe() + np.float32(100.0)


class KnowsItsBatch(TradingVectorEnv):
    def _observe(self):
        out = super()._observe()
        out[:, -7] *= np.float32(1.0 + 1e-6 * self.num_envs)
        return out


class SeesTheNextClose(TradingVectorEnv):
    def _observe(self):
        out, sim = super()._observe(), self.simulator
        following = np.minimum(sim.rows + 1, sim.n_rows - 1)
        out[:, 0] = np.sign(sim.bars["close"][following, 0] / sim.bars["close"][sim.rows, 0] - 1.0)
        return out


class SilentLeak(TradingVectorEnv):
    @staticmethod
    def encode(tape):
        return leak_features(tape)


class FalseConfession(LeakVectorEnv):
    @staticmethod
    def encode(tape):
        return price_features(tape)


def whole_tape_scaled(tape):
    table = price_features(tape)
    table.values[:] = np.clip(table.values / table.values.std(axis=0).clip(1e-6), -5, 5)
    return table


@pytest.mark.parametrize(("env", "says"), [
    (LastStepTwice(TAPE), "books: the rewards of an episode sum to"),
    (LastStepLeftOut(TAPE), "books: the rewards of an episode sum to"),
    (TradingVectorEnv(TAPE, reward=FeesNotInTheReward(LogReturnSettings(), CostSettings())), "the rewards of an episode sum to"),
    (SeedsNothing(TAPE), "seeding: reset.* must give the same bits"),
    (OldSeed(TAPE), "seeding: another seed gives the same episodes: it seeds nothing"),
    (KeepsPositions(TAPE), "ledgers|account of the old one|must give the same bits"),
    (ShowsTheOldAccount(TAPE), "books: a new episode begins with the account of the old one"),
    (EndIsTerminated(TAPE), "books: terminated must say ruin and nothing else"),
    (FinalObservationOfTheNextEpisode(TAPE), "autoreset: same_step: the final observation of step 11, .* is not the true one"),
    (NeighboursAction(TAPE), "independence: other actions of sub-environment 0 change the others"),
    (TakesAnything(TAPE), "bad actions: the action 1000000 was taken"),
    (StepsBeforeItChecks(TAPE), "bad actions: a refused action of one sub-environment left a trace"),
    (NotFinite(TAPE), "spaces: the observation of step 0, sub-environment 0, is not finite or not in its space"),
    (OutOfItsSpace(TAPE), "spaces: the observation of step 0"),
    (KnowsItsBatch(TAPE), "single: sub-environment 0 and the same one alone must give the same bits"),
    (SeesTheNextClose(TAPE), "no future in play: observations of step 5 changes with rows of the tape"),
    (SilentLeak(TAPE), "lookahead: features of row 0 change with later rows of the tape"),
    (TradingVectorEnv(TAPE, whole_tape_scaled), "lookahead: features of row"),
    (FalseConfession(TAPE), "declared in metadata.'leaks'., but no feature knows the future"),
], ids=lambda value: type(value).__name__ if isinstance(value, TradingVectorEnv) else "")
def test_a_planted_fault_is_found(env, says):
    with pytest.raises(IntegrityError, match=says):
        check(env, n_envs=3)


def test_what_is_no_environment_of_ours_is_refused():
    with pytest.raises(ConfigError, match="built on TradingVectorEnv, was CartPoleVectorEnv"):
        check("CartPole-v1")
