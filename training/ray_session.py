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
def ray_session(n_cpus: int = 2) -> Iterator[None]:
    """Have Ray up inside the block, and down after it; a Ray that already runs in this process is used and left running.

    Args:
        n_cpus: Processors that Ray counts with; local training uses one process whatever it is.
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
    ray.init(
        address="local",  # never join somebody else's cluster
        num_cpus=n_cpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=OBJECT_STORE_BYTES,
    )
    try:
        yield
    finally:
        ray.shutdown()
