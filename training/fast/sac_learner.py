"""The fast SAC as a learner."""

from typing import Any

from .off_policy_learner import OffPolicyLearner

__all__ = ["FastSACLearner"]


class FastSACLearner(OffPolicyLearner):
    """Soft actor-critic on RLlib with arrays end to end: twin critics, learned temperature, over n steps, prioritised as asked."""

    def config(self, env: str, blueprint: Any) -> Any:
        """See `OffPolicyLearner.config`."""
        from .off_policy_config import off_policy_config
        from .sac_module import SACModule
        from .sac_update import SACUpdate

        training = self.prepared.job.training
        model = {"temperature": training.temperature, "learning_starts": training.learning_starts}
        return off_policy_config(self.prepared, env, blueprint, SACModule, SACUpdate, model)

    def more_figures(self) -> dict[str, float]:
        """Return nothing more."""
        return {}
