"""Environment runners in processes of their own: same weights everywhere, and one that dies costs its work in flight alone."""

import copy
import os
import pickle
from itertools import pairwise

import pytest
import torch

from quantgym.market.errors import ConfigError
from quantgym.training.fast import runner_calls
from quantgym.training.fast.ppo_learner import FastPPOLearner
from quantgym.training.fast.runner_calls import RunnerCalls, RunnersDeadError
from quantgym.training.preparation import prepare


def test_a_runner_that_dies_costs_its_work_in_flight_and_is_started_again(fast_job, ray, tmp_path):
    prepared = prepare(fast_job(training={"runners": 2, "iterations": 9}))
    with FastPPOLearner(prepared) as learner:
        algorithm, steps = learner._algorithm, []
        for _ in range(2):
            figures = learner.iterate()
            steps.append(learner.steps)
        learner.save(tmp_path)
        saved = learner.weights()
        played = algorithm.each_runner(lambda runner: {name: one.clone() for name, one in runner.module.net.state_dict().items()})
        first_seen = algorithm.each_runner(lambda runner: runner.sampler.state()["seen"].tobytes())
        algorithm.env_runner_group.foreach_env_runner(
            lambda runner: os._exit(1), local_env_runner=False, remote_worker_ids=[1], timeout_seconds=5
        )
        while steps[-1] - steps[-2] < 64 or len(steps) < 4:  # it takes a while to start again
            assert len(steps) < 200
            learner.iterate()
            steps.append(learner.steps)
        assert algorithm.env_runner_group.num_healthy_remote_env_runners() == 2
        learner.load(tmp_path)
        seen = algorithm.each_runner(lambda runner: runner.sampler.state()["seen"].tobytes())
        learner.iterate()
        played_again = algorithm.each_runner(lambda runner: dict(runner.module.net.state_dict()))
    # 2 runners x 2 environments x 16 bars, or those of one of them
    assert steps[:2] == [64, 128]
    assert {after - before for before, after in pairwise(steps)} == {32, 64}
    assert figures["train/episode_bars"] == 9.0
    assert first_seen[0] != first_seen[1]
    assert all(torch.equal(one, played[1][name]) for name, one in played[0].items())
    assert not all(torch.equal(one, saved[name]) for name, one in played[0].items())  # they sampled before the last update
    # weights travel with the request, so that the first iteration after a restore plays what was restored, on both
    assert seen == first_seen
    assert all(torch.equal(value, saved[name]) for one in played_again for name, value in one.items())


def test_a_runner_that_is_started_again_plays_the_world_of_the_stage(fast_job, ray):
    stages = [{"start": 0.01, "env": {"episode_bars": 5}}]
    with FastPPOLearner(prepare(fast_job(training={"runners": 1, "iterations": 100, "stages": stages}))) as learner:
        assert learner.iterate()["train/episode_bars"] == 9.0
        assert learner.iterate()["train/episode_bars"] == 5.0
        learner._algorithm.env_runner_group.foreach_env_runner(
            lambda runner: os._exit(1), local_env_runner=False, remote_worker_ids=[1], timeout_seconds=5
        )
        figures = learner.iterate()  # the run waits until it stands again
    assert figures["train/episode_bars"] == 5.0  # and not the 9 of the world that the process began with


def test_more_runners_than_processors_are_refused(fast_job, ray):
    learner = FastPPOLearner(prepare(fast_job(training={"runners": 4})))
    with pytest.raises(ConfigError, match="runners must not exceed the 2 processors that Ray has, was 4"), learner:
        pass


def test_the_error_of_dead_runners_can_be_copied_and_sent_as_ray_does(monkeypatch):
    monkeypatch.setattr(runner_calls, "PAUSE_S", 0.0)

    class Nobody(RunnerCalls):
        def each_runner(self, call):
            return []

        def restore_env_runners(self, env_runner_group):
            return []

        env_runner_group = None

    with pytest.raises(RunnersDeadError, match="no environment runner answered in 30 attempts of iteration 3") as raised:
        Nobody().asked(lambda runner: runner, 2)
    assert str(copy.copy(raised.value)) == str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
