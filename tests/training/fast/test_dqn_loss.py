"""Targets and loss of DQN against formulas written by hand."""

import pytest
import torch

from quantgym.training.fast.dqn_loss import dqn_loss, dqn_targets
from quantgym.training.fast.dqn_module import epsilon


class Table(torch.nn.Module):
    """Action values by the first number of an observation."""

    def __init__(self, values):
        super().__init__()
        self.values = torch.nn.Parameter(torch.tensor(values))

    def forward(self, obs):
        return self.values[obs[:, 0].long()]


@pytest.fixture
def batch():
    return {
        "obs": torch.tensor([[0.0], [0.0], [1.0]]),
        "actions": torch.tensor([1, 0, 1]),
        "rewards": torch.tensor([1.0, 2.0, 3.0]),
        "discounts": torch.tensor([0.5, 0.25, 0.5]),
        "next_obs": torch.tensor([[1.0], [1.0], [0.0]]),
        "terminated": torch.tensor([False, False, True]),
        "weights": torch.tensor([1.0, 0.5, 1.0]),
    }


@pytest.fixture
def nets():
    # the learner prefers action 0 in state 1, its copy action 1
    return Table([[0.0, 4.0], [9.0, 7.0]]), Table([[5.0, 6.0], [2.0, 8.0]])


def test_a_double_target_takes_the_learners_choice_and_the_copys_value(nets, batch):
    # 1 + 0.5 x 2; 2 + 0.25 x 2; 3, over
    assert dqn_targets(*nets, batch, double=True).tolist() == [2.0, 2.5, 3.0]


def test_a_plain_target_takes_choice_and_value_of_the_copy(nets, batch):
    # 1 + 0.5 x 8; 2 + 0.25 x 8; 3, over
    assert dqn_targets(*nets, batch, double=False).tolist() == [5.0, 4.0, 3.0]


def test_the_loss_is_the_weighted_huber_loss_and_only_the_learner_has_a_gradient(nets, batch):
    found = dqn_loss(*nets, batch, double=True)
    # values 4, 0, 7 against 2, 2.5, 3: errors 2, -2.5, 4; Huber |e| - 1/2: 1.5, 2, 3.5; weighted mean (1.5 + 1 + 3.5) / 3
    assert found.errors.tolist() == [2.0, -2.5, 4.0]
    assert found.loss.item() == pytest.approx(2.0)
    found.loss.backward()
    # d/dvalue is weight x sign / 3
    assert nets[0].values.grad.tolist() == [pytest.approx([-0.5 / 3, 1 / 3]), pytest.approx([0.0, 1 / 3])]
    assert nets[1].values.grad is None


def test_what_follows_an_end_counts_nothing_even_where_it_is_not_finite(nets, batch):
    nets[1].values.data[0] = torch.nan
    assert dqn_targets(*nets, batch, double=False).tolist() == [5.0, 4.0, 3.0]


def test_random_actions_grow_rarer_in_a_straight_line():
    # from 1 to 0.2 over 100 steps: 0.8 / 100 a step
    assert [epsilon(steps, 0.2, 100) for steps in (0, 50, 100, 1_000)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
