"""Everything that a job needs before anything is learned, checked: tape, split, fitted encoders, worlds, network."""

from dataclasses import dataclass, replace
from typing import Any

from ..agents.networks.choice import network_settings
from ..agents.networks.settings import NetworkSettings
from ..configs.job import Job
from ..data.catalog import open_tape
from ..data.split import Split, split_tape
from ..data.tape import Tape
from ..encoders.layout import Layout
from ..encoders.pipeline import Pipeline
from ..envs.batch import TradingVectorEnv
from ..envs.parts.registry import PartsGiven
from ..envs.rewards.registry import RewardGiven, plain_reward
from ..evaluation.evaluate import EvaluationSettings
from ..market.errors import ConfigError, DataError
from ..market.seeding import spawned
from .environment import Blueprint
from .schedule import scheduled
from .stage import stage_at, staged

__all__ = ["Prepared", "evaluation_settings", "prepare"]

VALIDATION_STREAM = 13


@dataclass(frozen=True)
class Prepared:
    """A job that can start.

    Attributes:
        job: The job.
        tape: Its tape; None where the world draws its own paths, and with it `split` and `pipeline`.
        split: Rows of train, validation and test.
        pipeline: Encoders and normaliser, fitted on train.
        train: The world of training.
        stages: The world of each stage of the curriculum.
        validation: The same world on the rows of validation.
        layout: Layout of an observation.
        network: What to learn.
        action: The action scheme with its settings, also those that the environment has by itself; JSON data.
        private: The parts of the private observation, as the environment was given them.
        reward: What is paid, as the environment was given it.
        cash: Initial equity, account currency; the environment's own where the job says none.
    """

    job: Job
    tape: Tape | None
    split: Split | None
    pipeline: Pipeline | None
    train: Blueprint
    validation: Blueprint
    layout: Layout
    network: NetworkSettings
    action: dict[str, Any]
    private: PartsGiven
    reward: RewardGiven
    cash: float
    stages: tuple[Blueprint, ...] = ()

    @property
    def scheme(self) -> str:
        """Name of the action scheme."""
        return str(self.action["kind"])

    @property
    def validation_seed(self) -> int:
        """Seed of validation in worlds that draw their own paths: with that of the job it would play an episode of training."""
        return int(spawned(self.job.seed, VALIDATION_STREAM).generate_state(1)[0])

    def at(self, iteration: int) -> dict[str, float]:
        """Return `lr`, `entropy_coefficient` and `clip` of the iteration that begins after `iteration` others are done."""
        return scheduled(self.job.training, iteration)

    def stage(self, iteration: int) -> Blueprint:
        """Return the world of the iteration that begins after `iteration` others are done; `train` where no stage holds.

        As long as the stage is the same, so is the object: a learner whose last blueprint `is not` this one makes new environments.
        """
        number = stage_at(self.job.training.stages, iteration / self.job.training.iterations)
        return self.train if number is None else self.stages[number]

    @property
    def context(self) -> dict[str, Any]:
        """What a bundle says around the policy, JSON data."""
        tape = self.tape
        return {
            "job": self.job.plain(),
            "job_digest": self.job.digest,
            "env": {"id": self.job.env.id, **self.train.settings, "action": self.action, "private": self.private,
                    "reward": self.reward, "cash": self.cash},
            "costs": self.job.plain()["costs"],
            "tape": None if tape is None else {"name": tape.name, "digest": tape.digest, "symbols": list(tape.symbols)},
        }


def prepare(job: Job) -> Prepared:
    """Open the tape, split it, fit the encoders on the training part, encode the whole tape and try the environment.

    Nothing is written.

    Raises:
        ConfigError: A setting is wrong or does not fit another one.
        DataError: The tape is missing, unreadable, breaks its contract, or is too short for split, warm-up, window or episode.
        IntegrityError: A saved tape has not the content that was saved.
    """
    evaluation_settings(job)
    settings = job.env.keywords()
    if job.data is None:
        tape, split, pipeline = None, None, None
        train = Blueprint(job.env.id, None, None, None, None, settings, job.training.reward_scale)
        validation = _as_the_job_says(train)
    else:
        tape = open_tape(job.data.tape, verify=True)
        periods = {"train": job.data.train, "validation": job.data.validation, "test": job.data.test}
        split = split_tape(
            tape, **periods, purge_bars=job.data.purge_bars, embargo_bars=job.data.embargo_bars, window=job.env.window
        )
        pipeline = Pipeline.build(job.encoders)
        rows = (split.train.start, split.train.stop)
        untaught = Blueprint(job.env.id, tape, None, None, job.costs, settings)
        _network(job, untaught.make(1))  # so that a wrong option is told before the long fit
        pipeline.fit(split.train.of(tape))
        table = pipeline.transform(tape)
        scale = job.training.reward_scale
        train = Blueprint(job.env.id, tape, table, rows, job.costs, settings, scale)
        validation = _as_the_job_says(train.on_rows((split.validation.start, split.validation.stop)))
    trial = train.make(1)
    network = _network(job, trial)
    layout, action, private = trial.layout, trial.scheme.plain(), trial.settings.private
    reward = plain_reward(trial.settings.reward)  # a world may have made an object of it
    cash = trial.settings.cash
    trial.close()
    stages = _stages(job, train, layout, action)
    return Prepared(job, tape, split, pipeline, train, validation, layout, network, action, private, reward, cash, stages)


def evaluation_settings(job: Job) -> EvaluationSettings:
    """Return how the job's results will be doubted; ConfigError where that is wrong, long before there are any."""
    own = job.evaluation
    return EvaluationSettings(
        resamples=own.resamples, block_bars=own.block_bars, level=own.level, baselines=own.baselines, seed=job.seed
    )


def _as_the_job_says(world: Blueprint) -> Blueprint:
    """Return the world without what is drawn to make training harder: a validation at frictions of chance compares nothing."""
    return replace(world, settings={name: value for name, value in world.settings.items() if name != "randomise"})


def _stages(job: Job, train: Blueprint, layout: Layout, action: dict[str, Any]) -> tuple[Blueprint, ...]:
    """Return the world of each stage, tried once each."""
    worlds = []
    for number, stage in enumerate(job.training.stages):
        where = f"training.stages.{number}"
        world = staged(train, stage, where)
        try:
            trial = world.make(1)
        except (ConfigError, DataError) as error:
            raise type(error)(f"{where}: {error}") from None
        same = trial.layout == layout and trial.scheme.plain() == action
        trial.close()
        if not same:
            raise ConfigError(f"{where}.env changes what is observed or decided, which the network depends on; set that in env")
        worlds.append(world)
    return tuple(worlds)


def _network(job: Job, env: TradingVectorEnv) -> NetworkSettings:
    scheme = env.scheme
    n_out = scheme.n if scheme.discrete else scheme.size
    dueling, continuous = job.training.dueling, not scheme.discrete
    network = network_settings(job.agent, env.layout, scheme.name, n_out, continuous=continuous, dueling=dueling)
    if network.frozen and job.training.start_from is None:
        raise ConfigError("agent.body.frozen needs training.start_from, whose body stays as it is; set it, or frozen: false")
    return network
