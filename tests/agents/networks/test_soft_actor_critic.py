"""Soft actor-critic: what its parts compute."""

import copy

import numpy as np
import pytest
import torch

from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import NetworkSettings, build_network
from quantgym.agents.policy import sample_observation
from quantgym.market.errors import ConfigError

BODIES = [None, {"kind": "gnn", "width": 8}]


@pytest.fixture(params=BODIES, ids=["none", "gnn"])
def case(request, build):
    settings = build.settings(build.layout(), "soft_actor_critic", request.param)
    return settings, build_network(settings, 1)


def test_two_critics_with_no_weight_in_common_judge_actions(case):
    settings, network = case
    flat, actions = torch.randn(99, settings.n_in), torch.rand(99, 4, requires_grad=True)
    values = network.q(flat, actions)
    assert values.shape == (2, 99)
    assert not torch.allclose(values[0], values[1])
    values.sum().backward()
    assert actions.grad is not None
    assert (actions.grad != 0.0).any(dim=0).all()
    assert torch.equal(network.value(flat), network.q(flat, network.answer(flat)).min(0).values)


def test_the_actor_is_no_function_of_the_critics(case):
    settings, network = case
    flat = torch.randn(5, settings.n_in)
    before = network(flat)
    target = copy.deepcopy(network.critic)
    with torch.no_grad():
        for parameter in network.critic.parameters():
            parameter.add_(1.0)
    assert torch.equal(network(flat), before)
    assert not torch.allclose(target(flat, torch.zeros(5, 4)), network.q(flat, torch.zeros(5, 4)))


def test_deviations_begin_where_they_were_set_and_stay_in_bounds(build):
    settings = build.settings(build.layout(), "soft_actor_critic", log_std=-1.0)
    network, flat = build_network(settings, 1), torch.randn(5, build.layout().size)
    assert (network(flat)[:, 4:] + 1.0).abs().max() < 0.2
    wild = network(1e6 * flat)[:, 4:]
    assert wild.min() >= -5.0
    assert wild.max() <= 2.0


def test_deployment_takes_the_tanh_of_the_mean_and_draws_around_it(case, build):
    settings, network = case
    layout = build.layout()
    policy, seen = NetworkPolicy(network, settings, layout, "x"), sample_observation(layout, 300)
    state = policy.initial_state(300)
    decision, _ = policy.act(seen, state)
    mean, log_std = network(torch.from_numpy(seen.flat())).detach().chunk(2, -1)
    assert np.array_equal(decision.values, mean.tanh().numpy())  # to the bit
    drawn, following = policy.act(seen, state, deterministic=False)
    noise = (np.arctanh(drawn.values) - mean.numpy()) / log_std.exp().numpy()
    # 1,200 standard normal numbers: their deviation is 1 to 0.02
    assert noise.std() == pytest.approx(1.0, abs=0.08)
    assert following["draw"].tolist() == [1] * 300


def test_above_a_graph_the_critic_is_fair_to_every_order_of_assets(build):
    layout = build.layout(edges=())
    settings = build.settings(layout, "soft_actor_critic", {"kind": "gnn", "width": 8})
    network, order = build_network(settings, 1), [2, 0, 1]
    flat = torch.from_numpy(sample_observation(layout, 5).flat())
    split = layout.window * layout.n_market
    rows = flat[:, :split].view(5, layout.window, -1)
    assets = rows[:, :, 1:].view(5, layout.window, 3, 2)[:, :, order].flatten(2)
    private = flat[:, split:]
    turned = torch.cat([torch.cat([rows[:, :, :1], assets], -1).flatten(1), private[:, :5], private[:, 5:][:, order]], -1)
    actions = torch.rand(5, 4)
    assert torch.allclose(network.q(turned, actions[:, [*order, 3]]), network.q(flat, actions), atol=1e-6)
    assert not torch.allclose(network.q(flat, actions[:, [*order, 3]]), network.q(flat, actions), atol=1e-6)


def test_discrete_actions_are_refused():
    with pytest.raises(ConfigError, match="soft_actor_critic needs continuous actions; train discrete ones with PPO or DQN"):
        NetworkSettings(kind="soft_actor_critic", n_in=3, n_out=2)
