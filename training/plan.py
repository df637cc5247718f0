"""What a job would do, and what it takes: rows, columns, network, steps, memory."""

import hashlib
import os
import platform
import uuid
from importlib import metadata
from typing import Any

import numpy as np

from ..agents.networks.network import build_network
from ..configs.job import Job
from .device import torch_device
from .memory_need import replay_shape, rollout_bytes
from .preparation import Prepared
from .registry.code_version import code_version

__all__ = ["facts_of", "identity_of", "resources_of", "versions"]

LIBRARIES = ("quantgym", "numpy", "numba", "gymnasium", "torch", "ray")
MEGABYTE = 1e6


def identity_of(parent: str | None = None) -> dict[str, Any]:
    """Return what a run is known by in `run.json`: an id of its own, what it is a part of, and the code that began it."""
    return {"id": uuid.uuid4().hex, "parent": parent, "code": code_version()}


def facts_of(prepared: Prepared) -> dict[str, Any]:
    """Return what is written into `run.json` before training begins."""
    job, tape, split, table = prepared.job, prepared.tape, prepared.split, prepared.train.table
    agent = job.agent
    facts: dict[str, Any] = {"algorithm": agent.algorithm, "backend": agent.backend, "env": job.env.id, "action": prepared.scheme}
    if tape is not None and split is not None and table is not None:
        facts |= {
            "tape": tape.name,
            "tape_digest": tape.digest,
            "features_digest": _digest(table.values),
            "rows": {"train": list(split.train), "validation": list(split.validation), "test": list(split.test)},
        }
    facts |= {"observation": prepared.layout.size, "network": prepared.network.plain(), "steps": steps_of(job)}
    return facts | {"job_digest": job.digest}


def resources_of(prepared: Prepared) -> dict[str, Any]:
    """Return what training takes: parameters, processes, device, memory in megabytes."""
    job, table = prepared.job, prepared.train.table
    network = build_network(prepared.network, job.seed)
    resources: dict[str, Any] = {
        "parameters": sum(value.numel() for value in network.parameters()),
        "runners": "none: this process plays" if job.training.runners == 0 else f"{job.training.runners} processes",
        "torch_threads": job.training.threads,
        "device": torch_device(job.training),
        "processors": os.cpu_count(),
        "features_mb": 0.0 if table is None else round(table.values.nbytes / MEGABYTE, 1),
    }
    if job.agent.algorithm in ("DQN", "SAC"):
        resources["replay_mb"] = round(replay_shape(prepared).bytes / MEGABYTE, 1)
    else:
        resources["rollout_mb"] = round(rollout_bytes(prepared) / MEGABYTE, 1)
    return resources


def steps_of(job: Job) -> int:
    """Return the environment steps of a job that no other limit ends."""
    return job.training.iterations * job.training.num_envs * job.training.rollout_bars


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide the bits of a run."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}}


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(values.tobytes()).hexdigest()
