"""The ids that were promised, built of the same parts; what each of them refuses, alone and as a batch."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401 (registers the ids)
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.errors import ClosedError, EpisodeError
from quantgym.envs.registration import IDS
from quantgym.envs.rewards.reward import Reward
from quantgym.envs.worlds.drawn import DrawnVectorEnv
from quantgym.envs.worlds.known_answer import KnownAnswer
from quantgym.market.actions.scheme import ActionScheme
from quantgym.market.errors import ConfigError, QuantgymError, ShapeError
from quantgym.simulator.simulator import Simulator

DECISIONS = ("Trading", "Portfolio", "Execution", "MarketMaking", "StrategySelection", "OptionHedging")
KNOWN = ("Kelly", "Merton", "MeanReversion", "AlmgrenChriss", "CarteaJaimungal", "AvellanedaStoikov", "BlackScholesHedge",
         "HiddenRegime", "LeadLag", "Leak", "NoEdge")  # fmt: skip
EVERY_ID = pytest.mark.parametrize("name", IDS)


def test_every_one_is_there():
    assert set(IDS) == {f"quantgym/{name}-v0" for name in (*DECISIONS, *KNOWN)}


@EVERY_ID
def test_actions_rewards_accounts_and_steps_are_the_same_code_in_all(name):
    env = gymnasium.make_vec(name, num_envs=2).unwrapped
    for method in ("step", "reset", "get_state", "set_state"):
        assert getattr(type(env), method) in (getattr(TradingVectorEnv, method), getattr(DrawnVectorEnv, method))
    assert isinstance(env.scheme, ActionScheme)
    assert isinstance(env.reward, Reward)
    assert isinstance(env.simulator, Simulator)


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_answer_names_who_found_it_and_what_it_is_measured_from(name):
    world = gymnasium.make_vec(f"quantgym/{name}-v0", num_envs=2).unwrapped
    assert isinstance(world, KnownAnswer)
    years = [int(word.strip(",;.()")[:4]) for word in world.citation.split() if word.strip(",;.()")[:4].isdigit()]
    assert any(1900 < year < 2027 for year in years), world.citation
    assert len(world.citation) > 20
    assert world.reference.split()[0] in ("cash", "twap", "fixed", "no", "random"), world.reference


@EVERY_ID
def test_a_batch_of_none_is_refused(name):
    with pytest.raises(ConfigError, match="num_envs must be an int of 1 or more, was 0"):
        gymnasium.make_vec(name, num_envs=0)


def wrong(space):
    """Yield actions of a wrong shape, of a wrong kind, that are no numbers, and outside."""
    if isinstance(space, gymnasium.spaces.Discrete):
        yield from (-1, int(space.n), 1.0, np.float64(np.nan), True, np.zeros(2, int), "1", None)
        return
    yield from (np.full(space.shape, value) for value in (np.nan, np.inf, -np.inf, 1.01, True))
    yield from (np.zeros(space.shape[0] + 1), np.zeros((1, *space.shape)), np.zeros(space.shape, complex), "1", None)


@EVERY_ID
def test_one_environment_refuses_every_wrong_action_and_plays_on_as_if_it_had_not_been(name):
    env, twin = (gymnasium.make(name, episode_bars=10).unwrapped for _ in range(2))
    with pytest.raises(EpisodeError, match=r"call reset\(\) first"):
        env.step(env.action_space.sample())
    env.reset(seed=3)
    twin.reset(seed=3)
    twin.action_space.seed(0)
    for _ in range(3):
        for action in wrong(env.action_space):
            with pytest.raises((ConfigError, ShapeError), match="action"):
                env.step(action)
        good = twin.action_space.sample()
        mine, theirs = env.step(good), twin.step(good)
        assert mine[0].tobytes() == theirs[0].tobytes()
        assert mine[1:4] == theirs[1:4]
    env.close()
    with pytest.raises(ClosedError, match="closed"):
        env.step(good)


@EVERY_ID
def test_one_bad_action_in_a_batch_stops_all_and_spoils_none(name):
    batch, twin = (gymnasium.make_vec(name, num_envs=3, episode_bars=10) for _ in range(2))
    batch.reset(seed=3)
    twin.reset(seed=3)
    twin.action_space.seed(0)
    for _ in range(3):
        good = twin.action_space.sample()
        for action in wrong(batch.single_action_space):
            if isinstance(action, str) or action is None or np.shape(action) != batch.single_action_space.shape:
                continue
            bad = good.astype(np.result_type(good, np.asarray(action)))
            bad[1] = action
            if bad.dtype == good.dtype and batch.action_space.contains(bad):
                continue  # True is 1 once it stands in an array of numbers
            with pytest.raises((ConfigError, ShapeError), match="action"):
                batch.step(bad)
        mine, theirs = batch.step(good), twin.step(good)
        assert [one.tobytes() for one in mine[:4]] == [one.tobytes() for one in theirs[:4]]


@EVERY_ID
@pytest.mark.parametrize(("settings", "suggestion"), [
    ({"windw": 4}, "window"), ({"reward": "log_retrun"}, "log_return"), ({"action": "six_action"}, "six_actions"),
    ({"private": "acount"}, "account"), ({"info": ("equty",)}, "equity"), ({"limits": {"max_leverag": 1.0}}, "max_leverage"),
    ({"randomise": {"fee": [1.0, 2.0]}}, "fees"),
])  # fmt: skip
def test_a_name_that_is_not_known_is_refused_with_a_suggestion(name, settings, suggestion):
    # worlds with actions or a reward of their own name these, or say to leave it out
    with pytest.raises(QuantgymError, match=f"{suggestion}|; known: |; leave (action|reward) out"):
        gymnasium.make_vec(name, num_envs=2, **settings)


@EVERY_ID
def test_limits_hold_in_every_one(name):
    opens = {"order": {"side": "buy"}} if "Execution" in name else {}  # sales of what is held are a way out, which no limit bars
    env = gymnasium.make_vec(name, num_envs=4, limits={"max_order": 1e-6}, info=("turnover", "refused"), episode_bars=10, **opens)
    env.reset(seed=0)
    env.action_space.seed(0)
    refused = 0
    for _ in range(9):
        *_, info = env.step(env.action_space.sample())
        assert info["turnover"].tolist() == [0.0] * 4
        refused += info["refused"].sum()
    assert refused > 0
