"""Accounts in the info of somebody else's environment that hold what is no number."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from quantgym.envs.check import check
from quantgym.market.errors import IntegrityError


class Coin(gymnasium.Env):
    """One coin is held or not while its price moves; an episode has six steps."""

    observation_space = Box(-1e3, 1e3, (1,), np.float32)
    action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.step_no, self.cash, self.value = 0, 100.0, 0.0
        return np.zeros(1, np.float32), self.info()

    def step(self, action):
        self.cash, self.value = self.cash + self.value - 10.0 * action, 10.0 * action
        self.value *= float(self.np_random.uniform(0.9, 1.1))
        self.step_no += 1
        return np.array([self.value], np.float32), 0.0, False, self.step_no >= 6, self.info()

    def info(self):
        return {"equity": self.cash + self.value, "cash": self.cash, "position_value": self.value}


class EquityOfNothing(Coin):
    def info(self):
        return {**super().info(), **({"equity": np.nan} if self.step_no == 4 else {})}


class CashWithoutEnd(Coin):
    def info(self):
        return {**super().info(), **({"cash": np.inf} if self.step_no == 2 else {})}


def test_the_right_one_passes():
    assert check(Coin, n_envs=2, checks=["books"]).passed == ("books",)


@pytest.mark.parametrize(("env", "says"), [
    (EquityOfNothing, "books: info.'equity'. of step 3, sub-environment 0, must be a finite amount of money, was nan"),
    (CashWithoutEnd, "books: info.'cash'. of step 1, sub-environment 0, must be a finite amount of money, was inf"),
])
def test_it_is_found(env, says):
    with pytest.raises(IntegrityError, match=f"{env.__name__}: {says}"):
        check(env, n_envs=2, checks=["books"])
