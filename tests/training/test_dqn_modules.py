"""Modules of DQN explore among the allowed actions alone, and a state without any is worth what the network says."""

import gymnasium as gym
import pytest
import torch

from quantgym.agents.networks.network import NetworkSettings
from quantgym.agents.networks.reading import Reading
from quantgym.agents.rllib.q_module import QModule
from quantgym.training.fast.dqn_loss import dqn_loss
from quantgym.training.fast.dqn_module import DQNModule

READING = Reading(window=1, n_assets=1, n_global=0, n_columns=2, n_private=3, legal=(0, 1, 2))
SETTINGS = NetworkSettings(kind="q_network", n_in=5, n_out=3, hidden=(8,), reading=READING)


def module_of(kind):
    model = {"network": SETTINGS.plain(), "seed": 1, "double": True, "epsilon_end": 1.0, "epsilon_steps": 1}
    box = gym.spaces.Box(-10.0, 10.0, (5,))
    return kind(observation_space=box, action_space=gym.spaces.Discrete(3), model_config=model, inference_only=False)


def seen(*legal):
    torch.manual_seed(2)
    return torch.cat([torch.randn(600, 2), torch.tensor(legal).expand(600, 3)], dim=1)


def drawn(kind, obs):
    module = module_of(kind)
    if kind is DQNModule:
        return module.explore(obs, 10)
    return module._forward_exploration({"obs": obs}, t=10)["actions"]


@pytest.mark.parametrize("kind", [QModule, DQNModule])
def test_random_actions_are_uniform_over_those_that_are_allowed(kind):
    counts = torch.bincount(drawn(kind, seen(1.0, 0.0, 1.0)), minlength=3)
    # 300 of 600 each, standard deviation 12
    assert counts[1] == 0
    assert counts[0] == pytest.approx(300, abs=60)


def test_exploration_falls_within_an_iteration_of_stock_rllib_though_its_count_begins_again_in_every_fragment(monkeypatch):
    module, steps = module_of(QModule), []
    monkeypatch.setattr(module, "epsilon", lambda step: steps.append(step) or 0.5)
    # fragments of two vectors of 4 environments; the count of whole iterations moves on after three of them
    for t in (0, 4, 0, 4, 0, 4, 24, 28):
        module._forward_exploration({"obs": seen(1.0, 1.0, 1.0)[:4]}, t=t)
    assert steps == [0, 4, 8, 12, 16, 20, 24, 28]


@pytest.mark.parametrize("kind", [QModule, DQNModule])
def test_where_nothing_is_allowed_anything_may_come(kind):
    counts = torch.bincount(drawn(kind, seen(0.0, 0.0, 0.0)), minlength=3)
    assert counts.tolist() == pytest.approx([200] * 3, abs=60)


@pytest.mark.parametrize("double", [False, True])
def test_a_step_into_or_out_of_a_state_without_allowed_actions_teaches_nothing_absurd(double):
    module, allowed, nothing = module_of(DQNModule), seen(1.0, 1.0, 1.0)[:4], seen(0.0, 0.0, 0.0)[:4]
    rest = {
        "actions": torch.tensor([0, 1, 2, 0]), "rewards": torch.ones(4), "discounts": torch.full((4,), 0.9),
        "terminated": torch.zeros(4, dtype=torch.bool), "weights": torch.ones(4),
    }  # fmt: skip
    for here, there in ((allowed, nothing), (nothing, allowed)):
        found = dqn_loss(module.net, module.target, {**rest, "obs": here, "next_obs": there}, double)
        assert found.errors.abs().max() < 10.0
