"""Targets and losses of SAC against formulas written by hand."""

import math

import numpy as np
import pytest
import torch

from quantgym.training.fast.sac_loss import actor_loss, alpha_loss, critic_loss, critic_targets


def gaussian(obs):
    """Means equal to the first number of an observation, deviation 1/2, one dimension."""
    return torch.stack([obs[:, 0], torch.full((len(obs),), math.log(0.5))], dim=1)


def first_critic(obs, actions):
    """Two values: 3 a and 2 + a."""
    return torch.stack([3.0 * actions[:, 0], 2.0 + actions[:, 0]])


def drawn(mean, noise):
    """Action and log density by the change of variables."""
    before = mean + 0.5 * noise
    action = math.tanh(before)
    density = math.exp(-0.5 * noise**2) / (0.5 * math.sqrt(2.0 * math.pi)) / (1.0 - action**2)
    return action, math.log(density)


def test_targets_take_the_smaller_critic_less_the_price_of_certainty():
    noise = torch.tensor([[0.4], [-0.3], [0.0]])
    batch = {
        "rewards": torch.tensor([1.0, 2.0, 3.0]),
        "discounts": torch.tensor([0.5, 0.25, 0.5]),
        "next_obs": torch.tensor([[0.2], [-0.5], [9.0]]),
        "terminated": torch.tensor([False, False, True]),
    }
    found = critic_targets(gaussian, first_critic, batch, torch.tensor(0.1), noise)
    expected = []
    for reward, discount, mean, draw in ((1.0, 0.5, 0.2, 0.4), (2.0, 0.25, -0.5, -0.3)):
        action, log_density = drawn(mean, draw)
        expected.append(reward + discount * (min(3.0 * action, 2.0 + action) - 0.1 * log_density))
    assert found.numpy() == pytest.approx([*expected, 3.0], abs=1e-5)


def test_the_critics_loss_is_half_the_weighted_squared_error_of_both():
    batch = {"obs": torch.zeros(2, 1), "actions": torch.tensor([[0.5], [1.0]]), "weights": torch.tensor([1.0, 0.5])}
    found = critic_loss(first_critic, batch, torch.tensor([1.0, 2.0]))
    # values 1.5 and 3, 2.5 and 3; errors 0.5 and 1, 1.5 and 1; half of mean(0.25, 0.5) + mean(2.25, 0.5)
    assert found.loss.item() == pytest.approx(0.5 * (0.375 + 1.375))
    assert found.errors.tolist() == [1.0, 1.0]
    assert found.values.tolist() == [2.0, 3.0]


def test_critics_that_miss_on_both_sides_are_not_right_on_average():
    batch = {"obs": torch.zeros(1, 1), "actions": torch.tensor([[0.5]]), "weights": torch.ones(1)}
    # values 1.5 and 2.5 around the target 2: each is wrong by 0.5, and so is the priority
    assert critic_loss(first_critic, batch, torch.tensor([2.0])).errors.tolist() == [0.5]


def test_the_actors_loss_weighs_density_against_the_smaller_critic():
    obs, noise = torch.tensor([[0.2], [-0.5]]), torch.tensor([[0.4], [-0.3]])
    found = actor_loss(gaussian, first_critic, obs, torch.tensor(0.1), noise)
    parts = [drawn(mean, draw) for mean, draw in ((0.2, 0.4), (-0.5, -0.3))]
    expected = np.mean([0.1 * log_density - min(3.0 * action, 2.0 + action) for action, log_density in parts])
    assert found.loss.item() == pytest.approx(expected, abs=1e-5)
    assert found.log_prob.numpy() == pytest.approx([log_density for _, log_density in parts], abs=1e-5)


@pytest.mark.parametrize(("entropy", "sign"), [(-2.0, -1.0), (0.0, 1.0)])
def test_the_temperature_rises_while_entropy_is_below_its_target(entropy, sign):
    log_alpha = torch.tensor(0.0, requires_grad=True)
    alpha_loss(log_alpha, torch.full((4,), -entropy), target_entropy=-1.0).backward()
    # the gradient is entropy - target: against it the temperature rises where that is negative
    assert log_alpha.grad.item() == pytest.approx(entropy + 1.0)
    assert math.copysign(1.0, log_alpha.grad.item()) == sign
