"""The score of a known answer: the best policy gets 1, doing nothing gets 0, half of the edge gets about a half."""

import numpy as np
import pytest

from quantgym.evaluation.known_answer import known_answer_score
from quantgym.market.decision import Decision
from quantgym.market.errors import ConfigError


class Signed:
    """Trades the sign of the leak in a share of all accounts, nothing in the rest."""

    scheme, requires = "positions", ()

    def __init__(self, share: float) -> None:
        self.name, self.share = f"signed {share}", share

    def initial_state(self, batch):
        return {}

    def act(self, observation, state, deterministic=True):
        leaked = observation.market[:, -1, 0]
        takes = np.arange(len(leaked)) < self.share * len(leaked)
        return Decision("positions", np.where(takes, np.sign(leaked), 0).astype(np.int64) + 1), state


def test_the_best_policy_scores_one_and_resting_scores_nothing():
    best, rest = (known_answer_score("quantgym/Leak-v0", Signed(share), n_episodes=64) for share in (1.0, 0.0))
    assert (best.value, best.low, best.high) == pytest.approx((1.0, 1.0, 1.0))
    assert (rest.value, rest.policy) == (0.0, 0.0)
    assert best.optimal == pytest.approx(best.exact, rel=0.05)  # 64 episodes of 128 bars


def test_half_of_the_accounts_score_about_a_half_inside_the_interval():
    score = known_answer_score("quantgym/Leak-v0", Signed(0.5), n_episodes=64)
    assert score.low < 0.5 < score.high
    assert score.value == pytest.approx(0.5, abs=0.02)


def test_a_world_without_a_known_answer_is_refused():
    with pytest.raises(ConfigError, match=r"quantgym/Trading-v0 has no known answer; worlds with one: .*quantgym/Leak-v0"):
        known_answer_score("quantgym/Trading-v0", Signed(1.0))
