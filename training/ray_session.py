"""A quiet local Ray: no dashboard, no usage statistics, no driver log, a small object store."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ray_session"]

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}
OBJECT_STORE_BYTES = 200_000_000


@contextmanager
def ray_session(n_cpus: int = 2, *, address: str | None = None) -> Iterator[None]:
    """Have Ray up inside the block, and down after it; a Ray that already runs in this process is used and left running.

    Args:
        n_cpus: Processors that Ray counts with; local training uses one process whatever it is.
        address: Of a cluster to join, `host:port` or `auto`; None: a Ray of our own on this machine.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="ray.*")
    import ray

    if ray.is_initialized():
        yield
        return
    for name in ("ray", "ray.rllib", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:  # never join somebody else's cluster
        own = {"num_cpus": n_cpus, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        ray.init(address="local", **own, **quiet)
    else:
        ray.init(address=address, **quiet)
    try:
        yield
    finally:
        ray.shutdown()
