"""Every backend that saves goes on to the bit: the run that was interrupted leaves the bundle of the one that was not."""

import json

import pytest

from quantgym.training.job import resume, train

TRAINING = {"iterations": 4, "validate_every": 2}
CASES = [("sb3", "PPO"), ("sb3", "DQN")]


@pytest.mark.parametrize(("backend", "algorithm"), CASES)
def test_a_run_goes_on_as_if_it_had_never_stopped(job_of, tmp_path, ray, backend, algorithm):
    job = job_of(algorithm, agent={"backend": backend}, training=TRAINING | {"keep": "last"})
    whole = train(job, tmp_path / "whole")

    def stop(one):
        if one.number == 2:
            raise KeyboardInterrupt

    assert train(job, tmp_path / "halted", progress=stop).resume
    resumed = resume(tmp_path / "halted")
    assert resumed.digest == whole.digest
    assert curve(resumed.folder) == curve(whole.folder)


def curve(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{tag: value for tag, value in line.items() if tag != "seconds" and not tag.startswith("speed/")} for line in lines]
