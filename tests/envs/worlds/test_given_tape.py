"""Worlds whose best policy is known, on a tape that was given: nothing is claimed that does not hold there."""

import gymnasium
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.features import price_features
from quantgym.evaluation.known_answer import worlds_with_known_answers
from quantgym.market.errors import ConfigError

TAPE = gbm_tape(1, 600, lot=0.001)
QUOTING = ("quantgym/CarteaJaimungal-v0", "quantgym/AvellanedaStoikov-v0")
PLAYABLE = [name for name in worlds_with_known_answers() if name not in QUOTING]


@pytest.mark.parametrize("name", PLAYABLE)
def test_no_best_value_is_claimed_on_a_tape_that_was_given(name):
    env = gymnasium.make_vec(name, num_envs=1, tape=TAPE, features=price_features(TAPE)).unwrapped
    with pytest.raises(ConfigError, match="holds for its own paths alone, was 'given'"):
        env.optimal_value()
    assert gymnasium.make_vec(name, num_envs=1).unwrapped.optimal_value() is not None


@pytest.mark.parametrize("name", QUOTING)
def test_a_world_of_quotes_draws_its_own_mids(name):
    for features in (None, price_features(TAPE)):
        with pytest.raises(ConfigError, match="draws its own paths and orders and cannot play on a tape; leave tape out"):
            gymnasium.make_vec(name, num_envs=1, tape=TAPE, features=features)
