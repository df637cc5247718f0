"""No action that is NaN, infinite, outside the space or of a wrong form ever becomes an order, in any scheme."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.single import TradingEnv
from quantgym.market.actions.registry import SCHEMES, action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, ShapeError
from quantgym.simulator.simulator import Simulator

TAPE, ENVS = gbm_tape(0, 80), 3
COSTS = CostSettings(allow_short=True)


def wrong_actions(scheme):
    """Actions of which one, or the form, is wrong, the others being good."""
    if scheme.discrete:
        for value in (-1, scheme.n, np.iinfo(np.int64).max, np.iinfo(np.int64).min):
            yield np.array([0, value, 1])
        yield from (np.zeros(ENVS), np.zeros(ENVS, bool), np.full(ENVS, np.nan), np.zeros((ENVS, 1), int))
        yield from (None, "abc", [0, [1, 2], 1])
        return
    for value in (np.nan, np.inf, -np.inf, 1.0000001, -1.5, 1e300, np.float32(1.001)):
        actions = np.full((ENVS, scheme.size), 0.5)
        actions[1, -1] = value
        yield actions
    shape = (ENVS, scheme.size)
    yield from (np.zeros(ENVS), np.zeros((ENVS, scheme.size + 1)), np.zeros(shape, bool), np.zeros(shape, complex), "long", None,
                [[0.5] * scheme.size, [0.5] * (scheme.size + 1), [0.5] * scheme.size])


def orders_of(env):
    books = env.books
    return books.intents["lots"].tolist(), books.account["next_order_id"].tolist(), env.simulator.rows.tolist()


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_a_wrong_action_leaves_no_trace_in_any_sub_environment(name):
    env, twin = (TradingVectorEnv(TAPE, num_envs=ENVS, action=name, costs=COSTS, episode_bars=20) for _ in range(2))
    env.reset(seed=1)
    twin.reset(seed=1)
    before = orders_of(env)
    for actions in wrong_actions(env.scheme):
        with pytest.raises((ConfigError, ShapeError), match=f"action {name}: "):
            env.step(actions)
        assert orders_of(env) == before
        assert not env.books.tickets["lots"].any()
        assert not env.books.declined.any()
    good = twin.action_space.sample()
    assert [part.tolist() for part in env.step(good)[:4]] == [part.tolist() for part in twin.step(good)[:4]]


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_the_simulator_decodes_no_wrong_action_either(name):
    scheme = action_scheme(name)
    simulator = Simulator(TAPE, COSTS, n_envs=ENVS, max_tickets=scheme.n_tickets)
    simulator.open_accounts(1_000.0, np.zeros(ENVS, np.int64))
    for actions in wrong_actions(scheme):
        with pytest.raises((ConfigError, ShapeError)):
            simulator.decode(scheme, actions)
        assert not simulator.intents["lots"].any()
    assert simulator.step()["n_fills"].tolist() == [0] * ENVS


@pytest.mark.parametrize("action", ["positions", "exposure", "weights"])
def test_rows_of_different_lengths_are_a_wrong_shape_whatever_steps_them(action):
    env = TradingVectorEnv(TAPE, num_envs=2, action=action, costs=COSTS, episode_bars=20)
    env.reset(seed=1)
    for fused in (env.fused, None):
        env.fused = fused
        with pytest.raises(ShapeError, match=rf"action {action}: must be .* of shape \(2,.*\), was a list that makes no array"):
            env.step([[1], [2, 3]])
    alone = TradingEnv(TAPE, action=action, costs=COSTS, episode_bars=20)
    alone.reset(seed=1)
    for wrong in ([[1], [2, 3]], "abc", None):
        with pytest.raises(ShapeError, match="action"):
            alone.step(wrong)


@pytest.mark.parametrize(("action", "says"), [
    ({"kind": "exposure", "scales": 2.0}, r"unknown setting exposure\.scales; did you mean scale\?"),
    ({"kind": "exposures"}, r"unknown action scheme 'exposures'; did you mean exposure\?"),
    ({"kind": "exposure", "scale": -1.0}, r"scale must be a positive, finite number, was -1\.0"),
    ({"kind": "orders", "max_working": 9}, "max_working must be at most max_orders, 8, was 9"),
    ({"scale": 1.0}, "action needs a kind"),
    (7, "action must be a name, a mapping with kind, or an ActionScheme, was 7"),
    (SCHEMES["exposure"], "action must be a name, a mapping with kind, or an ActionScheme, was <class"),
])  # fmt: skip
def test_a_wrong_scheme_is_told_when_the_environment_is_built(action, says):
    with pytest.raises(ConfigError, match=says):
        TradingVectorEnv(TAPE, action=action, episode_bars=20)
