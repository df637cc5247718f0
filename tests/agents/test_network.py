"""Networks: what they compute, how they are seeded and what they refuse."""

import numpy as np
import pytest
import torch

from quantgym.agents.networks.network import NetworkSettings, build_network, load_weights
from quantgym.market.errors import ConfigError, IntegrityError

CATEGORICAL = NetworkSettings(kind="actor_critic", n_in=4, n_out=3, hidden=(8,))
GAUSSIAN = NetworkSettings(kind="actor_critic", n_in=4, n_out=2, continuous=True, hidden=(8,), log_std=-1.0)
DUELING = NetworkSettings(kind="q_network", n_in=4, n_out=3, hidden=(8, 8))
PLAIN = NetworkSettings(kind="q_network", n_in=4, n_out=3, hidden=(), dueling=False)
ALL = [CATEGORICAL, GAUSSIAN, DUELING, PLAIN]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("settings", ALL)
def test_every_network_answers_with_one_row_an_observation(settings):
    answer = build_network(settings, seed=1).answer(torch.zeros(5, 4))
    assert answer.shape == (5, settings.n_out)


@pytest.mark.parametrize("settings", ALL)
def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone(settings):
    torch.manual_seed(7)
    first = torch.rand(1)
    torch.manual_seed(7)
    one, two, other = (build_network(settings, seed).state_dict() for seed in (1, 1, 2))
    assert torch.rand(1) == first
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_gaussian_policy_gives_means_and_then_log_deviations():
    parameters = build_network(GAUSSIAN, seed=1)(torch.randn(5, 4))
    assert parameters.shape == (5, 4)
    assert torch.equal(parameters[:, 2:], torch.full((5, 2), -1.0))


def test_a_dueling_network_is_value_plus_advantage_less_its_mean():
    weights = build_network(DUELING, seed=1).state_dict()
    heads = {"advantage.0.bias": torch.tensor([1.0, 2.0, 6.0]), "state_value.0.bias": torch.tensor([10.0])}
    blank = {name: torch.zeros_like(weights[name]) for name in ("advantage.0.weight", "state_value.0.weight")}
    network = load_weights(DUELING, {**weights, **heads, **blank})
    # advantages 1, 2, 6 have the mean 3: 10 + (1 - 3), 10 + (2 - 3), 10 + (6 - 3)
    assert torch.equal(network(torch.zeros(1, 4)), torch.tensor([[8.0, 9.0, 13.0]]))


def test_orthogonal_layers_have_the_gain_they_were_given():
    weight = build_network(CATEGORICAL, seed=1).state_dict()["pi.0.weight"]
    # 8 x 4, gain sqrt(2): columns are orthogonal with squared length 2
    assert torch.allclose(weight.T @ weight, 2.0 * torch.eye(4), atol=1e-5)


@pytest.mark.parametrize("settings", ALL)
def test_settings_survive_json(settings):
    assert NetworkSettings.of(settings.plain()) == settings


@pytest.mark.parametrize("settings", ALL)
def test_weights_make_the_same_network_again(settings):
    network = build_network(settings, seed=3)
    flat = torch.from_numpy(np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4))
    assert torch.equal(load_weights(settings, network.state_dict()).answer(flat), network.answer(flat))


def test_weights_of_another_shape_are_refused_by_name():
    weights = build_network(CATEGORICAL, seed=1).state_dict()
    with pytest.raises(IntegrityError, match=r"pi\.0\.bias is \(3,\), must be \(8,\)"):
        load_weights(CATEGORICAL, {**weights, "pi.0.bias": torch.zeros(3)})
    with pytest.raises(IntegrityError, match=r"pi\.0\.bias is None"):
        load_weights(CATEGORICAL, {name: value for name, value in weights.items() if name != "pi.0.bias"})


def test_a_weight_that_is_not_finite_is_refused():
    weights = build_network(CATEGORICAL, seed=1).state_dict()
    with pytest.raises(IntegrityError, match=r"weight pi\.0\.bias holds a number that is not finite"):
        load_weights(CATEGORICAL, {**weights, "pi.0.bias": torch.full((8,), torch.nan)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "transformer"}, "network.kind must be one of"),
        ({"activation": "gelu"}, "network.activation must be one of"),
        ({"n_in": 0}, "network.n_in must be at least 1, was 0"),
        ({"hidden": (8, 0)}, "network.hidden.1 must be at least 1, was 0"),
        ({"kind": "q_network", "continuous": True}, "needs a discrete action scheme"),
    ],
)
def test_wrong_settings_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        NetworkSettings(**{**CATEGORICAL.plain(), **change})


def test_a_misspelt_setting_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match="did you mean hidden"):
        NetworkSettings.of({**CATEGORICAL.plain(), "hiden": [3]})


@pytest.mark.parametrize(("start", "held", "back"), [(-5.01, -5.0, -1.0), (1.01, 1.0, 1.0)])
def test_a_deviation_outside_of_its_range_comes_back_where_it_is_pulled_back_and_goes_no_further(start, held, back):
    network = build_network(GAUSSIAN, seed=1)
    network.log_std.data.fill_(start)
    assert network.deviations().tolist() == pytest.approx([held] * GAUSSIAN.n_out)
    # a loss whose gradient leads back inside (descent goes against it), and one whose gradient leads further out
    for sign, reached in ((back, back), (-back, 0.0)):
        network.log_std.grad = None
        (sign * network.deviations()).sum().backward()
        assert network.log_std.grad.tolist() == [reached] * GAUSSIAN.n_out
    network.log_std.data.fill_(0.5)
    network.log_std.grad = None
    network.deviations().sum().backward()
    assert network.log_std.grad.tolist() == [1.0] * GAUSSIAN.n_out


def test_building_a_network_leaves_all_global_generators_alone(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)  # torch calls it with or without a GPU
    before = torch.get_rng_state()
    build_network(CATEGORICAL, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert seeded == []
    torch.manual_seed(int(torch.initial_seed()))  # the twin: this is how it would be noticed
    assert len(seeded) == 1
    torch.set_rng_state(before)
