"""The fast DQN as a learner."""

from typing import Any

from .off_policy_learner import OffPolicyLearner

__all__ = ["FastDQNLearner"]


class FastDQNLearner(OffPolicyLearner):
    """DQN on RLlib with arrays end to end: double, duelling, over n steps, prioritised, as the job says."""

    def config(self, env: str, blueprint: Any) -> Any:
        """See `OffPolicyLearner.config`."""
        from .dqn_module import DQNModule
        from .dqn_update import DQNUpdate
        from .off_policy_config import off_policy_config

        training = self.prepared.job.training
        model = {"epsilon_end": training.epsilon_end, "epsilon_steps": training.epsilon_steps}
        return off_policy_config(self.prepared, env, blueprint, DQNModule, DQNUpdate, model)

    def more_figures(self) -> dict[str, float]:
        """Return the share of random actions."""
        from .dqn_module import epsilon

        training = self.prepared.job.training
        return {"learn/epsilon": epsilon(self.steps, training.epsilon_end, training.epsilon_steps)}
