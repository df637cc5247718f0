"""What RLlib's SAC learner is given is what our plain network computes."""

import pytest
import torch

pytest.importorskip("ray")
from gymnasium.spaces import Box

from quantgym.agents.networks.network import NetworkSettings
from quantgym.agents.rllib.sac_module import SACModule

SETTINGS = NetworkSettings(kind="soft_actor_critic", n_in=5, n_out=2, continuous=True, hidden=(8,))


@pytest.fixture
def module():
    box = Box(-1.0, 1.0, (5,))
    made = SACModule(observation_space=box, action_space=Box(-1.0, 1.0, (2,)),
                     model_config={"network": SETTINGS.plain(), "seed": 3})  # fmt: skip
    made.make_target_networks()
    return made


@pytest.fixture
def batch():
    return {"obs": torch.randn(6, 5), "new_obs": torch.randn(6, 5), "actions": torch.rand(6, 2) * 2 - 1}


def test_values_of_actions_taken_are_those_of_both_critics(module, batch):
    out = module._forward_train(batch)
    expected = module.net.q(batch["obs"], batch["actions"])
    assert torch.equal(out["qf_preds"], expected[0])
    assert torch.equal(out["qf_twin_preds"], expected[1])
    assert torch.equal(module.compute_q_values(batch), expected.min(0).values)
    assert torch.equal(module.forward_target(batch), expected.min(0).values)  # nothing was learned yet


def test_the_policy_loss_moves_the_actor_and_no_critic(module, batch):
    module._forward_train(batch)["q_curr"].sum().backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in module.pi.parameters())
    assert all(weight.grad is None for weight in module.net.critic.parameters())
    assert all(weight.requires_grad for weight in module.net.critic.parameters())


def test_nothing_of_the_next_value_is_learned(module, batch):
    out = module._forward_train(batch)
    assert not out["q_target_next"].requires_grad
    assert not out["logp_next_resampled"].requires_grad


def test_the_target_follows_the_critics_alone_and_runners_do_without(module):
    assert module.get_target_network_pairs() == [(module.net.critic, module.target)]
    assert module.get_non_inference_attributes() == ["target"]
    names = {name.split(".")[0] for name in module.state_dict()}
    assert names == {"net", "target"}  # no weight is there twice
