"""A trading environment of somebody else's, right and with one fault at a time: what the checker can see from outside."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.check import check
from quantgym.market.errors import IntegrityError

TAPE = gbm_tape(3, 400, volatility=0.02)
BARS, FEE, BORROW, CASH = 15, 0.001, 0.0005, 1_000.0


class Plain(gymnasium.Env):
    """Flat, long or short five units of one asset; one fill at the close, a fee, borrow on shorts; the reward is the log return.

    Its hooks are what the faulty ones below change.
    """

    observation_space = Box(-10.0, 10.0, (3,), np.float32)
    action_space = Discrete(3)

    def __init__(self):
        self.tape, self.row = TAPE, None
        self.close_prices, self.features = TAPE.close[:, 0], self.encode(TAPE)

    @staticmethod
    def encode(tape):
        close = tape.close[:, 0]
        return np.clip(np.append(0.0, np.diff(np.log(close))) * 20.0, -10, 10)[:, None]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.row = self.first_row()
        self.end = self.row + BARS
        self.cash, self.borrowed = CASH, 0.0
        self.clear()
        return self.observation(), self.info(0.0, 0.0)

    def first_row(self):
        return int(self.np_random.integers(5, len(self.close_prices) - BARS - 1))

    def clear(self):
        self.units = 0.0

    def equity(self):
        return self.cash + self.units * self.close_prices[self.row]

    def checked(self, action):
        if not self.action_space.contains(action):
            raise ValueError(f"action must lie in {self.action_space}, was {action!r}")
        return int(action)

    def step(self, action):
        action = self.checked(action)
        if self.row is None:
            raise gymnasium.error.ResetNeeded("call reset() before step()")
        before, price = self.equity(), self.close_prices[self.row]
        traded = (0.0, 5.0, -5.0)[action] - self.units
        fee = FEE * abs(traded) * price
        self.units += traded
        self.cash -= traded * price + fee
        borrow = BORROW * max(-self.units, 0.0) * price
        self.charge(borrow)
        gross = self.units * (self.close_prices[self.row + 1] - price)
        self.row += 1
        costs = fee + borrow
        ruined, over = self.equity() <= 0.0, self.row >= self.end
        reward = self.reward(before, self.equity(), costs, over, ruined)
        return self.observation(), reward, *self.flags(ruined, over), self.info(gross, costs)

    def charge(self, borrow):
        self.cash -= borrow
        self.borrowed += borrow

    def reward(self, before, after, costs, over, ruined):
        return float(np.log(max(after, 1e-3) / before))

    def flags(self, ruined, over):
        return bool(ruined), bool(over and not ruined)

    def observation(self):
        shown = (self.features[self.row, 0], self.units / 5.0, self.cash / CASH)
        return np.clip(np.array(shown, np.float32), -10, 10)

    def info(self, gross, costs):
        value = self.units * self.close_prices[self.row]
        return {"equity": self.equity(), "cash": self.cash, "position_value": value, "gross": gross, "costs": costs}

    def get_state(self):
        return {"numbers": (self.row, self.end, self.cash, self.borrowed, self.units), "bits": self.np_random.bit_generator.state}

    def set_state(self, state):
        self.row, self.end, self.cash, self.borrowed, self.units = state["numbers"]
        self.np_random.bit_generator.state = state["bits"]


def test_the_right_one_passes_and_what_cannot_be_seen_is_said():
    report = check(Plain, n_envs=3)
    assert [line.split(":")[0] for line in report.skipped] == ["forms", "autoreset", "features", "no future in play"]
    assert {"books", "rewards", "ends", "lookahead", "state", "time", "memory"} <= set(report.passed)
    assert check(Plain(), n_envs=2, checks=["spaces", "state"]).skipped == ()


class LastStepTwice(Plain):
    def reward(self, before, after, costs, over, ruined):
        return super().reward(before, after, costs, over, ruined) * (2.0 if over else 1.0)


class LastStepLeftOut(Plain):
    def reward(self, before, after, costs, over, ruined):
        return 0.0 if over else super().reward(before, after, costs, over, ruined)


class CloseThatNeverWas(Plain):
    def reward(self, before, after, costs, over, ruined):
        return super().reward(before, after, costs, over, ruined) - (FEE * 5.0 * abs(self.units) / 10.0 if over else 0.0)


class FeesNotInTheReward(Plain):
    def reward(self, before, after, costs, over, ruined):
        return float(np.log((after + costs) / before))


class Wild(Plain):
    """Prices that halve and double: it is soon ruined."""

    def __init__(self):
        super().__init__()
        self.close_prices = self.close_prices * np.exp(0.8 * np.sin(np.arange(len(self.close_prices)) * 1.7))

    def reward(self, before, after, costs, over, ruined):
        return (after - before) / CASH


class RuinIsFree(Wild):
    def reward(self, before, after, costs, over, ruined):
        return 0.0 if ruined else super().reward(before, after, costs, over, ruined)


class RuinIsTruncated(Wild):
    def flags(self, ruined, over):
        return False, bool(ruined or over)


class EndIsTerminated(Plain):
    def flags(self, ruined, over):
        return bool(ruined or over), False


class BorrowIsAssigned(Plain):
    """What is owed for borrowed shares is the last charge instead of the sum of all."""

    def charge(self, borrow):
        self.borrowed = borrow

    def equity(self):
        return super().equity() - self.borrowed


class MoneyFromNowhere(Plain):
    def charge(self, borrow):
        self.cash += 0.01


class KeepsItsPosition(Plain):
    def clear(self):
        if not hasattr(self, "units"):
            self.units = 0.0


class SeedsNothing(Plain):
    def first_row(self):
        return int(np.random.default_rng().integers(5, 300))


class GlobalGenerator(Plain):
    def first_row(self):
        return int(np.random.randint(5, 300))  # noqa: NPY002 (the fault)


class SharedByAll(Plain):
    wins: list = []  # noqa: RUF012 (the fault)

    def observation(self):
        shown = super().observation()
        shown[2] += 1e-3 * len(self.wins)
        return shown

    def step(self, action):
        out = super().step(action)
        if out[1] > 0.03 and len(self.wins) < 500:
            self.wins.append(1)
        return out


class ShownNan(Plain):
    def observation(self):
        shown = super().observation()
        shown[0] = np.nan if self.row % 7 == 3 else shown[0]
        return shown


class Shown64(Plain):
    def observation(self):
        return super().observation().astype(np.float64)


class ShownOutside(Plain):
    def observation(self):
        return super().observation() * np.float32(100.0)


class OneBuffer(Plain):
    def observation(self):
        self.shown = self.__dict__.get("shown", np.zeros(3, np.float32))
        self.shown[:] = super().observation()
        return self.shown


class ScaledByAll(Plain):
    @staticmethod
    def encode(tape):
        values = Plain.encode(tape)
        return (values - values.mean()) / values.std()


class LabelAsFeature(Plain):
    @staticmethod
    def encode(tape):
        return np.append(Plain.encode(tape)[1:], [[0.0]], axis=0)


class TakesWhatItGets(Plain):
    def checked(self, action):
        return int(np.clip(np.nan_to_num(np.mean(action)), 0, 2))


class NoWordOfReset(Plain):
    def step(self, action):
        return self.close_prices[self.row + 1] and super().step(action)


class ForgetsItsGenerator(Plain):
    def set_state(self, state):
        self.row, self.end, self.cash, self.borrowed, self.units = state["numbers"]


class KeepsEveryEpisode(Plain):
    past: list | None = None

    def clear(self):
        super().clear()
        self.past = [*(self.past or ()), float(self.row)]


class LooksThroughAllTrades(Plain):
    def step(self, action):
        self.trades = self.__dict__.get("trades", [])
        self.trades.append(float(self.row or 0))
        self.best = max(trade for trade in self.trades)
        return super().step(action)


@pytest.mark.parametrize(("env", "says"), [
    (LastStepTwice, r"rewards: .* is paid twice \(last step\)"),
    (LastStepLeftOut, r"rewards: .* is left out \(last step\)"),
    (CloseThatNeverWas, r"rewards: .* pays what never was earned \(last step\)"),
    (FeesNotInTheReward, "rewards: the reward is the log return of equity without its costs"),
    (RuinIsFree, r"rewards: .* is left out \(ruining step\)"),
    (RuinIsTruncated, "ends: .* is truncated; ruin is terminated"),
    (EndIsTerminated, "ends: every episode is terminated after 15 steps with money left"),
    (BorrowIsAssigned, "books: "),
    (MoneyFromNowhere, "books: equity of step 0, sub-environment 0, is not what gross, costs explain"),
    (KeepsItsPosition, "new episode: an environment that was played before begins otherwise than a new one"),
    (SeedsNothing, "seeding: .* must give the same bits"),
    (GlobalGenerator, "global state: it draws from a global generator"),
    (SharedByAll, "independence: other actions of sub-environment 0 change the others"),
    (ShownNan, "spaces: .* is not finite or not in its space: nan"),
    (Shown64, r"spaces: the observation of the reset, sub-environment 0, must be float32 \(3,\), was float64"),
    (ShownOutside, "spaces: .* is not finite or not in its space"),
    (OneBuffer, "shared memory: step 0 writes into the observation"),
    (ScaledByAll, "lookahead: features of row 0 change with later rows"),
    (LabelAsFeature, "lookahead: features of row 1 change with later rows"),
    (TakesWhatItGets, "bad actions: the action 1000000, outside of Discrete.3., was taken"),
    (NoWordOfReset, "out of turn: a step before the first reset ends in TypeError"),
    (ForgetsItsGenerator, "state: .* goes on otherwise after set_state"),
    (KeepsEveryEpisode, "memory: memory grows by .* bytes with every episode"),
    (LooksThroughAllTrades, "time: a step runs .* lines of Python after 400 steps and"),
], ids=lambda value: value.__name__ if isinstance(value, type) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"{env.__name__}: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])
