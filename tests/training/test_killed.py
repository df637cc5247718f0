"""`quantgym train` killed with SIGKILL while it learns, then `quantgym resume`: the run ends as one that was never killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantgym.configs.load import load_job
from quantgym.training.job import train

COMMAND = str(Path(sys.executable).parent / "quantgym")
SMALL = ["training.num_envs=16", "training.rollout_bars=16", "training.validate_every=40"]
CASES = {
    "PPO with a penalty": ("leak_ppo", [*SMALL, "training.iterations=120", "training.minibatch=64", "training.kl_target=0.01"]),
    "DQN with priorities": (
        "leak_dqn",
        [*SMALL, "training.iterations=120", "training.update_every=64", "training.prioritised=true", "training.n_step=3",
         "training.replay_capacity=2000", "training.schedules={}"],
    ),
}  # fmt: skip


def lines(folder):
    file = folder / "metrics.jsonl"
    return file.read_text().splitlines() if file.is_file() else []


def curve(folder):
    kept = [json.loads(line) for line in lines(folder)]
    return [{tag: value for tag, value in one.items() if tag != "seconds" and not tag.startswith("speed/")} for one in kept]


def record(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_killed_command_is_resumed_to_the_bit(case, tmp_path):
    job, changes = CASES[case]
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    environment = os.environ | {"QUANTGYM_REGISTRY": str(tmp_path / "registry.db"), "OMP_NUM_THREADS": "1"}
    words = [COMMAND, "train", job, "--run", str(folder), *(word for change in changes for word in ("--set", change))]
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(lines(folder)) < 5 and process.poll() is None:
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert (record(folder)["status"], (folder / "bundle").exists()) == ("running", False)
    played = len(lines(folder))
    assert 5 <= played < 120

    subprocess.run([COMMAND, "resume", str(folder)], env=environment, check=True, capture_output=True)
    train(load_job(job, changes), whole)
    assert curve(folder) == curve(whole)
    assert record(folder)["bundle"] == record(whole)["bundle"]
