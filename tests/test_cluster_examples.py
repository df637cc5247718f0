"""The examples for clusters say what our command understands: the script with `srun`, `scontrol` and `ray` that only tell."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "cluster"
TELL = '#!/bin/bash\nwhile [[ $1 == --* ]]; do shift; done\necho "$RAY_AUTH_MODE ${#RAY_AUTH_TOKEN}" "$@"\n'


@pytest.fixture
def submit(tmp_path):
    for name, text in (("srun", TELL), ("scontrol", "#!/bin/bash\nprintf 'n7\\nn8\\n'\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    slurm = {"SLURM_JOB_NODELIST": "n[7-8]", "SLURM_JOB_NUM_NODES": "2", "SLURM_CPUS_PER_TASK": "16"}
    environment = os.environ | slurm | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def submit(*words, **more):
        command = ["bash", str(FOLDER / "train.slurm"), *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment | more, check=False)

    return submit


def test_the_script_starts_ray_on_every_node_with_a_token_and_trains(submit):
    done = submit("portfolio_ppo", "--set", "training.runners=32")
    assert done.stdout.strip() == (
        "token 64 ray symmetric-run --address n7:6379 --min-nodes 2 --num-cpus 16 -- "
        "quantgym train portfolio_ppo --run runs/slurm-portfolio_ppo --address n7:6379 --set training.runners=32"
    )


def test_the_script_goes_on_with_a_run_that_stands(submit, tmp_path):
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "run.json").write_text("{}")
    done = submit("jobs/mine.yaml", "--set", "training.runners=32", RUN="runs/first", PORT="7000")
    assert done.stdout.strip().endswith("-- quantgym resume runs/first --address n7:7000")


def test_the_script_without_a_job_says_how_it_is_called(submit):
    done = submit()
    assert done.returncode != 0
    assert "which job? sbatch train.slurm JOB" in done.stderr


def test_the_rayjob_asks_for_the_pinned_ray_a_token_and_as_many_runners_as_its_workers_hold():
    spec = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())["spec"]
    cluster = spec["rayClusterSpec"]
    assert f"ray=={cluster['rayVersion']}" in (ROOT / "constraints.txt").read_text().split()
    assert cluster["authOptions"] == {"mode": "token"}
    (workers,) = cluster["workerGroupSpecs"]
    found = re.search(r"training\.runners=(\d+)", spec["entrypoint"])
    assert found is not None
    assert int(found[1]) == workers["replicas"] * int(workers["rayStartParams"]["num-cpus"])
    assert subprocess.run(["bash", "-nc", spec["entrypoint"]], check=False).returncode == 0
