"""States of the global generators: kept and restored, that of the GPU with them where it draws."""

import random

import numpy as np
import torch

from quantgym.training.randomness import random_states, restore_random_states


def drawn():
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_what_is_drawn_after_going_back_is_what_was_drawn_before():
    states = random_states(torch.device("cpu"))
    before = drawn()
    restore_random_states(states, torch.device("cpu"))
    assert drawn() == before
    assert "cuda" not in states


def test_the_generator_of_a_gpu_goes_with_them_where_learning_stands_there(monkeypatch):
    generators = {"cuda:0": torch.tensor([7], dtype=torch.uint8)}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: generators[str(device)].clone())
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: generators.update({str(device): state}))
    states = random_states(torch.device("cuda:0"))
    generators["cuda:0"] = torch.tensor([9], dtype=torch.uint8)
    restore_random_states(states, torch.device("cpu"))
    assert generators["cuda:0"].tolist() == [9]
    restore_random_states(states, torch.device("cuda:0"))
    assert generators["cuda:0"].tolist() == [7]
