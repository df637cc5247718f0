"""A running Ray cluster: reached in bounded time, joined, checked, and what it holds."""

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..configs.job import Job
from ..market.errors import ConfigError
from .plan import versions
from .ray_session import ray_session

__all__ = ["Cluster", "check_job", "joined_cluster", "own_version"]

REACH_S, CHECK_S = 5.0, 60.0
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)  # RFC 9113, 3.4, with empty SETTINGS
SETTINGS_FRAME = 4


@dataclass(frozen=True)
class Cluster:
    """The nodes of a cluster that are alive.

    Attributes:
        address: How it was joined.
        cpus: Processors of each node by its id, as Ray counts them.
    """

    address: str
    cpus: dict[str, int]

    @classmethod
    def of(cls, address: str) -> "Cluster":
        """Return the cluster that this process has joined."""
        import ray

        alive = [node for node in ray.nodes() if node["Alive"]]
        return cls(address, {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in alive})

    def spread(self, n_runners: int) -> dict[str, int]:
        """Return how many runners each node gets where all of its processors are free.

        Raises:
            ConfigError: There are more runners than processors.
        """
        if n_runners > (total := sum(self.cpus.values())):
            raise ConfigError(
                f"training.runners must not exceed the {total} processors of the {len(self.cpus)} nodes at {self.address}, "
                f"was {n_runners}"
            )
        placed = dict.fromkeys(self.cpus, 0)
        for _ in range(n_runners):
            free = [node for node, count in placed.items() if count < self.cpus[node]]
            placed[min(free, key=lambda node: placed[node])] += 1
        return placed

    def plain(self, n_runners: int) -> dict[str, Any]:
        """Return what `--dry-run` says of it."""
        placed = self.spread(n_runners)
        nodes = {node[:8]: f"{placed[node]} runners on {n_cpus} processors" for node, n_cpus in self.cpus.items()}
        return {"address": self.address, "nodes": len(self.cpus), "processors": sum(self.cpus.values()), "runners": nodes}

    def check_versions(self, mine: str) -> None:
        """Ask every node which quantgym it would run.

        Raises:
            ConfigError: One has another than `mine`, none, or does not answer.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        class Asked:  # by value: a node without the package can still answer; an actor, as runners are
            def version(self) -> str:
                try:
                    from quantgym.training.cluster import own_version as there

                    return there()
                except ImportError as error:
                    return f"none ({error})"

        ask: Any = ray.remote(num_cpus=0)(Asked)
        asked = {
            node: ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote() for node in self.cpus
        }
        answers = {node: one.version.remote() for node, one in asked.items()}
        for node, answer in answers.items():
            try:
                found = ray.get(answer, timeout=CHECK_S)
            except Exception as error:
                raise ConfigError(
                    f"node {node[:8]} at {self.address} does not answer ({type(error).__name__}); where RAY_AUTH_MODE differs "
                    "between the nodes and here, no actor starts"
                ) from None
            if found != mine:
                raise ConfigError(
                    f"node {node[:8]} at {self.address} has another quantgym than this process: {found}, here {mine}; install the "
                    "same on every node"
                )


@cache
def own_version() -> str:
    """Return the version of the package with a digest of its source, which development changes under one version."""
    root, digest = Path(__file__).resolve().parent.parent, hashlib.sha256()
    for path in sorted(root.glob("*/**/*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(("tests/", "benchmarks/", "docs/", "examples/", "src/", ".")):
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return f"{versions()['quantgym']} (source {digest.hexdigest()[:12]})"


def check_job(job: Job) -> None:
    """Raise ConfigError where a cluster could do nothing for the job."""
    if job.agent.backend in ("sb3", "stock") or job.agent.algorithm == "BC":
        which = "agent.algorithm BC" if job.agent.algorithm == "BC" else f"agent.backend {job.agent.backend}"
        raise ConfigError(f"--address is not for {which}, which trains in this process alone; leave it out, or take backend fast")
    if job.training.runners == 0:
        raise ConfigError(
            "--address spreads environment runners over the nodes, training.runners was 0: this process alone would play; "
            "set training.runners, or leave --address out"
        )


@contextmanager
def joined_cluster(address: str, job: Job) -> Iterator[Cluster]:
    """Be a driver on the cluster inside the block; it runs on afterwards.

    Raises:
        ConfigError: Nothing answers there, it lets us not in, it is too small, or a node has another quantgym.
    """
    check_job(job)
    _reach(address)
    with ray_session(address=address):
        cluster = Cluster.of(address)
        cluster.spread(job.training.runners)
        cluster.check_versions(own_version())
        yield cluster


def _reach(address: str) -> None:
    """Raise ConfigError where no gRPC server answers within seconds; Ray itself waits for minutes, then ends the process."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536 or "/" in host:
        raise ConfigError(f"--address must be HOST:PORT of the head node, was {address!r}; ray start --head prints it")
    try:
        with socket.create_connection((host, int(port)), timeout=REACH_S) as link:
            link.settimeout(REACH_S)
            link.sendall(HTTP2_PREFACE)
            answer = link.recv(9)
    except OSError as error:
        raise ConfigError(f"--address {address} cannot be reached ({error}); is it up? ray start --head prints it") from None
    if len(answer) < 4 or answer[3] != SETTINGS_FRAME:
        raise ConfigError(f"--address {address}: what answers there is no Ray head node; ray start --head prints its address")
