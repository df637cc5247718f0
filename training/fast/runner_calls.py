"""How algorithms of the fast path speak with their environment runners."""

import time
from collections.abc import Callable
from typing import Any

from ...market.errors import QuantgymError

__all__ = ["ATTEMPTS", "RunnerCalls", "RunnersDeadError"]

ATTEMPTS, PAUSE_S = 30, 2.0  # a process that is started again needs a while


class RunnersDeadError(QuantgymError):
    """Every environment runner died, again and again."""


class RunnerCalls:
    """Part of an RLlib algorithm whose runners are told everything they need with each request."""

    env_runner_group: Any
    config: Any

    @property
    def has_remote(self) -> bool:
        """Whether runners are processes of their own."""
        return bool(self.env_runner_group.num_remote_env_runners())

    def each_runner(self, call: Callable[[Any], Any]) -> list[Any]:
        """Return what `call` gives on every healthy environment runner, in their order."""
        found: list[Any] = self.env_runner_group.foreach_env_runner(
            call, local_env_runner=not self.has_remote, timeout_seconds=self.config.sample_timeout_s if self.has_remote else None
        )
        return found

    def asked(self, call: Callable[[Any], Any], iteration: int) -> list[Any]:
        """Return the same, of at least one runner.

        Raises:
            RunnersDeadError: None answers for a minute.
        """
        for _ in range(ATTEMPTS):
            if found := self.each_runner(call):
                return found
            if not self.restore_env_runners(self.env_runner_group):
                time.sleep(PAUSE_S)
        raise RunnersDeadError(  # a message alone: Ray copies what is raised
            f"no environment runner answered in {ATTEMPTS} attempts of iteration {iteration + 1}; the log of Ray says why they "
            "died; training.runners=0 samples in this process"
        )

    def restore_env_runners(self, env_runner_group: Any) -> list[int]:
        """Take restarted runners back; they need no state, since weights come with every request."""
        restored: list[int] = env_runner_group.probe_unhealthy_env_runners()
        return restored
