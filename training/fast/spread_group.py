"""Environment runners on as many nodes as there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.rllib.algorithms import algorithm as rllib
from ray.rllib.env.env_runner_group import EnvRunnerGroup

__all__ = ["spread_runners"]


class SpreadGroup(EnvRunnerGroup):  # type: ignore[misc]
    """Asks Ray to spread its actors over the nodes, which RLlib's settings cannot; restarted ones too."""

    @property
    def _remote_args(self) -> dict[str, Any]:
        return self._spread_args

    @_remote_args.setter
    def _remote_args(self, given: dict[str, Any]) -> None:
        self._spread_args = {**given, "scheduling_strategy": "SPREAD"}


@contextmanager
def spread_runners() -> Iterator[None]:
    """Have RLlib make its groups of environment runners this way inside the block."""
    before = rllib.EnvRunnerGroup
    rllib.EnvRunnerGroup = SpreadGroup
    try:
        yield
    finally:
        rllib.EnvRunnerGroup = before
