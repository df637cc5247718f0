"""Proximal policy optimisation on whole rollouts: plain torch, without Ray."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...agents.distribution import Distribution
from ...agents.networks.actor_critic import ActorCritic
from .ppo_batch import Columns, PPOBatch, prepared_batch
from .rollout import Rollout

__all__ = ["PPOSettings", "PPOUpdate"]

LOSSES = ("learn/total_loss", "learn/policy_loss", "learn/value_loss", "learn/entropy", "learn/kl", "learn/clip_share")
KL_START = 0.2
KL_BAND, KL_FACTOR = 1.5, 2.0
KL_RANGE = (KL_START / 1024.0, KL_START * 1024.0)  # ten steps either way, so that no coefficient takes hundreds to come back
ADAM_EPSILON = 1e-5  # that of Schulman et al.'s baselines


@dataclass(frozen=True, kw_only=True)
class PPOSettings:
    """What does not change while it learns; learning rate, clip and entropy coefficient come with every rollout.

    Attributes:
        gamma: Discount.
        gae_lambda: Decay of the advantage estimates.
        epochs: Passes over a rollout.
        minibatch: Transitions in a minibatch.
        value_coefficient: Weight of the squared error of the value.
        grad_clip: Largest norm of the gradient; None: any.
        kl_target: Divergence from the old policy that an adaptive penalty aims at; None: no penalty.
        forecast_weight: Weight of the auxiliary loss.
        compiled: Whether the loss is compiled, which needs a C++ compiler.
        bfloat16: Whether the network is evaluated in bfloat16 where the loss is; weights, loss and optimiser stay float32.
    """

    gamma: float = 0.99
    gae_lambda: float = 0.95
    epochs: int = 4
    minibatch: int = 1024
    value_coefficient: float = 0.5
    grad_clip: float | None = 0.5
    kl_target: float | None = None
    forecast_weight: float = 0.0
    compiled: bool = False
    bfloat16: bool = False


class PPOUpdate:
    """A network, its optimiser and its stream of permutations.

    Source: Schulman et al. 2017, Proximal policy optimization algorithms, eq. 7 and 9, section 4 for the adaptive penalty.

    Args:
        network: The actor-critic; it learns in place.
        distribution: What its numbers mean.
        settings: See `PPOSettings`.
        seed: Of the permutations.
        forecasts: float32 (rows of the tape, n_targets); None: there is no auxiliary loss.
        device: Where the network stands.
        optimiser: Adam over the network's parameters; None: one is made.
    """

    def __init__(
        self,
        network: ActorCritic,
        distribution: type[Distribution],
        settings: PPOSettings,
        *,
        seed: int = 0,
        forecasts: Tensor | None = None,
        device: str = "cpu",
        optimiser: torch.optim.Optimizer | None = None,
    ) -> None:
        self.network, self.distribution, self.settings = network, distribution, settings
        self.forecasts, self.device = forecasts, device
        self.optimiser = adam(network.parameters()) if optimiser is None else optimiser
        self.kl_coefficient = 0.0 if settings.kl_target is None else KL_START
        self._shuffle = torch.Generator().manual_seed(seed)
        self._loss: Any = torch.compile(self.loss) if settings.compiled else self.loss
        self._parameters = [one for one in network.parameters() if one.requires_grad]

    def batch(self, rollout: Rollout) -> PPOBatch:
        """Return the rollout with values and advantages, ready to be cut into minibatches."""
        settings = self.settings
        batch = prepared_batch(
            rollout, self.network, gamma=settings.gamma, gae_lambda=settings.gae_lambda, chunk=max(settings.minibatch, 4096),
            with_dist_inputs=settings.kl_target is not None, forecasts=self.forecasts, device=self.device,
        )  # fmt: skip
        if settings.bfloat16:
            self._say_again(batch)
        return batch

    def learn(self, rollout: Rollout, values: Mapping[str, float]) -> dict[str, float]:
        """Learn from a rollout.

        Args:
            rollout: What the network's last weights sampled.
            values: `lr`, `clip` and `entropy_coefficient` of this iteration.

        Returns:
            Figures by TensorBoard tag; means over all minibatches, the divergence over those of the last epoch.
        """
        settings, batch = self.settings, self.batch(rollout)
        for group in self.optimiser.param_groups:
            group["lr"] = values["lr"]
        clip, entropy_coefficient, unit = values["clip"], values["entropy_coefficient"], self._unit(batch)
        told: list[Tensor] = []
        for _ in range(settings.epochs):
            order = torch.randperm(len(batch), generator=self._shuffle).to(self.device)
            told += [self._step(batch, chosen, clip, entropy_coefficient) for chosen in torch.split(order, unit)]
        every = torch.stack(told).cpu()
        means = every.mean(dim=0).tolist()
        figures = dict(zip((*LOSSES, "learn/forecast_loss", "learn/gradient_norm"), means, strict=True))
        if self.forecasts is None:
            del figures["learn/forecast_loss"]
        if not entropy_coefficient:
            figures["learn/entropy"] = float(self.distribution.entropy(torch.from_numpy(rollout.dist_inputs)).mean())
        last = every[len(every) - len(every) // settings.epochs :]
        figures["learn/kl"] = float(last[:, LOSSES.index("learn/kl")].mean())
        if settings.kl_target is not None:
            self.kl_coefficient = _adapted(self.kl_coefficient, figures["learn/kl"], settings.kl_target)
            figures["learn/kl_coefficient"] = self.kl_coefficient
        return figures | batch.figures | {"learn/learning_rate": values["lr"]}

    def loss(
        self, seen: Tensor, columns: Columns, state: Tensor | None, began: Tensor | None, clip: float, entropy_coefficient: float,
        kl_coefficient: float,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Return the loss of a minibatch and its parts: those of `LOSSES`, then the forecast's.

        Args:
            seen: Observations, (N, D), or of a recurrent network (L, N, D).
            columns: The rest, flattened.
            state: Before the first step, (N, S); None where the network has none.
            began: Whether an episode begins with each step, (L, N); None where the network has none.
            clip: By how much the ratio may leave 1.
            entropy_coefficient: Reward of entropy.
            kl_coefficient: Penalty on the divergence from the old policy.
        """
        settings, distribution = self.settings, self.distribution
        dist_inputs, value, said = self._answers(seen, state, began)
        if self.network.recurrent:
            dist_inputs, value = dist_inputs.flatten(0, 1), value.flatten()
        log_ratio = distribution.log_prob(dist_inputs, columns.actions) - columns.log_probs
        ratio = log_ratio.exp()
        limited = ratio.clamp(1.0 - clip, 1.0 + clip)
        policy = -torch.minimum(ratio * columns.advantages, limited * columns.advantages).mean()
        missed = (value - columns.returns).square().mean()
        total, entropy = policy + settings.value_coefficient * missed, policy.new_zeros(())
        if entropy_coefficient:  # else it is told once, of the old distributions: it costs a tenth of a minibatch
            entropy = distribution.entropy(dist_inputs).mean()
            total = total - entropy_coefficient * entropy
        if settings.kl_target is None:
            kl = (ratio.detach() - 1.0 - log_ratio.detach()).mean()  # unbiased and never negative, from the samples alone
        else:
            kl = distribution.kl(columns.dist_inputs, dist_inputs).mean()
            total = total + kl_coefficient * kl
        forecast = total.new_zeros(())
        if self.forecasts is not None:
            known = columns.forecasts.isfinite()
            gap = torch.where(known, said.reshape(known.shape) - columns.forecasts.nan_to_num(), 0.0)
            forecast = gap.square().sum() / known.sum().clamp(min=1)
            total = total + settings.forecast_weight * forecast
        clip_share = (limited != ratio).float().mean()
        return total, torch.stack([one.detach() for one in (total, policy, missed, entropy, kl, clip_share, forecast)])

    def _answers(self, seen: Tensor, state: Tensor | None, began: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return distribution, value and, where one is asked for, forecast of a minibatch, float32."""
        network = self.network
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.settings.bfloat16):
            if state is None or began is None:
                features = network.features(seen)
            else:
                features = network.sequence_features(seen, state, began)
            dist_inputs, value = network.dist_of(features), network.value_of(features)
            said = value if self.forecasts is None else network.forecast_of(features)
        return dist_inputs.float(), value.float(), said.float()

    def state(self) -> dict[str, Any]:
        """Return copies of all that decides how learning goes on: tensors and plain numbers."""
        return {
            "network": {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()},
            "optimiser": deepcopy(self.optimiser.state_dict()),
            "shuffle": self._shuffle.get_state(),
            "kl_coefficient": self.kl_coefficient,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._shuffle.set_state(state["shuffle"])
        self.kl_coefficient = state["kl_coefficient"]

    def _unit(self, batch: PPOBatch) -> int:
        """Return how many transitions, or sequences, a minibatch has."""
        return self.settings.minibatch if batch.began is None else max(1, self.settings.minibatch // batch.began.shape[1])

    @torch.no_grad()
    def _say_again(self, batch: PPOBatch) -> None:
        """Write the log probabilities, and distributions where they are kept, that the network gives in the precision of the loss.

        So ratios begin at 1: a mean that is rounded by 0.4 % leaves them at a distance that grows with the inverse deviation.
        """
        at, width = batch.widths[0], batch.widths[4]
        for chosen in torch.split(torch.arange(len(batch), device=batch.obs.device), self._unit(batch)):
            seen, numbers, state, began = _part(batch, chosen)
            dist_inputs = self._answers(seen, state, began)[0].flatten(0, -2)
            log_probs = self.distribution.log_prob(dist_inputs, batch.columns(numbers).actions)
            numbers[:, at], numbers[:, at + 3 : at + 3 + width] = log_probs, dist_inputs[:, :width]
            n_steps = len(numbers) // len(chosen)
            batch.numbers[chosen] = numbers.view(n_steps, len(chosen), -1).transpose(0, 1) if batch.began is not None else numbers

    def _step(self, batch: PPOBatch, chosen: Tensor, clip: float, entropy_coefficient: float) -> Tensor:
        seen, numbers, state, began = _part(batch, chosen)
        columns = batch.columns(numbers)
        loss, parts = self._loss(seen, columns, state, began, clip, entropy_coefficient, self.kl_coefficient)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        limit = float("inf") if self.settings.grad_clip is None else self.settings.grad_clip
        norm = nn.utils.clip_grad_norm_(self._parameters, limit)
        self.optimiser.step()
        return torch.cat([parts, norm.detach()[None]])


def _part(batch: PPOBatch, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """Return observations, numbers flattened in time order, states and beginnings of some units of a batch."""
    seen, numbers = batch.obs.index_select(0, chosen), batch.numbers.index_select(0, chosen)
    if batch.states is None or batch.began is None:
        return seen, numbers, None, None
    return seen.transpose(0, 1), numbers.transpose(0, 1).flatten(0, 1), batch.states[chosen], batch.began[chosen].transpose(0, 1)


def adam(parameters: Any) -> torch.optim.Optimizer:
    """Return the optimiser: Adam in one kernel; the learning rate is set before every rollout."""
    return torch.optim.Adam(parameters, lr=1e-3, eps=ADAM_EPSILON, fused=True)


def _adapted(coefficient: float, kl: float, target: float) -> float:
    if kl > KL_BAND * target:
        return min(coefficient * KL_FACTOR, KL_RANGE[1])
    return max(coefficient / KL_FACTOR, KL_RANGE[0]) if kl < target / KL_BAND else coefficient
