"""States of the global generators: kept and restored, that of the GPU with them where it draws."""

import random

import numpy as np
import torch

from quantgym.market.seeding import generator, spawned
from quantgym.training.cloning import CloningLearner
from quantgym.training.fast.off_policy_config import off_policy_config
from quantgym.training.preparation import prepare
from quantgym.training.randomness import learner_stream, random_states, restore_random_states


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


def first_bits(sequence):
    return generator(sequence).integers(2**63, size=4).tolist()


def test_streams_of_a_learner_are_those_of_no_environment():
    environments = [first_bits(spawned(7, index)) for index in range(200)]
    own = [first_bits(learner_stream(7, index)) for index in range(20)]
    assert not any(one in environments for one in own)
    assert len({tuple(one) for one in own}) == 20
    assert first_bits(learner_stream(7, 1)) == own[1] != first_bits(learner_stream(8, 1))


def test_replay_and_lessons_are_drawn_from_streams_of_the_learner(job_of):
    # sub-environment i draws from (seed, i): a replay on (seed, 1) would draw the very numbers of the second environment
    drawn = off_policy_config(prepare(job_of("DQN")), "any", None, object, object, {}).learner_config_dict["replay"]["seed"]
    assert first_bits(drawn) == first_bits(learner_stream(5, 1))
    taught = job_of("PPO", agent={"algorithm": "BC", "backend": "fast", "expert": "equal_weight"})
    with CloningLearner(prepare(taught)) as learner:
        assert learner._shuffle.integers(2**63, size=4).tolist() == first_bits(learner_stream(5, 2))
