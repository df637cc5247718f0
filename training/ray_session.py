"""A quiet local Ray: no dashboard, no usage statistics, no driver log, a small object store."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..market.errors import ConfigError

__all__ = ["check_processors", "ray_session"]

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

    Raises:
        ConfigError: The cluster lets us not in; Ray tries for about 20 seconds.
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
        _join(address, quiet)
    try:
        yield
    finally:
        ray.shutdown()


def check_processors(n_runners: int) -> None:
    """Raise ConfigError where Ray, which is up, has fewer processors than there are environment runners."""
    import ray

    if n_runners > (n_cpus := int(ray.cluster_resources().get("CPU", 0))):
        raise ConfigError(f"training.runners must not exceed the {n_cpus} processors that Ray has, was {n_runners}")


def _join(address: str, quiet: dict[str, Any]) -> None:
    import ray
    from ray.exceptions import AuthenticationError

    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, AuthenticationError) as error:
        raise ConfigError(
            f"the Ray cluster at {address} lets this process not in ({error}); with RAY_AUTH_MODE=token the head's token must "
            "stand here too, in ~/.ray/auth_token or RAY_AUTH_TOKEN, and with RAY_AUTH_MODE=disabled both must say so"
        ) from None
