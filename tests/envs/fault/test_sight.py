"""Faults in what is seen, and in what work costs: the checker finds each and says where it lies."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.table import FeatureTable
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.features import price_features
from quantgym.envs.worlds.leak import LeakVectorEnv, leak_features
from quantgym.market.errors import IntegrityError

TAPE = gbm_tape(0, 300)
LONG_TAPE = gbm_tape(0, 2_000)
HOLD = 2


class NotFinite(TradingVectorEnv):
    def _observe(self):
        out = super()._observe()
        out[0, 0] = np.nan
        return out


class OutOfItsSpace(TradingVectorEnv):
    def _observe(self):
        return super()._observe() + np.float32(100.0)


class ObservationsInFloat64(TradingVectorEnv):
    def step(self, actions):
        seen, *rest = super().step(actions)
        return seen.astype(np.float64), *rest


class OneBuffer(TradingVectorEnv):
    def _observe(self):
        if not hasattr(self, "_buffer"):
            self._buffer = super()._observe()
        self._buffer[:] = super()._observe()
        return self._buffer


class FormsDiffer(TradingVectorEnv):
    def _observe(self):
        out = super()._observe()
        if self.settings.observation == "dict":
            out[:, -7:] = np.round(out[:, -7:], 3)
        return out


class SilentLeak(TradingVectorEnv):
    """A label instead of a feature: it is shifted the wrong way."""

    @staticmethod
    def encode(tape):
        return leak_features(tape)


class FalseConfession(LeakVectorEnv):
    @staticmethod
    def encode(tape):
        return price_features(tape)


class SeesTheNextClose(TradingVectorEnv):
    def _observe(self):
        out, sim = super()._observe(), self.simulator
        following = np.minimum(sim.rows + 1, sim.n_rows - 1)
        out[:, 0] = np.sign(sim.bars["close"][following, 0] / sim.bars["close"][sim.rows, 0] - 1.0)
        return out


class PaidByTheNextBar(LeakVectorEnv):
    """A world that draws its own paths, and pays by a bar that nobody has seen."""

    def step(self, actions):
        seen, rewards, *rest = super().step(actions)
        following = np.minimum(self.simulator.rows + 1, self.simulator.n_rows - 1)
        return seen, rewards + 1e-6 * np.sign(self.simulator.bars["close"][following, 0] - 100.0), *rest


def whole_tape_scaled(tape):
    table = price_features(tape)
    return FeatureTable(np.clip(table.values / table.values.std(axis=0).clip(1e-6), -5, 5), table.layout)


def centred_mean(tape):
    table = price_features(tape)
    values = table.values.copy()
    values[1:-1, 0] = (table.values[:-2, 0] + table.values[1:-1, 0] + table.values[2:, 0]) / 3
    return FeatureTable(values, table.layout)


def shifted_by_one(tape):
    table = price_features(tape)
    return FeatureTable(np.concatenate([table.values[1:], table.values[-1:]]), table.layout)


class HoldsWhile(TradingVectorEnv):
    """Trading stops while an indicator has a value that somebody once thought could not occur."""

    def step(self, actions):
        shown = self.world.table.values[self.simulator.rows, 0]
        return super().step(np.where(self.stops(shown), HOLD, actions))


class StopsAbove(HoldsWhile):
    def stops(self, shown):
        return shown > 2.0


class StopsAtZero(HoldsWhile):
    def stops(self, shown):
        return shown == 0.0


class StopsAtTheBound(HoldsWhile):
    def stops(self, shown):
        return shown >= 5.0


class KeepsEveryEpisode(TradingVectorEnv):
    def _begin(self, envs):
        self.__dict__.setdefault("_past", []).append(float(self.simulator.account["equity"].sum()))
        super()._begin(envs)


class KeepsEveryStep(TradingVectorEnv):
    def step(self, actions):
        out = super().step(actions)
        self.__dict__.setdefault("_past", []).append(out[0].copy())
        return out


class LoopsOverTrades(TradingVectorEnv):
    def step(self, actions):
        out = super().step(actions)
        trades = self.__dict__.setdefault("_trades", [])
        if (self.simulator.record["n_fills"] > 0).any():
            trades.append(1.0)
        self.won = 0
        for trade in trades:
            self.won += trade > 0.0
        return out


class RebuildsItsTrades(TradingVectorEnv):
    """One call of NumPy a step, over all trades: no line of Python shows it, what it takes of memory does."""

    def step(self, actions):
        out = super().step(actions)
        trades = self.__dict__.setdefault("_trades", [])
        trades.append(out[1].copy())
        self.mean = np.mean(np.array(trades * 4))
        return out


@pytest.mark.parametrize(("env", "says"), [
    (NotFinite(TAPE), "spaces: the observation of the reset, sub-environment 0, is not finite or not in its space"),
    (OutOfItsSpace(TAPE), "spaces: the observation of the reset, sub-environment 0, is not finite or not in its space"),
    (ObservationsInFloat64(TAPE), r"spaces: the observation of step 0, sub-environment 0, must be float32 \(15,\), was float64"),
    (OneBuffer(TAPE), "shared memory: step 0 writes into the observation that the call before it returned"),
    (FormsDiffer(TAPE), "forms: dict: the observation of step . differs from the flat one in place 8 of its 15 numbers"),
    (SilentLeak(TAPE), "lookahead: features of row 0 change with later rows of the tape"),
    (TradingVectorEnv(TAPE, whole_tape_scaled), "lookahead: features of row"),
    (TradingVectorEnv(TAPE, centred_mean), "lookahead: features of row"),
    (TradingVectorEnv(TAPE, shifted_by_one), "lookahead: features of row"),
    (FalseConfession(TAPE), "lookahead: declared in metadata.'leaks'., but no feature knows the future"),
    (SeesTheNextClose(TAPE), "no future in play: the observation of step 5, .* changes with later rows of the tape"),
    (PaidByTheNextBar(), "no future in play: the reward of step 5, .* changes with later rows of the tape"),
    (StopsAbove(TAPE), "features: what step .* pays or reports to sub-environment .* changes with features of"),
    (StopsAtZero(TAPE), "features: what step .* changes with features of 0"),
    (StopsAtTheBound(TAPE), "features: what step .* changes with features of their upper bounds"),
    (KeepsEveryEpisode(TAPE), "memory: memory grows by .* bytes with every episode"),
    (KeepsEveryStep(TAPE), "memory: memory grows by .* bytes with every episode"),
    (LoopsOverTrades(LONG_TAPE), "time: a step runs .* lines of Python after 400 steps and"),
    (RebuildsItsTrades(LONG_TAPE), "time: a step takes .* bytes after 400 steps and .* after 1600"),
], ids=lambda value: type(value).__name__ if isinstance(value, TradingVectorEnv) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"{env.name}: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])

