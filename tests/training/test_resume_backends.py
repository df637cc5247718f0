"""Every backend that saves goes on to the bit: the run that was interrupted leaves the bundle of the one that was not."""

import json

import pytest
import torch

from quantgym.training.job import resume, train

TRAINING = {"iterations": 4, "validate_every": 2}
REPLAYED = {"batch": 16, "update_every": 16, "learning_starts": 32, "replay_capacity": 100}
CASES = {
    "sb3 PPO": ("PPO", {"backend": "sb3"}, {"keep": "last"}),
    "sb3 LSTM": ("PPO", {"backend": "sb3", "body": {"kind": "lstm", "units": 8}}, {}),
    "sb3 DQN": ("DQN", {"backend": "sb3"}, REPLAYED | {"keep": "last"}),
    "sb3 SAC": ("PPO", {"backend": "sb3", "algorithm": "SAC"}, REPLAYED),
    "stock PPO": ("PPO", {"backend": "stock"}, {"keep": "last"}),
    "stock DQN": ("DQN", {"backend": "stock"}, REPLAYED | {"keep": "last"}),
    "stock SAC": ("PPO", {"backend": "stock", "algorithm": "SAC"}, REPLAYED | {"n_step": 3}),
    "fast PPO": ("PPO", {"backend": "fast"}, {"keep": "last", "kl_target": 0.01}),
    "fast DQN": ("DQN", {"backend": "fast"}, REPLAYED | {"keep": "last", "prioritised": True}),
    "fast SAC": ("PPO", {"backend": "fast", "algorithm": "SAC"}, REPLAYED | {"n_step": 3}),
    "fast LSTM": ("PPO", {"backend": "fast", "body": {"kind": "lstm", "units": 8}}, {"sequence_bars": 8}),
    "fast GNN": ("PPO", {"backend": "fast", "algorithm": "SAC", "body": {"kind": "gnn", "width": 8}},
                 REPLAYED | {"observation": "reference"}),
    "cloning LSTM": ("PPO", {"backend": "fast", "algorithm": "BC", "expert": "equal_weight", "body": "lstm"}, {}),
    "cloning": ("PPO", {"backend": "fast", "algorithm": "BC", "expert": "equal_weight"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_goes_on_as_if_it_had_never_stopped(job_of, tmp_path, ray, case):
    torch.set_num_threads(1)
    algorithm, agent, training = CASES[case]
    job = job_of(algorithm, agent=agent, training=TRAINING | training)
    whole = train(job, tmp_path / "whole")

    def stop(one):
        if one.number == 2:
            raise KeyboardInterrupt

    assert train(job, tmp_path / "halted", progress=stop).resume
    resumed = resume(tmp_path / "halted")
    assert sorted(path.name for path in resumed.folder.iterdir()) == sorted(path.name for path in whole.folder.iterdir())
    assert resumed.digest == whole.digest
    assert curve(resumed.folder) == curve(whole.folder)


def curve(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{tag: value for tag, value in line.items() if tag != "seconds" and not tag.startswith("speed/")} for line in lines]
