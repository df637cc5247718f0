"""Distributions of actions, against torch's own and by hand."""

import math

import pytest
import torch
from torch import distributions

from quantgym.agents.distribution import Categorical, DiagonalGaussian, SquashedGaussian, distribution_of
from quantgym.agents.networks.settings import NetworkSettings


@pytest.fixture
def logits():
    return torch.randn(7, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def gaussian():
    return 0.5 * torch.randn(7, 6, generator=torch.Generator().manual_seed(2))


def theirs(gaussian):
    mean, log_std = gaussian.chunk(2, -1)
    return distributions.Independent(distributions.Normal(mean, log_std.exp()), 1)


def test_the_settings_say_which_distribution_is_meant():
    settings = NetworkSettings(kind="actor_critic", n_in=2, n_out=3)
    assert distribution_of(settings) is Categorical
    assert distribution_of(NetworkSettings(**{**settings.plain(), "continuous": True})) is DiagonalGaussian


def test_categorical_numbers_are_those_of_torch(logits):
    other, actions = logits.roll(1, 0), torch.tensor([0, 1, 2, 3, 0, 1, 2])
    p, q = distributions.Categorical(logits=logits), distributions.Categorical(logits=other)
    torch.testing.assert_close(Categorical.log_prob(logits, actions), p.log_prob(actions))
    torch.testing.assert_close(Categorical.entropy(logits), p.entropy())
    torch.testing.assert_close(Categorical.kl(logits, other), distributions.kl_divergence(p, q))


def test_gaussian_numbers_are_those_of_torch(gaussian):
    other, actions = gaussian.roll(1, 0), torch.randn(7, 3)
    p, q = theirs(gaussian), theirs(other)
    torch.testing.assert_close(DiagonalGaussian.log_prob(gaussian, actions), p.log_prob(actions))
    torch.testing.assert_close(DiagonalGaussian.entropy(gaussian), p.entropy())
    torch.testing.assert_close(DiagonalGaussian.kl(gaussian, other), distributions.kl_divergence(p, q))


def test_squashed_numbers_are_those_of_torch(gaussian):
    noise = SquashedGaussian.noise(gaussian, torch.Generator().manual_seed(3))
    actions, log_prob = SquashedGaussian.sample_and_log_prob(gaussian, noise)
    squashed = distributions.TransformedDistribution(theirs(gaussian), [distributions.TanhTransform(cache_size=1)])
    assert torch.equal(actions, SquashedGaussian.sample(gaussian, noise))
    torch.testing.assert_close(log_prob, squashed.log_prob(actions), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(SquashedGaussian.log_prob(gaussian, actions), log_prob, rtol=1e-4, atol=1e-4)


def test_where_tanh_is_flat_the_density_is_still_right():
    dist_inputs = torch.tensor([[12.0, 0.0]])
    actions, log_prob = SquashedGaussian.sample_and_log_prob(dist_inputs, torch.zeros(1, 1))
    # density of the mean 1 / sqrt(2 pi); slope 1 - tanh(12)^2 = 4 exp(-24) to 1e-10, which float32 could not hold
    assert actions.item() == 1.0
    assert log_prob.item() == pytest.approx(-0.5 * math.log(2 * math.pi) - math.log(4.0) + 24.0, rel=1e-6)


def test_a_draw_is_the_first_action_beyond_the_noise():
    logits = torch.log(torch.tensor([[0.2, 0.3, 0.5]])).expand(6, -1)
    # cumulative 0.2, 0.5, 1
    noise = torch.tensor([0.0, 0.19, 0.21, 0.49, 0.51, 1.0 - 2.0**-24])
    assert Categorical.sample(logits, noise).tolist() == [0, 0, 1, 1, 2, 2]


def test_what_is_forbidden_is_never_drawn_whatever_the_noise():
    logits = torch.tensor([[-1e9, 0.0, -1e9, 1.0, -1e9]]).expand(4, -1)
    assert Categorical.sample(logits, torch.tensor([0.0, 0.2, 0.9, 1.0 - 2.0**-24])).tolist() == [1, 1, 3, 3]
    assert Categorical.entropy(logits).isfinite().all()
    assert Categorical.kl(logits, logits).tolist() == [0.0] * 4


def test_draws_have_the_shares_of_the_softmax():
    logits = torch.log(torch.tensor([0.2, 0.3, 0.5])).expand(20_000, -1)
    drawn = Categorical.sample(logits, Categorical.noise(logits, torch.Generator().manual_seed(4)))
    # the standard deviation of a share is under 0.0036
    assert (torch.bincount(drawn) / 20_000).tolist() == pytest.approx([0.2, 0.3, 0.5], abs=0.015)


def test_gaussian_draws_are_mean_and_deviation_times_noise():
    dist_inputs = torch.tensor([[1.0, -1.0, math.log(2.0), 0.0]])
    # 1 + 2 x 0.5, -1 + 1 x 2
    assert DiagonalGaussian.sample(dist_inputs, torch.tensor([[0.5, 2.0]])).tolist() == [[2.0, 1.0]]
    assert DiagonalGaussian.noise(dist_inputs.expand(5, -1)).shape == (5, 2)


@pytest.mark.parametrize(("mean", "log_std"), [(0.0, 0.0), (1.5, -1.0), (-0.7, 0.4)])
def test_the_squashed_density_integrates_to_one(mean, log_std):
    dist_inputs = torch.tensor([mean, log_std], dtype=torch.float64).expand(400_001, 2)
    places = torch.linspace(-1.0, 1.0, 400_001, dtype=torch.float64)
    density = SquashedGaussian.log_prob(dist_inputs, places[:, None]).exp()
    assert float(torch.trapezoid(density, places)) == pytest.approx(1.0, abs=2e-3)


def test_at_the_ends_the_squashed_density_is_that_just_inside_and_the_same_on_both_sides():
    dist_inputs = torch.tensor([[0.0, 0.0]]).expand(4, 2)
    edge = 1.0 - 1e-6
    found = SquashedGaussian.log_prob(dist_inputs, torch.tensor([[1.0], [edge], [-1.0], [-edge]]))
    assert found.isfinite().all()
    assert found.tolist() == pytest.approx([float(found[0])] * 4, rel=1e-5)


@pytest.mark.parametrize("before", [-200.0, -20.0, 20.0, 200.0])
def test_far_beyond_saturation_density_and_gradient_stay_finite(before):
    dist_inputs = torch.tensor([[before, 0.0]], requires_grad=True)
    actions, log_prob = SquashedGaussian.sample_and_log_prob(dist_inputs, torch.tensor([[0.5]]))
    (actions.sum() + log_prob.sum()).backward()
    # u = mean + 1/2; log(1 - tanh(u)^2) = log 4 - 2 |u| where the rest underflows
    expected = -0.5 * 0.25 - 0.5 * math.log(2 * math.pi) - math.log(4.0) + 2.0 * abs(before + 0.5)
    assert log_prob.item() == pytest.approx(expected, rel=1e-6)
    assert dist_inputs.grad.isfinite().all()


def test_with_a_mask_numbers_are_those_of_the_allowed_actions_alone_and_gradients_are_finite(logits):
    masked, other = logits.clone(), logits.roll(1, 0).clone()
    masked[:, 1] = other[:, 1] = -1e9
    masked.requires_grad_()
    few, its = (one.detach()[:, [0, 2, 3]] for one in (masked, other))
    found = Categorical.entropy(masked), Categorical.kl(other, masked), Categorical.log_prob(masked, torch.full((7,), 2))
    expected = Categorical.entropy(few), Categorical.kl(its, few), Categorical.log_prob(few, torch.full((7,), 1))
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two)
    sum(one.sum() for one in found).backward()
    assert masked.grad.isfinite().all()
    assert not masked.grad[:, 1].any()
