"""Every body under every kind of network: policy, bundle, references, masks, refusals."""

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.bodied import read_references
from quantgym.agents.networks.bodies.registry import BODIES
from quantgym.agents.networks.gather import Gather
from quantgym.agents.networks.network import NetworkSettings, build_network, load_weights
from quantgym.agents.policy import check_policy, sample_observation
from quantgym.market.errors import ConfigError, UnknownNameError

GIVEN = [
    None, {"kind": "mlp"}, {"kind": "mlp", "shared": [6]}, {"kind": "lstm", "units": 5},
    {"kind": "lstm", "units": 5, "layers": 2, "skip": False}, {"kind": "lstm", "over": "window", "units": 5},
    {"kind": "transformer", "width": 8, "heads": 2}, {"kind": "gnn", "width": 8},
    {"kind": "gnn", "width": 8, "encoder": "lstm", "edges": "complete", "layers": 2}, {"kind": "gnn", "width": 8, "edges": "none"},
]  # fmt: skip
KINDS = [("actor_critic", False), ("actor_critic", True), ("q_network", False), ("soft_actor_critic", True)]
RECURRENT = [body for body in GIVEN if body and body["kind"] == "lstm" and body.get("over") != "window"]
ALL = [
    pytest.param(kind, continuous, body, id=f"{kind}-{continuous}-{body}")
    for kind, continuous in KINDS
    for body in GIVEN
    if kind == "actor_critic" or body not in RECURRENT
]


@pytest.fixture
def case(build, kind, continuous, body):
    settings = build.settings(build.layout(), kind, body, continuous=continuous, forecast=3)
    return settings, build_network(settings, 1)


def test_every_registered_body_is_tried():
    assert {body["kind"] for body in GIVEN if body} == set(BODIES)


@pytest.mark.parametrize(("kind", "continuous", "body"), ALL)
def test_it_keeps_the_contract_of_a_policy_and_answers_row_by_row(build, case, kind, continuous):
    settings, network = case
    check_policy(NetworkPolicy(network, settings, build.layout(), "x"), build.layout())
    flat = torch.randn(5, settings.n_in)
    assert network(flat).shape == (5, 8 if continuous else 4)
    assert network.answer(flat).shape == (5, 4)
    assert network.value(flat).shape == (5,)
    assert network.forecast(flat).shape == (5, 3)
    if kind == "actor_critic":
        dist_inputs, value = network.both(flat)
        assert torch.equal(dist_inputs, network(flat))
        assert torch.equal(value, network.value(flat))


@pytest.mark.parametrize(("kind", "continuous", "body"), ALL)
def test_settings_and_weights_travel(case):
    settings, network = case
    again = NetworkSettings.of(settings.plain())
    flat = torch.randn(5, settings.n_in)
    assert again == settings
    assert torch.equal(load_weights(again, network.state_dict())(flat), network(flat))


@pytest.mark.parametrize(("kind", "continuous", "body"), ALL)
def test_a_bundle_replays_to_the_bit_and_goes_on_alike(tmp_path, build, case):
    settings, network = case
    layout = build.layout()
    policy = NetworkPolicy(network, settings, layout, "x", seed=4)
    save_bundle(tmp_path / "b", policy, layout, None, sample_observation(layout, 64, seed=3).flat(), {})
    loaded = load_bundle(tmp_path / "b")
    assert (loaded.replay.exact, loaded.replay.largest) == (True, 0.0)
    state, other = policy.initial_state(5), loaded.policy.initial_state(5)
    for step in range(3):
        seen = sample_observation(layout, 5, seed=step)
        mine, state = policy.act(seen, state, deterministic=step == 1)
        its, other = loaded.policy.act(seen, other, deterministic=step == 1)
        assert np.array_equal(mine.values, its.values)
    assert all(np.array_equal(state[name], other[name]) for name in state)


@pytest.mark.parametrize(("kind", "continuous", "body"), ALL)
def test_references_are_answered_as_the_flat_observations_they_stand_for(build, case):
    settings, network = case
    reading = settings.reading
    assert reading is not None
    gather = Gather(torch.randn(4_200, reading.n_market), reading.window, reading.n_private)
    rows = torch.tensor([3, 4_199, 4_096, 7, 7, 4_199, 7])  # some rows are seen by several accounts
    place = torch.stack([rows // 4_096, rows % 4_096], dim=1).float()
    reference = torch.cat([place, torch.randn(7, reading.n_private)], dim=1)
    flat = gather(reference)
    names = set(network.state_dict())
    expected = [network(flat), network.value(flat), network.forecast(flat)]
    read_references(network, gather)
    found = [network(reference), network.value(reference), network.forecast(reference)]
    assert set(network.state_dict()) == names
    for one, other in zip(expected, found, strict=True):
        assert torch.allclose(one, other, rtol=0.0, atol=1e-6)
    read_references(network, None)
    assert torch.equal(network(flat), expected[0])


@pytest.mark.parametrize(("kind", "continuous", "body"), ALL)
def test_references_teach_what_the_flat_observations_teach(build, case, body):
    settings, network = case
    reading = settings.reading
    gather = Gather(torch.randn(50, reading.n_market), reading.window, reading.n_private)
    rows = torch.tensor([[0.0, row] for row in (3, 49, 7, 7, 49, 7)])
    reference = torch.cat([rows, torch.randn(6, reading.n_private)], dim=1)
    found = []
    for seen, table in ((gather(reference), None), (reference, gather)):
        read_references(network, table)
        network.zero_grad()
        (network(seen).clamp(min=-1e3).square().sum() + network.value(seen).clamp(min=-1e3).square().sum()).backward()
        found.append({name: one.grad.clone() for name, one in network.named_parameters() if one.grad is not None})
    over_window = body is not None and (body["kind"] in ("transformer", "gnn") or body.get("over") == "window")
    for name, gradient in found[0].items():
        if over_window:  # each window is encoded once, so gradients are added in another order
            assert torch.allclose(gradient, found[1][name], rtol=1e-4, atol=1e-5), name
        else:
            assert torch.equal(gradient, found[1][name]), name


@pytest.mark.parametrize(("kind", "continuous", "body"), [one for one in ALL if not one.values[1]])
def test_forbidden_actions_are_never_taken(build, case):
    settings, network = case
    layout = build.layout()
    policy, seen = NetworkPolicy(network, settings, layout, "x"), sample_observation(layout, 500)
    legal = seen.flat()[:, list(settings.legal_at)] > 0.5
    possible = legal.any(axis=1)
    assert 0 < possible.sum() < 500  # where nothing is allowed, anything may come
    assert (policy.answer(seen.flat())[~legal & possible[:, None]] == -1e9).all()
    assert np.abs(policy.answer(seen.flat())[~possible]).max() < 1e3  # the mask says nothing there, and nothing is worth -1e9
    for deterministic in (True, False):
        decision, _ = policy.act(seen, policy.initial_state(500), deterministic)
        assert legal[np.arange(500), decision.values][possible].all()


@pytest.mark.parametrize(("kind", "continuous", "body"), [one for one in ALL if one.values[2] not in (None, {"kind": "mlp"})])
def test_a_frozen_body_learns_nothing_while_the_heads_do(build, kind, continuous, body):
    frozen = build.settings(build.layout(), kind, {**body, "frozen": True}, continuous=continuous)
    network, flat = build_network(frozen, 1), torch.randn(5, build.layout().size)
    loss = network(flat).sum() + network.value(flat).sum()
    loss.backward()
    learning = {name for name, weight in network.named_parameters() if weight.grad is not None}
    assert learning
    assert not any("trunk." in name for name in learning)
    free = build_network(build.settings(build.layout(), kind, body, continuous=continuous), 1)
    assert torch.allclose(free(flat), network(flat), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("kind", ["q_network", "soft_actor_critic"])
def test_a_memory_over_steps_is_refused_where_nobody_learns_from_sequences(build, kind):
    with pytest.raises(ConfigError, match=r"an LSTM over steps needs PPO or behaviour cloning.*over: window"):
        build.settings(build.layout(), kind, {"kind": "lstm"})


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ({"kind": "transfomer"}, UnknownNameError, "unknown body 'transfomer'; did you mean transformer?"),
        ({"kind": "gnn", "witdh": 8}, ConfigError, "unknown setting witdh; did you mean width?"),
        ({"kind": "gnn", "width": 9}, ConfigError, "width must be a multiple of heads, were 9 and 4"),
        ({"kind": "transformer", "heads": 0}, ConfigError, "heads must be at least 1, was 0"),
        ({"kind": "lstm", "over": "epochs"}, ConfigError, "over: input should be 'steps' or 'window', was 'epochs'"),
        ({"kind": "lstm", "units": 0}, ConfigError, "units must be at least 1, was 0"),
        ({"kind": "mlp", "shared": [4, 0]}, ConfigError, "shared.1 must be at least 1, was 0"),
        ({"width": 8}, ConfigError, "needs a kind"),
    ],
)
def test_a_wrong_body_is_refused(build, body, error, message):
    with pytest.raises(error, match=message):
        build.settings(build.layout(), body=body)


@pytest.mark.parametrize(
    ("body", "window", "message"),
    [
        ({"kind": "transformer"}, 1, "transformer needs env.window of at least 2, was 1"),
        ({"kind": "lstm", "over": "window"}, 1, "lstm over the window needs env.window of at least 2, was 1"),
        ({"kind": "gnn", "encoder": "lstm"}, 1, "gnn with encoder lstm needs env.window of at least 2, was 1"),
        ({"kind": "gnn", "edges": "layout"}, 2, "edges: layout needs edges in the observation, it has none; add {kind"),
    ],
)
def test_an_observation_that_a_body_cannot_read_is_refused(build, body, window, message):
    with pytest.raises(ConfigError, match=message):
        build.settings(build.layout(window=window, edges=()), body=body)


def test_a_graph_needs_columns_of_each_asset(build):
    plain = build.settings(build.layout()).plain()
    reading = {**plain["reading"], "n_columns": 0, "tradable": None}
    with pytest.raises(ConfigError, match=r"gnn needs columns of each asset, the observation has none; add an encoder"):
        NetworkSettings.of({**plain, "n_in": 20, "reading": reading, "body": {"kind": "gnn"}})


def test_a_body_without_a_reading_is_refused(build):
    with pytest.raises(ConfigError, match=r"network.body needs network.reading; make it with Reading.of\(layout\)"):
        build.settings(build.layout(), body={"kind": "gnn"}, reading=None)


def test_a_policy_refuses_a_layout_of_the_same_size_with_other_columns(build):
    settings = build.settings(build.layout())
    other = build.layout(edges=((0, 1), (1, 2)))
    with pytest.raises(ConfigError, match="the network reads other columns than the layout has"):
        NetworkPolicy(build_network(settings, 1), settings, other, "x")
