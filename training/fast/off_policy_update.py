"""RLlib's learner with a replay of its own: what was played goes in, one lean update comes out."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.learner.torch.torch_learner import TorchLearner
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from ...configs.job import TrainingSettings
from ..replay.replay import Replay
from ..replay.steps import Batch, Steps

__all__ = ["OffPolicyUpdate", "learned", "tensors"]

ADAM_EPSILON = 1e-8


class OffPolicyUpdate(TorchLearner):  # type: ignore[misc]
    """Holds the replay, so that transitions travel once, as arrays, and priorities never.

    `learner_config_dict` carries `training` (the job's section), `replay` (keywords of `Replay`), `forecasts` (what the auxiliary
    loss asks for at each row of the tape, float32 (T, A); None: there is none) and `forecast_weight`, its factor.

    Attributes:
        replay: What was played.
        updates: Updates done.
        finite: Whether all losses were finite.
    """

    replay: Replay

    def build(self) -> None:
        """Build module, optimisers and replay."""
        super().build()
        given = self.config.learner_config_dict
        self.training: TrainingSettings = given["training"]
        self.replay = Replay(**given["replay"])
        self.updates, self.finite = 0, True
        self.net: Any = self.module[DEFAULT_MODULE_ID]
        self._optimizers = {name: self.get_optimizer(DEFAULT_MODULE_ID, name) for name in self.groups(self.net)}
        asked: Tensor | None = given["forecasts"]
        self.forecasts = None if asked is None else asked.to(self.device)
        self._forecast_weight = given["forecast_weight"]
        self._tags = self.tags() + (() if asked is None else ("learn/forecast_loss",))
        self._sums = torch.zeros(len(self._tags), device=self.device)
        self._counted = 0
        self.prepare()

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """Register a fused Adam for each group of weights."""
        for name, weights in self.groups(self.module[module_id]).items():
            optimizer = Adam(weights, lr=config.lr, eps=ADAM_EPSILON, fused=True)
            self.register_optimizer(module_id=module_id, optimizer_name=name, optimizer=optimizer, params=weights,
                                    lr_or_lr_schedule=config.lr)

    def update(self, batch: Any = None, training_data: Any = None, *, timesteps: Mapping[str, int], lr: float,
               correction: float, cuts: Sequence[tuple[int, int]] = (), **_: Any) -> dict[str, Any]:
        """Take in what was played and do one update, once `learning_starts` steps have been played.

        Args:
            batch: The columns of `Steps`.
            training_data: The same, as RLlib's learner group wraps it.
            timesteps: Environment steps played so far.
            lr: Learning rate.
            correction: beta of the importance weights.
            cuts: From and to which environment other episodes begin with what was played.
        """
        given = batch if training_data is None else training_data.batch
        columns = given.policy_batches[DEFAULT_MODULE_ID]
        for first, stop in cuts:
            self.replay.cut(first, stop)
        self.replay.add(Steps(**{name: columns[name] for name in Steps._fields}))
        steps = timesteps[NUM_ENV_STEPS_SAMPLED_LIFETIME]
        if steps >= self.training.learning_starts:
            self.learn_once(steps, lr, correction)
        return {}

    def learn_once(self, steps: int, lr: float, correction: float) -> None:
        """Draw a batch and learn from it."""
        for optimizer in self.optimizers().values():
            optimizer.param_groups[0]["lr"] = lr
        drawn = self.replay.sample(self.training.batch, correction)
        errors, figures = self.learn(tensors(drawn, self.device), steps)
        self.replay.update(drawn.slots, errors)
        self.finite = self.finite and math.isfinite(float(figures[0]))
        self._sums += figures
        self._counted += 1
        self.updates += 1
        self._weights_seq_no += 1

    def read(self) -> dict[str, float]:
        """Return means over the updates since the last call, by TensorBoard tag; nothing where there was none."""
        means = (self._sums / max(1, self._counted)).tolist()
        found = dict(zip(self._tags, means, strict=True)) if self._counted else {}
        self._sums.zero_()
        self._counted = 0
        return found

    def optimizers(self) -> dict[str, Optimizer]:
        """Return the optimisers by the name of their weights."""
        return self._optimizers

    def state(self) -> dict[str, Any]:
        """Return weights, optimisers and counters; the replay saves itself. Tensors are those that are learned, not copies."""
        optimizers = {name: optimizer.state_dict() for name, optimizer in self.optimizers().items()}
        return {"module": self.net.state_dict(), "optimizers": optimizers, "updates": self.updates}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.net.load_state_dict(state["module"])
        for name, optimizer in self.optimizers().items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.updates = state["updates"]

    def forecast(self, obs: Tensor) -> tuple[Tensor, ...]:
        """Return the auxiliary loss at references (B, 2 + P), mean over what is known; nothing where the job asks for none.

        It goes through the body of whoever plays once more.
        """
        if self.forecasts is None:
            return ()
        player = self.net.player
        wanted = self.forecasts[player.gather.rows(obs)]
        known = wanted.isfinite()
        gap = torch.where(known, player.forecast_of(player.features(obs)).reshape(known.shape) - wanted.nan_to_num(), 0.0)
        return (gap.square().sum() / known.sum().clamp(min=1),)

    def with_forecast(self, loss: Tensor, forecast: tuple[Tensor, ...]) -> Tensor:
        """Return a loss with the weighted auxiliary one, where there is one, added."""
        return loss + self._forecast_weight * forecast[0] if forecast else loss

    def compiled(self, loss: Any) -> Any:
        """Return a loss as the job asks for it: compiled, which needs a C++ compiler and a while, or as it is."""
        return torch.compile(loss) if self.training.compile else loss

    def clip(self, weights: Sequence[nn.Parameter]) -> Tensor:
        """Scale the gradients down to `grad_clip` where they are longer; return their norm before."""
        most = float("inf") if self.training.grad_clip is None else self.training.grad_clip
        return nn.utils.clip_grad_norm_(weights, most, foreach=True)

    def prepare(self) -> None:
        """Set up what an algorithm keeps between updates; nothing here."""

    @abstractmethod
    def tags(self) -> tuple[str, ...]:
        """Return the tags of the figures that `learn` returns."""

    @abstractmethod
    def groups(self, module: Any) -> dict[str, list[nn.Parameter]]:
        """Return the weights that are learned, by the name of their optimiser."""

    @abstractmethod
    def learn(self, batch: Mapping[str, Tensor], steps: int) -> tuple[Any, Tensor]:
        """Do one update from a batch after `steps` environment steps; return its errors (B,), an array, and figures, loss first."""


def learned(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights that are not frozen."""
    return [weight for weight in network.parameters() if weight.requires_grad]


def tensors(batch: Batch, device: Any) -> dict[str, Tensor]:
    """Return a batch as tensors by name, without its slots."""
    return {name: torch.from_numpy(value).to(device) for name, value in batch._asdict().items() if name != "slots"}
