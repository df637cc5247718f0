"""A network as a policy, and the checker of policies."""

import numpy as np
import pytest
import torch

from quantgym.agents.network_policy import NetworkPolicy, one_thread
from quantgym.agents.networks.network import NetworkSettings, build_network
from quantgym.agents.policy import Policy, check_policy, sample_observation
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.market.decision import Decision
from quantgym.market.errors import ConfigError, ShapeError

LAYOUT = Layout(
    assets=("AAA", "BBB"),
    market_global=(Column("calm", "probability", 0.0, 1.0),),
    market_asset=(Column("ret_1", "score", -5.0, 5.0), Column("tradable", "flag", 0.0, 1.0)),
    private=(Column("cash_fraction", "fraction", -10.0, 10.0),),
    window=2,
)
SETTINGS = {
    "categorical": NetworkSettings(kind="actor_critic", n_in=LAYOUT.size, n_out=3),
    "gaussian": NetworkSettings(kind="actor_critic", n_in=LAYOUT.size, n_out=3, continuous=True),
    "values": NetworkSettings(kind="q_network", n_in=LAYOUT.size, n_out=3),
}


def policy(kind, **weights):
    """A network policy; `pi_4_bias=` and the like replace weights by name."""
    network = build_network(SETTINGS[kind], 1)
    changed = {name.replace("pi_4_", "pi.4."): torch.tensor(value) for name, value in weights.items()}
    if "pi_4_bias" in weights:
        changed["pi.4.weight"] = torch.zeros(3, 64)  # the answer is the bias
    network.load_state_dict({**network.state_dict(), **changed})
    return NetworkPolicy(network, SETTINGS[kind], LAYOUT, "some_scheme")


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_network_keeps_the_contract_of_a_policy(kind):
    assert isinstance(policy(kind), Policy)
    check_policy(policy(kind), LAYOUT)


def test_the_greedy_action_is_the_largest_answer():
    agent, seen = policy("values"), sample_observation(LAYOUT, 9)
    decision, _ = agent.act(seen, agent.initial_state(9))
    assert decision.values.dtype == np.int64
    assert np.array_equal(decision.values, agent.answer(seen.flat()).argmax(axis=1))


def test_a_mean_outside_of_the_range_is_clipped_as_training_clipped_it():
    agent = policy("gaussian", pi_4_bias=[3.0, -3.0, 0.25])
    decision, _ = agent.act(sample_observation(LAYOUT, 1), agent.initial_state(1))
    assert decision.values.tolist() == [[1.0, -1.0, 0.25]]


def test_draws_follow_the_softmax_and_their_stream_is_part_of_the_state():
    agent = policy("categorical", pi_4_bias=np.log([0.2, 0.3, 0.5]))
    seen, state = sample_observation(LAYOUT, 4000), agent.initial_state(4000)
    first, following = agent.act(seen, state, deterministic=False)
    again, _ = agent.act(seen, state, deterministic=False)
    second, _ = agent.act(seen, following, deterministic=False)
    # 4,000 draws: the standard deviation of a share is under 0.008
    assert np.bincount(first.values) / 4000 == pytest.approx([0.2, 0.3, 0.5], abs=0.03)
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, second.values)


def test_gaussian_draws_have_the_deviation_of_the_network():
    agent = policy("gaussian", log_std=[-3.0, -3.0, -3.0])
    seen = sample_observation(LAYOUT, 2000)
    mean, _ = agent.act(seen, agent.initial_state(2000))
    drawn, _ = agent.act(seen, agent.initial_state(2000), deterministic=False)
    # exp(-3) = 0.0498
    assert np.std(drawn.values - mean.values) == pytest.approx(0.0498, rel=0.05)


def test_one_thread_gives_the_number_of_threads_back():
    torch.set_num_threads(2)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def test_an_observation_of_another_layout_is_refused():
    with pytest.raises(ShapeError, match=r"must have the shape \(B, 11\), was \(2, 10\)"):
        policy("values").answer(np.zeros((2, 10), np.float32))
    with pytest.raises(ConfigError, match="the network reads 11 numbers, the layout has 6"):
        NetworkPolicy(build_network(SETTINGS["values"], 1), SETTINGS["values"], LAYOUT.with_private(LAYOUT.private, 1), "x")


class Faulty:
    """A policy with one fault."""

    name, scheme = "faulty", "some_scheme"

    def __init__(self, fault):
        self.fault, self.calls = fault, 0
        self.requires = ("DDD.close",) if fault == "column" else ()

    def initial_state(self, batch):
        return {"memory": np.zeros(1 if self.fault == "state" else batch)}

    def act(self, observation, state, deterministic=True):
        self.calls += 1
        batch = len(observation.market)
        values = np.zeros((batch, 2))
        if self.fault == "random":
            values[:] = 0.001 * self.calls
        if self.fault == "neighbours":
            values[:] = observation.market.mean() / 100
        if self.fault == "range":
            values[:] = 1.5
        if self.fault == "nan":
            values[0] = np.nan
        if self.fault == "writes":
            observation.private[:] = 0.0
        if self.fault == "rows":
            values = values[:1]
        return Decision("other" if self.fault == "scheme" else self.scheme, values), state


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("column", "requires the columns DDD.close"),
        ("random", "the same observation and state gave two decisions"),
        ("neighbours", "decided otherwise alone than in a batch"),
        ("range", r"decides outside of \[-1, 1\]"),
        ("nan", r"decides outside of \[-1, 1\]"),
        ("writes", "writes to its observation or state"),
        ("rows", "a batch of 7 needs 7 decisions"),
        ("state", "state memory must have 7 rows"),
        ("scheme", "promises the scheme some_scheme and decides in other"),
    ],
)
def test_the_checker_finds_each_planted_fault(fault, message):
    with pytest.raises((ConfigError, ShapeError), match=message):
        check_policy(Faulty(fault), LAYOUT)


def test_the_checker_passes_the_same_policy_without_a_fault():
    check_policy(Faulty(None), LAYOUT)
