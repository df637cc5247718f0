"""Memory over the steps of an episode."""

import numpy as np
import pytest
import torch

from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.bodies.lstm import new_lstm
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation

MEMORIES = [{"kind": "lstm", "units": 6}, {"kind": "lstm", "units": 6, "layers": 2, "skip": False}]


@pytest.fixture(params=MEMORIES, ids=["one layer", "two layers"])
def case(request, build):
    settings = build.settings(build.layout(), body=request.param, forecast=2)
    return settings, build_network(settings, 1)


def test_a_sequence_is_its_steps_one_by_one_and_forgets_where_an_episode_begins(case):
    settings, network = case
    torch.manual_seed(5)
    flat, state = torch.randn(9, 4, settings.n_in), torch.randn(4, network.initial(4).shape[1])
    began = torch.zeros(9, 4, dtype=torch.bool)
    began[0, 1] = began[3] = began[4, 2] = began[8, 0] = True
    dist_inputs, value = network.sequence(flat, state, began)
    assert (dist_inputs.shape, value.shape) == ((9, 4, 4), (9, 4))
    for step in range(9):
        state = torch.where(began[step][:, None], 0.0, state)
        one, its_value, state = network.advance(flat[step], state)
        assert torch.allclose(one, dist_inputs[step], rtol=1e-6, atol=1e-6)
        assert torch.allclose(its_value, value[step], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
def test_wherever_episodes_begin_outputs_and_gradients_are_those_of_single_steps_and_few_calls_suffice(case, share, monkeypatch):
    settings, network = case
    torch.manual_seed(8)
    flat, state, began = torch.randn(19, 5, settings.n_in), torch.randn(5, network.initial(1).shape[1]), torch.rand(19, 5) < share
    calls, run = [], network.trunk._run
    monkeypatch.setattr(network.trunk, "_run", lambda *given: calls.append(1) or run(*given))
    found = torch.cat([one.flatten() for one in network.sequence(flat, state, began)])
    assert len(calls) <= 6  # lengths 1, 2, 4, 8, 16 and 32 at most
    found.square().sum().backward()
    gradients = {name: one.grad.clone() for name, one in network.named_parameters() if one.grad is not None}
    network.zero_grad()
    numbers, values = [], []
    for step in range(19):
        number, value, state = network.advance(flat[step], torch.where(began[step][:, None], 0.0, state))
        numbers.append(number)
        values.append(value)
    expected = torch.cat([torch.stack(numbers).flatten(), torch.stack(values).flatten()])
    assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)
    expected.square().sum().backward()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, network.get_parameter(name).grad, rtol=1e-3, atol=1e-4), name


def test_the_features_of_a_sequence_give_its_forecasts_too(case):
    settings, network = case
    flat, began = torch.randn(3, 2, settings.n_in), torch.zeros(3, 2, dtype=torch.bool)
    features = network.sequence_features(flat, network.initial(2), began)
    assert torch.equal(network.value_of(features), network.sequence(flat, network.initial(2), began)[1])
    assert network.forecast_of(features).shape == (3, 2, 2)


def test_before_the_first_step_nothing_is_remembered(case):
    settings, network = case
    flat = torch.randn(5, settings.n_in)
    assert not network.initial(5).any()
    assert torch.allclose(network(flat), network.advance(flat, network.initial(5))[0])


def test_gradients_flow_through_the_steps_of_an_episode_and_not_into_the_one_before(case):
    settings, network = case
    flat = torch.randn(4, 1, settings.n_in, requires_grad=True)
    began = torch.tensor([[True], [False], [True], [False]])
    network.sequence(flat, network.initial(1), began)[1][3].sum().backward()
    assert flat.grad is not None
    reached = flat.grad.abs().sum(dim=(1, 2)) > 0.0
    assert reached.tolist() == [False, False, True, True]


def test_a_policy_remembers_in_its_state_and_an_account_can_begin_anew(case, build):
    settings, network = case
    layout = build.layout()
    policy = NetworkPolicy(network, settings, layout, "x")
    seen = sample_observation(layout, 3)
    first = policy.initial_state(3)
    _, later = policy.act(seen, first)
    assert later["memory"].shape == (3, 12 * settings.body.get("layers", 1))
    assert not np.array_equal(policy.answer(seen.flat(), later), policy.answer(seen.flat(), first))
    mixed = {name: np.concatenate([first[name][:1], later[name][1:]]) for name in later}
    answer = policy.answer(seen.flat(), mixed)
    np.testing.assert_allclose(answer[0], policy.answer(seen.flat(), first)[0], atol=1e-6)
    np.testing.assert_allclose(answer[1:], policy.answer(seen.flat(), later)[1:], atol=1e-6)


def test_forget_gates_begin_open_and_recurrent_weights_orthogonal():
    lstm = new_lstm(3, 4, 1)
    # gates stand in the order input, forget, cell, output
    assert lstm.bias_ih_l0.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert not lstm.bias_hh_l0.any()
    for gate in lstm.weight_hh_l0.detach().chunk(4):
        assert torch.allclose(gate @ gate.T, torch.eye(4), atol=1e-5)
