"""Faults in what is paid, booked and called an end: the checker finds each and says where it lies."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.check import check
from quantgym.envs.rewards.log_return import LogReturn, LogReturnSettings
from quantgym.market.cost import CostSettings
from quantgym.market.errors import IntegrityError

TAPE = gbm_tape(0, 300)
SHORTS = CostSettings(allow_short=True, borrow_rate=0.5)


class PaysOtherwise(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, self.paid(rewards, terminated, truncated), terminated, truncated, info


class LastStepTwice(PaysOtherwise):
    def paid(self, rewards, terminated, truncated):
        return np.where(truncated, 2.0 * rewards, rewards)


class LastStepLeftOut(PaysOtherwise):
    def paid(self, rewards, terminated, truncated):
        return np.where(truncated, 0.0, rewards)


class RuinIsFree(PaysOtherwise):
    def paid(self, rewards, terminated, truncated):
        return np.where(terminated, 0.0, rewards)


class ClosesForTheReward(PaysOtherwise):
    """The last step pays as if everything had been sold, at a fee; nothing is."""

    def paid(self, rewards, terminated, truncated):
        return np.where(truncated, rewards - 0.0005, rewards)


class RewardsInFloat32(PaysOtherwise):
    def paid(self, rewards, terminated, truncated):
        return rewards.astype(np.float32)


class FeesNotInTheReward(LogReturn):
    def pay(self, step, books):
        return super().pay(step, books) + step["commission"] / step["equity_before"]


class BorrowIsAssigned(TradingVectorEnv):
    def step(self, actions):
        out = super().step(actions)
        self.simulator.account["borrow"] = self.simulator.record["borrow"]
        return out


class BorrowIsAssignedInCashToo(TradingVectorEnv):
    """The running sum holds the last charge alone, and cash has lost no more: both ledgers agree, and both are wrong."""

    def step(self, actions):
        account = self.simulator.account
        before = account["borrow"].copy()
        out = super().step(actions)
        account["cash"] += before * (account["borrow"] > 0.0)
        account["equity"] += before * (account["borrow"] > 0.0)
        account["borrow"] = self.simulator.record["borrow"]
        return out


class MoneyVanishes(TradingVectorEnv):
    def step(self, actions):
        out = super().step(actions)
        self.simulator.account["cash"] -= 0.01
        return out


class InfoOfTheNeighbour(TradingVectorEnv):
    def step(self, actions):
        *out, info = super().step(actions)
        return *out, {**info, "equity": np.roll(info["equity"], 1)}


class CostsOfTheNeighbour(TradingVectorEnv):
    def step(self, actions):
        *out, info = super().step(actions)
        return *out, {**info, "costs": np.roll(info["costs"], 1)}


class EndIsTerminated(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, rewards, terminated | truncated, np.zeros_like(truncated), info


class RuinIsTruncated(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, rewards, np.zeros_like(terminated), terminated | truncated, info


class BothAtOnce(TradingVectorEnv):
    def step(self, actions):
        seen, rewards, terminated, truncated, info = super().step(actions)
        return seen, rewards, terminated, terminated | truncated, info


class PastTheRows(TradingVectorEnv):
    def draw_episodes(self, indices):
        first, last = super().draw_episodes(indices)
        return first + 250, last + 250


class AcrossATapesEnd(TradingVectorEnv):
    def draw_episodes(self, indices):
        first = np.full(len(indices), TAPE.n_rows - 4)
        return first, first + self.settings.episode_bars


class KeepsPositions(TradingVectorEnv):
    def _begin(self, envs):
        held = self.simulator.position[envs].copy()
        super()._begin(envs)
        if (held["units"] != 0.0).any():
            self.simulator.position[envs] = held


class ShowsTheOldAccount(TradingVectorEnv):
    """The first observation of an episode holds the exposure that the last one ended with."""

    def _begin_again(self, written, info):
        before = written[:, -7].copy()
        out = super()._begin_again(written, info)
        written[self._last, -7] = before[self._last]
        return out

    def step(self, actions):
        self._last = self.books.episode["last_row"] == self.simulator.rows + 1
        return super().step(actions)


@pytest.mark.parametrize(("env", "says"), [
    (LastStepTwice(TAPE), r"rewards: .* is paid twice \(last step\)"),
    (LastStepLeftOut(TAPE), r"rewards: .* is left out \(last step\)"),
    (RuinIsFree(TAPE), r"rewards: near ruin: .* is left out \(ruining step\)"),
    (ClosesForTheReward(TAPE), r"rewards: .* pays what never was earned \(last step\)"),
    (TradingVectorEnv(TAPE, reward=FeesNotInTheReward(LogReturnSettings(), CostSettings())), "rewards: .* never was earned"),
    (LastStepTwice(TAPE, reward={"kind": "differential_sharpe", "warmup_bars": 2}), r"rewards: .* is paid twice \(last step\)"),
    (LastStepLeftOut(TAPE, reward=["log_return", {"kind": "turnover_penalty", "weight": 0.1}]),
     r"rewards: .* is left out \(last step\): 0, its formula says"),
    (RewardsInFloat32(TAPE), "spaces: rewards must be finite float64 .*, were float32"),
    (BorrowIsAssigned(TAPE, costs=SHORTS), "books: short and levered: "),
    (BorrowIsAssignedInCashToo(TAPE, costs=SHORTS), "books: short and levered: borrow of the steps of an episode sums to"),
    (MoneyVanishes(TAPE), "books: step 0: .*ledger"),
    (InfoOfTheNeighbour(TAPE), r"books: info\['equity'\] of step . is not the equity of the accounts"),
    (CostsOfTheNeighbour(TAPE), "single: .* the same bits, differ in the info 'costs'"),
    (EndIsTerminated(TAPE), "ends: terminated must say ruin and nothing else"),
    (RuinIsTruncated(TAPE), "ends: near ruin: an account is ruined in step .* and its episode is not terminated"),
    (BothAtOnce(TAPE), "ends: near ruin: step .* says terminated and truncated"),
    (PastTheRows(TAPE, rows=(20, 50), episode_bars=12), "ends: step .* inside .20, 50."),
    (AcrossATapesEnd([TAPE, gbm_tape(1, 280)]), "ends: an episode runs across the end of a tape in step 3, from row 299 to 300"),
    (KeepsPositions(TAPE), "new episode: "),
    (ShowsTheOldAccount(TAPE), "new episode: a new episode begins with the account of the old one"),
], ids=lambda value: type(value).__name__ if isinstance(value, TradingVectorEnv) else "")
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"Trading-v0: {says}"):
        check(env, n_envs=3, checks=[says.split(":")[0]])


def test_the_whole_checker_says_it_too_a_line_a_fault():
    with pytest.raises(IntegrityError) as caught:
        check(EndIsTerminated(TAPE), n_envs=2)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[1].strip() for line in lines if line.startswith("Trading-v0: ends")] == ["ends"]
    assert all(line.startswith("Trading-v0: ") for line in lines)
