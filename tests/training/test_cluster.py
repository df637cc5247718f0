"""Two Ray nodes on one machine: runners on both, and a node that is killed costs its work in flight and no more."""

import json
import os
import signal
import socket
import time
from itertools import pairwise

import pytest
import torch

from quantgym.market.errors import ConfigError
from quantgym.training import cluster as cluster_module
from quantgym.training import job as jobs
from quantgym.training.cluster import Cluster, check_job, joined_cluster
from quantgym.training.fast.off_policy_learner import OffPolicyLearner
from quantgym.training.fast.ppo_learner import FastPPOLearner
from quantgym.training.preparation import prepare
from quantgym.training.ray_session import ray_session

STORE_BYTES = 80_000_000


@pytest.fixture(scope="module")
def nodes():
    import ray
    from ray.cluster_utils import Cluster as Machines

    if ray.is_initialized():
        pytest.skip("another Ray is up in this process")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        machines = None
        with ray_session():  # Ray's first local session in a process decides on tokens; the nodes inherit it
            pass
        try:
            head = {"num_cpus": 2, "object_store_memory": STORE_BYTES, "include_dashboard": False}
            machines = Machines(initialize_head=True, head_node_args=head)
            machines.other = machines.add_node(num_cpus=2, object_store_memory=STORE_BYTES)
        except Exception as error:
            if machines is not None:
                machines.shutdown()
            pytest.skip(f"Ray's cluster cannot start here: {type(error).__name__}: {error}")
        yield machines
        machines.shutdown()


def remote_job(job_of, agent=None, **training):
    return job_of("PPO", agent=agent or {}, training={"runners": 2, **training})


def where(runner):
    import ray

    return ray.get_runtime_context().get_node_id()


def test_a_dry_run_names_the_nodes_and_their_runners(nodes, job_of):
    facts = jobs.plan(remote_job(job_of), nodes.address)
    # two nodes of two processors, one runner on each
    assert facts["cluster"]["nodes"] == 2
    assert facts["cluster"]["processors"] == 4
    assert list(facts["cluster"]["runners"].values()) == ["1 runners on 2 processors"] * 2


def test_more_runners_than_the_cluster_has_processors_are_refused(nodes, job_of):
    job = job_of("PPO", training={"runners": 8, "num_envs": 8})
    with pytest.raises(ConfigError, match=r"exceed the 4 processors of the 2 nodes at .*, was 8"):  # noqa: SIM117
        with joined_cluster(nodes.address, job):
            pass


def test_a_node_with_another_quantgym_is_refused(nodes, job_of, monkeypatch):
    monkeypatch.setattr(cluster_module, "own_version", lambda: "9.9.9 (source none)")
    with pytest.raises(ConfigError, match=r"another quantgym .* here 9\.9\.9"), joined_cluster(nodes.address, remote_job(job_of)):
        pass


def test_a_run_goes_on_over_the_nodes_wherever_its_first_part_was_trained(nodes, job_of, tmp_path):
    job = remote_job(job_of, iterations=3)

    def stop(one):
        if one.number < 3:
            raise KeyboardInterrupt

    whole = jobs.train(job, tmp_path / "whole", address=nodes.address)
    halted = jobs.train(job, tmp_path / "parts", progress=stop)  # the first iteration on this machine alone
    assert (halted.status, halted.steps) == ("interrupted", 64)
    halted = jobs.resume(halted.folder, progress=stop, address=nodes.address)
    assert (halted.status, halted.steps) == ("interrupted", 128)
    done = jobs.resume(halted.folder, address=nodes.address)
    # three iterations of 2 runners x 2 environments x 16 bars, none of them twice, each as if the run had never stopped
    assert [(line["iteration"], line["steps"]) for line in lines_of(done.folder)] == [(1, 64), (2, 128), (3, 192)]
    assert without_clocks(done.folder) == without_clocks(whole.folder)
    assert (done.status, done.steps, done.digest) == ("done", 192, whole.digest)


def test_dqn_too_plays_on_both_nodes(nodes, job_of, tmp_path):
    job, found = job_of("DQN", training={"runners": 2, "iterations": 2}), []
    iterate = OffPolicyLearner.iterate

    def look(self):
        found.append(set(self._algorithm.each_runner(where)))
        return iterate(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OffPolicyLearner, "iterate", look)
        result = jobs.train(job, tmp_path / "run", address=nodes.address)
    assert [len(places) for places in found] == [2, 2]
    # 2 runners x 2 environments x 16 bars
    assert (result.status, result.steps) == ("done", 128)


def lines_of(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def without_clocks(folder):
    return [{tag: value for tag, value in line.items() if tag != "seconds" and not tag.startswith("speed/")}
            for line in lines_of(folder)]


def test_a_killed_node_costs_its_work_in_flight_and_no_more(nodes, job_of, tmp_path):
    job = remote_job(job_of, iterations=8)
    found, killed = set(), []
    iterate = FastPPOLearner.iterate

    def look(self):
        found.add(tuple(sorted(self._algorithm.each_runner(where))))
        return iterate(self)

    def kill(one):
        if one.number == 3:
            killed.append(nodes.other.node_id)
            os.kill(nodes.other.all_processes["raylet"][0].process.pid, signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FastPPOLearner, "iterate", look)
        result = jobs.train(job, tmp_path / "run", address=nodes.address, progress=kill)
    both = next(places for places in found if len(places) == 2)
    assert len(set(both)) == 2  # before it was killed, one runner on each node
    assert killed[0] in both
    assert [line["iteration"] for line in lines_of(tmp_path / "run")] == list(range(1, 9))
    steps = [0, *(one.steps for one in result.iterations)]
    gained = [after - before for before, after in pairwise(steps)]
    # 2 runners x 2 environments x 16 bars, or those of the one that is left
    assert gained[:3] == [64, 64, 64]
    assert set(gained) == {32, 64}
    assert (result.status, result.steps) == ("done", sum(gained))


def test_an_address_where_nothing_listens_is_told_at_once(job_of):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        began = time.perf_counter()
        with pytest.raises(ConfigError, match=f"{address} cannot be reached"), joined_cluster(address, remote_job(job_of)):
            pass
    assert time.perf_counter() - began < 10.0


def test_an_address_where_something_else_listens_is_told_in_bounded_time(job_of, monkeypatch):
    monkeypatch.setattr(cluster_module, "REACH_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"cannot be reached .*timed out"), joined_cluster(address, remote_job(job_of)):
            pass


@pytest.mark.parametrize("address", ["auto", "ray://head:10001", "head", "head:0", "head:x"])
def test_an_address_must_be_host_and_port(job_of, address):
    with pytest.raises(ConfigError, match="must be HOST:PORT"), joined_cluster(address, remote_job(job_of)):
        pass


def test_jobs_that_a_cluster_cannot_help_are_refused(job_of):
    with pytest.raises(ConfigError, match=r"--address is not for agent\.backend sb3"):
        check_job(job_of("PPO", agent={"backend": "sb3"}))
    with pytest.raises(ConfigError, match=r"--address is not for agent\.backend stock"):
        check_job(remote_job(job_of, agent={"backend": "stock"}))
    with pytest.raises(ConfigError, match=r"training\.runners was 0"):
        check_job(job_of("PPO"))
    check_job(remote_job(job_of))


def test_runners_fill_the_nodes_in_turn_up_to_their_processors():
    # 1 processor and 3: the third and the fourth runner find the first node full
    assert Cluster("here:1", {"a": 1, "b": 3}).spread(4) == {"a": 1, "b": 3}
    assert Cluster("here:1", {"a": 2, "b": 3}).spread(3) == {"a": 2, "b": 1}


def test_a_checkpoint_without_the_state_of_a_runner_goes_on_with_fresh_episodes(job_of, ray, tmp_path):
    import pickle

    prepared = prepare(remote_job(job_of))
    with FastPPOLearner(prepared) as learner:
        learner.iterate()
        learner.save(tmp_path)
        file = tmp_path / "runners.pickle"
        kept = pickle.loads(file.read_bytes())
        assert set(kept["runners"]) == {1, 2}
        first = kept["runners"][1]["seen"].tobytes()
        del kept["runners"][2]  # as where the second runner was dead
        file.write_bytes(pickle.dumps(kept))
    with FastPPOLearner(prepared) as learner:
        learner.load(tmp_path)
        assert learner._algorithm.each_runner(lambda runner: runner.sampler.begun) == [True, False]
        assert learner._algorithm.each_runner(lambda runner: runner.snapshot())[0]["seen"].tobytes() == first
        learner.iterate()
        assert (learner.iteration, learner.steps) == (2, 128)
