"""Behaviour cloning: a network learns, supervised, to do what a rule does."""

import math
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..agents.network_policy import NetworkPolicy
from ..agents.networks.actor_critic import ActorCritic
from ..agents.networks.network import build_network
from ..configs.job import Job
from ..market.errors import ConfigError
from ..market.seeding import generator
from .cloning_lesson import Lesson, Play, expert_of
from .device import torch_device
from .environment import Blueprint
from .inheritance import check_heir
from .learned import check_finite, copied_weights, policy_of
from .learner_file import load_learner, save_learner
from .meter import MeteredVectorEnv
from .preparation import Prepared
from .randomness import isolated_randomness, learner_stream
from .warm_start import warm_start

__all__ = ["CloningLearner"]

SHUFFLE_STREAM = 2


class CloningLearner:
    """A rule plays the training rows; the actor learns its actions, in every iteration from freshly played bars.

    Discrete actions are learned by cross-entropy, continuous ones by the squared error of the mean, which is the likelihood of a
    Gaussian whose deviation stays as it is, so that PPO can go on exploring from there. The critic learns nothing.

    Raises:
        ConfigError: A setting is one that cloning would not follow, or the expert's decisions do not fit the action scheme.
    """

    def __init__(self, prepared: Prepared) -> None:
        _check_support(prepared)
        trial = prepared.train.make(1)
        expert_of(prepared.job, trial)
        trial.close()
        self.prepared = prepared
        self.steps = 0
        self.iteration = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        job = self.prepared.job
        with ExitStack() as stack:
            stack.enter_context(isolated_randomness(job.seed, job.training.threads))
            self._device = torch.device(torch_device(job.training))
            network = build_network(self.prepared.network, job.seed)
            assert isinstance(network, ActorCritic)
            warm_start(network, self.prepared)
            self._network = network.to(self._device)
            self._optimiser = torch.optim.Adam(network.parameters(), lr=job.training.lr)
            self._shuffle = generator(learner_stream(job.seed, SHUFFLE_STREAM))
            self._memory = network.initial(job.training.num_envs) if network.recurrent else None
            self._blueprint = self.prepared.stage(0)
            self._play = self._playing(self._blueprint)
            stack.callback(lambda: self._play.env.close())
            self._held_out = self._shown()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def iterate(self) -> dict[str, float]:
        """Let the rule play, learn from it, and compare on the validation rows; see `Learner.iterate`."""
        began, settings = time.perf_counter(), self.prepared.job.training
        if self.prepared.stage(self.iteration) is not self._blueprint:
            self._enter_stage(self.prepared.stage(self.iteration))
        lr = self.prepared.at(self.iteration)["lr"]
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        lesson = self._play.lesson(settings.rollout_bars)
        played = time.perf_counter()
        loss, norm = self._learn(lesson)
        self.iteration += 1
        self.steps += lesson.began.size
        check_finite(self._network, {"the loss": loss}, self.iteration, self.steps)
        n_steps, ended = lesson.began.size, time.perf_counter()
        return self._play.env.read() | {
            "learn/clone_loss": loss,
            "learn/gradient_norm": norm,
            "learn/learning_rate": lr,
            "validation/agreement": self.agreement(),
            "speed/steps_per_s": n_steps / (ended - began),
            "speed/sample_steps_per_s": n_steps / (played - began),
            "speed/learn_steps_per_s": n_steps / (ended - played),
        }

    def distributions(self) -> dict[str, np.ndarray]:
        """Return what histograms show of the last step: `actions`, `weights`."""
        return self._play.env.distributions()

    def agreement(self) -> float:
        """Return the share of the rule's decisions on the validation rows that the network's deterministic ones agree with."""
        lesson, desk = self._held_out, self._play.env.env.simulator.desk
        with torch.no_grad():
            answer = self._answers(self._tensors(lesson), None if self._memory is None else self._network.initial(1))
        taught = self._taught(lesson).reshape(-1)
        mine, theirs = answer.flatten(0, 1).cpu().numpy(), lesson.actions.reshape(-1, *lesson.actions.shape[2:])
        if self.prepared.network.continuous:
            same = self._play.expert.translation.agree(np.clip(mine, -1.0, 1.0).astype(np.float64), theirs.astype(np.float64), desk)
        else:
            same = mine.argmax(axis=1) == theirs
        return float(same[taught].mean()) if taught.any() else 0.0

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far."""
        return policy_of(self.prepared, copied_weights(self._network))

    def save(self, folder: Path) -> None:
        """Write all that decides how learning goes on; see `Learner.save`."""
        progress = {
            "iteration": self.iteration,
            "steps": self.steps,
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "shuffle": self._shuffle.bit_generator.state,
            "memory": self._memory,
            "play": self._play.progress(),
        }
        save_learner(folder, self.prepared.job, progress)

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, to the bit; see `Learner.load`."""
        self._go_on(folder, self.prepared.job)

    def take_over(self, folder: Path, job: Job) -> None:
        """Go on from the checkpoint of another job; see `Heir.take_over`."""
        check_heir(self.prepared.job, job)
        self._go_on(folder, job)

    def _go_on(self, folder: Path, job: Job) -> None:
        saved = load_learner(folder, job)
        self.iteration, self.steps = saved["iteration"], saved["steps"]
        stage = self.prepared.stage(max(self.iteration - 1, 0))
        if stage is not self._blueprint:
            self._enter_stage(stage)
        self._network.load_state_dict(saved["network"])
        self._optimiser.load_state_dict(saved["optimiser"])
        self._shuffle.bit_generator.state = saved["shuffle"]
        self._memory = None if saved["memory"] is None else saved["memory"].to(self._device)
        self._play.go_on(saved["play"])

    def _playing(self, blueprint: Blueprint) -> Play:
        job = self.prepared.job
        env = blueprint.make(job.training.num_envs, autoreset_mode="same_step", info=())
        metered = MeteredVectorEnv(env, blueprint.reward_scale)
        return Play(metered, expert_of(job, env), (job.seed + self.iteration) % 2**32)

    def _enter_stage(self, blueprint: Blueprint) -> None:
        self._play.env.close()
        self._blueprint = blueprint
        self._play = self._playing(blueprint)

    def _shown(self) -> Lesson:
        """Return what the rule does on the validation rows, once from the first to the last."""
        blueprint = self.prepared.validation
        whole: dict[str, Any] = {} if blueprint.tape is None else {"episode_bars": None, "start": "first"}
        env = blueprint.make(1, autoreset_mode="same_step", info=(), **whole)
        play = Play(MeteredVectorEnv(env), expert_of(self.prepared.job, env), self.prepared.validation_seed)
        lessons: list[Lesson] = []
        while not (lessons and play.began[0]):
            lessons.append(play.lesson(1))
        play.env.close()
        return Lesson(*(np.concatenate(arrays) for arrays in zip(*lessons, strict=True)))

    def _tensors(self, lesson: Lesson) -> tuple[Tensor, Tensor, Tensor]:
        return (torch.from_numpy(lesson.seen).to(self._device), torch.from_numpy(lesson.actions).to(self._device),
                torch.from_numpy(lesson.began).to(self._device))

    def _answers(self, lesson: tuple[Tensor, Tensor, Tensor], memory: Tensor | None) -> Tensor:
        """Return logits or means, (T, B, n_out)."""
        seen, _, began = lesson
        inputs = self._network(seen.flatten(0, 1)).unflatten(0, seen.shape[:2]) if memory is None else (
            self._network.sequence(seen, memory, began)[0])
        return inputs[..., : self.prepared.network.n_out]

    def _taught(self, lesson: Lesson) -> np.ndarray:
        """Return where there is something to learn, bool (T, B): an action that the mask forbids is none."""
        places = list(self.prepared.network.legal_at)
        if not places:
            return np.ones(lesson.began.shape, np.bool_)
        legal = lesson.seen[..., places] > 0.5
        return np.asarray(np.take_along_axis(legal, lesson.actions[..., None], axis=-1)[..., 0])

    def _learn(self, lesson: Lesson) -> tuple[float, float]:
        """Return the mean loss of the last pass, and the last norm of the gradient."""
        settings, (n_steps, n_envs) = self.prepared.job.training, lesson.began.shape
        whole, taught = self._tensors(lesson), torch.from_numpy(self._taught(lesson)).to(self._device)
        losses, norm = [math.nan], 0.0
        if self._memory is None:  # every bar for itself
            whole, taught = tuple(one.flatten(0, 1)[None] for one in whole), taught.flatten()[None]  # type: ignore[assignment]
            n_items, n_each = n_steps * n_envs, settings.minibatch
        else:  # whole rollouts of some of the environments
            n_items, n_each = n_envs, max(settings.minibatch // n_steps, 1)
        for _ in range(settings.epochs):
            losses = []
            order = torch.from_numpy(self._shuffle.permutation(n_items)).to(self._device)
            for first in range(0, n_items, n_each):
                chosen = order[first : first + n_each]
                if not bool(taught[:, chosen].any()):
                    continue
                memory = None if self._memory is None else self._memory[chosen]
                part = tuple(one[:, chosen] for one in whole)
                loss = self._loss(self._answers(part, memory), part[1], taught[:, chosen])  # type: ignore[arg-type]
                self._optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                limit = math.inf if settings.grad_clip is None else settings.grad_clip
                norm = float(torch.nn.utils.clip_grad_norm_(self._network.parameters(), limit))
                self._optimiser.step()
                losses.append(loss.item())
        if self._memory is not None:
            self._memory = self._remembered(*whole[::2])
        return (float(np.mean(losses)) if losses else 0.0), norm

    def _loss(self, answer: Tensor, actions: Tensor, taught: Tensor) -> Tensor:
        answer, actions = answer[taught], actions[taught]
        if self.prepared.network.continuous:
            return functional.mse_loss(answer, actions)
        return functional.cross_entropy(answer, actions)

    def _remembered(self, seen: Tensor, began: Tensor) -> Tensor:
        """Return the memory after a rollout; it begins anew with each episode."""
        assert self._memory is not None
        memory = self._memory
        with torch.no_grad():
            for one, first in zip(seen, began, strict=True):
                memory = self._network.advance(one, memory * ~first[:, None])[2]
        return memory


def _check_support(prepared: Prepared) -> None:
    agent, training = prepared.job.agent, prepared.job.training
    refused = {
        "agent.backend": agent.backend if agent.backend != "fast" else None,
        "agent.forecast": "set" if agent.forecast is not None else None,
        "training.runners": training.runners or None,
        "training.observation": training.observation if training.observation != "flat" else None,
        "training.compile": "true" if training.compile else None,
        "training.precision": training.precision if training.precision != "float32" else None,
    }
    for name, value in refused.items():
        if value is not None:
            raise ConfigError(f"{name} was {value}, which behaviour cloning does not follow; leave it out (agent.backend: fast)")
    if training.minibatch > training.num_envs * training.rollout_bars:
        raise ConfigError(
            f"training.minibatch must not exceed num_envs x rollout_bars = {training.num_envs * training.rollout_bars}, "
            f"was {training.minibatch}"
        )
