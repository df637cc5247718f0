"""`bench-train` trains a few iterations of each backend, says how fast, and leaves nothing behind."""

import json

import pytest
import torch

from quantgym.cli.bench_train import bench_train
from quantgym.configs.load import load_job
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.training.rate import training_rate
from quantgym.training.ray_session import ray_session

SMALL = ["training.num_envs=4", "training.rollout_bars=8", "training.minibatch=32", "training.epochs=1", "agent.hidden=[8]"]


@pytest.fixture(scope="module")
def _ray():
    torch.set_num_threads(1)
    with ray_session():
        yield


@pytest.mark.usefixtures("_ray")
def test_each_backend_has_its_pace_and_its_stages_and_nothing_is_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    bench_train("leak_ppo", backends="fast, sb3", iterations=2, settings=SMALL, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["job"], list(found["rates"])) == ("leak_ppo", ["fast", "sb3"])
    for rate in found["rates"].values():
        assert 0.0 < rate["slowest"] <= rate["steps_per_s"] <= rate["fastest"]
        assert rate["sample_steps_per_s"] > rate["steps_per_s"] < rate["learn_steps_per_s"]  # a stage is a part of the whole
    bench_train("leak_ppo", iterations=1, settings=SMALL)
    heading, line = capsys.readouterr().out.splitlines()[:2]
    assert (heading.split()[0], line.split()[0]) == ("backend", "fast")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_ray")
def test_steps_are_counted_by_the_timer_that_is_given():
    # 4 environments x 8 bars = 32 steps in an iteration, between two looks at a clock that goes on by a quarter of a second
    clock = iter(quarter / 4.0 for quarter in range(100))
    rate = training_rate(load_job("leak_ppo", SMALL), "fast", 3, lambda: next(clock))
    assert (rate.steps_per_s, rate.iterations) == ((128.0, 128.0, 128.0), 3)


def test_a_backend_that_is_none_or_cannot_train_the_job_is_refused():
    with pytest.raises(UnknownNameError, match=r"unknown backend 'fsat'; did you mean fast\?"):
        bench_train("leak_ppo", backends="stock,fsat")
    with pytest.raises(ConfigError, match=r"agent\.body transformer is not for agent\.backend sb3"):
        bench_train("leak_ppo", backends="sb3", settings=["agent.body=transformer", "env.window=4"])
