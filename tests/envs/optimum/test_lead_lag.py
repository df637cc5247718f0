"""The lead-lag ring: simulation, brute force over all rings, and what cannot be reached without edges."""

import math
from itertools import permutations

import numpy as np
import pytest

from quantgym.envs.optimum.lead_lag import LeadLag
from quantgym.market.errors import ConfigError


def drawn(model, n_episodes, n_bars, seed=0):
    """Yield (graphs, last returns, next returns) of episodes on rings drawn anew, after 60 bars of their own past."""
    rng = np.random.default_rng(seed)
    graphs = np.stack([model.graph(rng.permutation(model.n_assets)) for _ in range(n_episodes)])
    last = np.zeros((n_episodes, model.n_assets))
    for bar in range(-60, n_bars):
        later = model.next_mean(graphs, last) + model.volatility * rng.standard_normal(last.shape)
        if bar >= 0:
            yield graphs, last, later
        last = later


def paid(model, weights, later):
    return (weights * later - 0.5 * model.risk * model.volatility**2 * weights**2).sum(axis=-1)


def mean_and_error(model, policy, n_episodes=3_000, n_bars=6):
    total = sum(paid(model, policy(graphs, last), later) for graphs, last, later in drawn(model, n_episodes, n_bars)) / n_bars
    return total.mean(), total.std() / math.sqrt(n_episodes)


def test_a_ring_by_hand():
    model = LeadLag(n_assets=4, n_leaders=2)
    graph = model.graph(np.array([2, 0, 3, 1]))
    # 0 follows 2 and, before it, 1; 3 follows 0 and 2; 1 follows 3 and 0; 2 follows 1 and 3
    assert graph.tolist() == [[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 0.5, 0, 0.5], [0.5, 0, 0.5, 0]]
    assert model.next_mean(graph, np.array([0.04, 0.0, 0.02, 0.0])) == pytest.approx([0.005, 0.01, 0.0, 0.015])


def test_best_weights_by_hand_and_by_brute_force():
    model = LeadLag()
    graph = model.graph(np.arange(8))
    last = np.zeros(8)
    last[:3] = 0.007, -0.05, 0.0
    # 0.5 x 0.007 / (175 x 0.0001) = 0.2 for the follower of asset 0; -1.43 is cut to -1 for that of asset 1
    weights = model.optimal_weights(graph, last)
    assert weights.tolist() == pytest.approx([0.0, 0.2, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    tried = np.linspace(-1.0, 1.0, 2_001)
    mean = model.next_mean(graph, last)
    best = tried[np.argmax(tried[:, None] * mean - 0.5 * 175.0 * 1e-4 * tried[:, None] ** 2, axis=0)]
    assert weights == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize("n_leaders", [1, 2, 3])
def test_the_stationary_covariance_solves_its_equation(n_leaders):
    model = LeadLag(n_leaders=n_leaders)
    step = model.beta * model.graph(np.arange(8))
    again = step @ model.covariance @ step.T + model.volatility**2 * np.eye(8)
    assert model.covariance == pytest.approx(again, abs=1e-16)


def test_values_by_hand():
    # variance of a return 1e-4 / (1 - 0.25) = 1.3333e-4, of its mean 0.3333e-4; 8 x 0.3333e-4 / (2 x 0.0175) = 0.00761905,
    # less what the cut at 3.03 deviations takes
    model = LeadLag()
    assert model.value_per_step == pytest.approx(0.00761905, rel=1e-3)
    assert model.value_per_step < 0.00761905
    # the mean of 7 others has a seventh of that variance
    assert model.edgeless_value_per_step == pytest.approx(0.00761905 / 7.0, rel=1e-6)


def test_the_truncated_moments_agree_with_quadrature():
    model = LeadLag(risk=60.0)  # bounds at one deviation
    deviation, scale = math.sqrt(0.25e-4 / 0.75), 60.0 * 1e-4
    m = np.linspace(-9.0, 9.0, 200_001) * deviation
    density = np.exp(-0.5 * (m / deviation) ** 2) / (deviation * math.sqrt(2.0 * math.pi))
    w = np.clip(m / scale, -1.0, 1.0)
    assert model.value_per_step == pytest.approx(8.0 * np.trapezoid(density * (w * m - 0.5 * scale * w * w), m), rel=1e-8)


@pytest.mark.parametrize("n_leaders", [1, 2])
def test_the_value_is_that_of_a_simulation(n_leaders):
    model = LeadLag(n_leaders=n_leaders)
    mean, error = mean_and_error(model, model.optimal_weights)
    assert abs(mean - model.value_per_step) < 4.0 * error
    worse, _ = mean_and_error(model, lambda graphs, last: 0.7 * model.optimal_weights(graphs, last))
    assert mean - worse > 4.0 * error


def test_without_edges_less_than_half_can_be_reached():
    model = LeadLag()
    assert model.edgeless_value_per_step < 0.15 * model.value_per_step
    mean, error = mean_and_error(model, lambda graphs, last: model.edgeless_weights(last))
    assert abs(mean - model.edgeless_value_per_step) < 4.0 * error


def test_last_returns_tell_nothing_about_the_ring():
    # over all rings of 5 assets, the likelihood by the covariance that each implies is flat with one leader; with two it is not
    last = np.random.default_rng(0).standard_normal(5) * 0.01
    spread = {}
    for n_leaders in (1, 2):
        model = LeadLag(n_assets=5, n_leaders=n_leaders)
        inverse = np.linalg.inv(model.covariance)
        orders = [np.array([0, *rest]) for rest in permutations(range(1, 5))]
        fits = np.array([last[order] @ inverse @ last[order] for order in orders])
        spread[n_leaders] = np.ptp(fits)
        if n_leaders == 1:
            guessed = np.mean([model.next_mean(model.graph(order), last) for order in orders], axis=0)
            assert model.edgeless_weights(last) == pytest.approx(np.clip(guessed / (175.0 * 1e-4), -1.0, 1.0))
    assert spread[1] < 1e-9 < spread[2]


@pytest.mark.parametrize(("name", "value"), [
    ("n_assets", 2), ("n_leaders", 8), ("beta", 1.0), ("beta", 0.0), ("volatility", 0.0), ("risk", 0.0),
])
def test_a_ring_of_nonsense_is_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        LeadLag(**{name: value})


def test_the_bound_without_edges_is_not_claimed_for_more_leaders():
    with pytest.raises(ConfigError, match="n_leaders 1, was 2"):
        _ = LeadLag(n_leaders=2).edgeless_value_per_step
