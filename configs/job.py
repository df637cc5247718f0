"""The job: everything that one run depends on, as frozen data."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..market.cost import CostSettings
from ..market.errors import did_you_mean

__all__ = ["OWN_PATHS", "AgentSettings", "DataSettings", "EnvSettings", "EvaluationSettings", "ForecastSettings", "Job",
           "StageSettings", "TrainingSettings"]

Positive = Annotated[float, Field(gt=0.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]
NaturalNumber = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy's global generator takes, which RLlib seeds
OWN_PATHS = tuple(
    f"quantgym/{name}-v0"
    for name in (
        "Kelly", "Merton", "MeanReversion", "AlmgrenChriss", "CarteaJaimungal", "AvellanedaStoikov", "BlackScholesHedge",
        "HiddenRegime", "LeadLag", "Leak", "NoEdge",
    )
)
"""Worlds that draw their own paths: a job on one of them has no data and no encoders, and the world's own costs."""


def _bare(env_id: str) -> str:
    return env_id.removeprefix("quantgym/").removesuffix("-v0")


Named = str | dict[str, Any]  # a piece by name, or a mapping with `kind` and its settings


class Section(BaseModel):
    """A part of a job: frozen, no unknown key, no silent conversion, no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataSettings(Section):
    """Which tape, and which of its dates serve what (both ends included)."""

    tape: str
    train: tuple[date, date]
    validation: tuple[date, date]
    test: tuple[date, date]
    purge_bars: NaturalNumber = 5
    embargo_bars: NaturalNumber = 5


class EnvSettings(Section):
    """Which environment and how its episodes look; a null means the environment's own default.

    `options` are keywords of the environment's own, such as `cost_rate` of `quantgym/Merton-v0`. What the rest may say stands in
    docs/environments.md; the environment itself checks it before anything is fitted.
    """

    id: str
    asset: str | None = None
    action: Named | None = None
    reward: Named | tuple[Named, ...] | None = None
    private: Named | tuple[Named, ...] | None = None
    start: Named | None = None
    limits: dict[str, Any] | None = None
    randomise: dict[str, Any] | None = None
    window: Count = 1
    episode_bars: Count | None = None
    cash: Positive | None = None
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _options_are_further_ones(self) -> "EnvSettings":
        for name in self.options:
            if name in EnvSettings.model_fields:
                raise ValueError(f"env.options.{name} must be said as env.{name}")
        return self

    def keywords(self) -> dict[str, Any]:
        """Return what the environment is made with, besides tape, features, rows and costs."""
        given: dict[str, Any] = self.model_dump(exclude={"id"}, mode="json")
        options: dict[str, Any] = given.pop("options")
        return {name: value for name, value in given.items() if value is not None} | options


class ForecastSettings(Section):
    """The auxiliary loss: the body also learns to say each asset's log return over the next `horizon` bars."""

    weight: Positive = 0.1
    horizon: Count = 1


class AgentSettings(Section):
    """Which algorithm, by whom, and which network.

    `backend` is `fast` (our path on RLlib), `stock` (RLlib as shipped) or `sb3`. `body` is a name or a mapping with `kind`: `mlp`,
    `lstm`, `transformer`, `gnn`; null is the MLP of `hidden`, which also stands above every other body. `expert` is the rule that
    behaviour cloning learns from.
    """

    algorithm: Literal["PPO", "DQN", "SAC", "BC"]
    backend: Literal["fast", "stock", "sb3"] = "fast"
    hidden: tuple[Count, ...] = (64, 64)
    activation: Literal["relu", "tanh"] = "relu"
    body: Named | None = None
    forecast: ForecastSettings | None = None
    expert: Named | None = None


class StageSettings(Section):
    """From which share of the iterations on which world: options of the environment, and a factor on every cost."""

    start: Fraction
    friction: Annotated[float, Field(ge=0.0)] = 1.0
    env: dict[str, Any] = {}


Knots = tuple[tuple[Fraction, Annotated[float, Field(ge=0.0)]], ...]


def _ascending(what: str, starts: Sequence[float]) -> None:
    for before, after in pairwise(starts):
        if after <= before:
            raise ValueError(f"{what} must begin later and later, was {after} after {before}")


class TrainingSettings(Section):
    """How long and how fast to learn. Keys of the other algorithm are ignored by name, never by accident: see docs/training.md."""

    iterations: Count = 20
    seconds: Positive | None = None
    num_envs: Count = 64
    rollout_bars: Count = 64
    runners: NaturalNumber = 0
    observation: Literal["flat", "reference"] = "flat"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    lr: Positive = 3e-4
    gamma: Fraction = 0.99
    grad_clip: Positive | None = 0.5
    threads: Count = 1
    reward_scale: Positive = 1.0
    start_from: str | None = None
    schedules: dict[Literal["lr", "entropy_coefficient", "clip"], Knots] = {}
    stages: tuple[StageSettings, ...] = ()
    # validation
    checkpoint_every: Count = 1
    validate_every: Count = 5
    judge: str | None = None
    keep: Literal["best", "last"] = "best"
    patience: Count | None = None
    # PPO
    gae_lambda: Fraction = 0.95
    clip: Positive = 0.2
    epochs: Count = 4
    minibatch: Count = 1024
    entropy_coefficient: Annotated[float, Field(ge=0.0)] = 0.0
    value_coefficient: Annotated[float, Field(ge=0.0)] = 0.5
    kl_target: Positive | None = None
    sequence_bars: Count | None = None
    # DQN, SAC
    replay_capacity: Count = 50_000
    batch: Count = 256
    update_every: Count = 64
    learning_starts: NaturalNumber = 1_000
    n_step: Count = 1
    # DQN
    target_update_steps: Count = 1_000
    epsilon_end: Fraction = 0.05
    epsilon_steps: Count = 10_000
    double: bool = True
    dueling: bool = True
    prioritised: bool = False
    priority_exponent: Fraction = 0.6
    priority_weight: Fraction = 0.4
    # SAC
    tau: Annotated[float, Field(gt=0.0, le=1.0)] = 0.005
    temperature: Positive = 0.1
    target_entropy: float | None = None

    @model_validator(mode="after")
    def _knots_and_stages_ascend(self) -> "TrainingSettings":
        for name, knots in self.schedules.items():
            if not knots:
                raise ValueError(f"training.schedules.{name} must have at least one knot, such as [0.0, 3e-4]")
            _ascending(f"training.schedules.{name}: knots", [knot[0] for knot in knots])
        _ascending("training.stages", [stage.start for stage in self.stages])
        return self


class EvaluationSettings(Section):
    """How results are doubted: resamples of the block bootstrap, baselines, level of the intervals."""

    resamples: Count = 10_000
    block_bars: Count | None = None
    level: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.95
    baselines: tuple[str, ...] = ("buy_and_hold", "equal_weight", "random")

    @model_validator(mode="after")
    def _baselines_differ(self) -> "EvaluationSettings":
        if len(set(self.baselines)) < len(self.baselines):
            raise ValueError(f"evaluation.baselines must be different ones, was {', '.join(self.baselines)}")
        return self


class Job(Section):
    """One run, from data to report; `data` is null for the worlds of `OWN_PATHS`, and for a user's own that draw their paths."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
    seed: Seed = 0
    data: DataSettings | None = None
    encoders: tuple[dict[str, Any], ...] = ()
    env: EnvSettings
    costs: CostSettings = CostSettings()
    agent: AgentSettings
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @model_validator(mode="after")
    def _encoders_have_a_kind(self) -> "Job":
        for index, encoder in enumerate(self.encoders):
            if not isinstance(encoder.get("kind"), str):
                raise ValueError(f"encoders.{index}: every encoder needs a kind, such as {{kind: price}}, was {encoder!r}")
        return self

    @model_validator(mode="after")
    def _data_where_they_are_needed(self) -> "Job":
        own = self.env.id in OWN_PATHS
        if not self.env.id.startswith("quantgym/") and self.data is None and not self.encoders:
            return self  # a user's own world may draw its own paths
        if not own and self.data is None:
            near = did_you_mean(_bare(self.env.id), map(_bare, OWN_PATHS)).replace("mean ", "mean quantgym/").replace("?", "-v0?")
            if near:
                raise ValueError(f"env.id {self.env.id} draws no paths of its own and setting data is missing{near}")
            raise ValueError(f"setting data is missing; only {', '.join(OWN_PATHS)} draw their own paths")
        if not own and not self.encoders:
            raise ValueError("encoders must name at least one, such as {kind: price}")
        if own and (self.data is not None or self.encoders):
            raise ValueError(f"{self.env.id} draws its own paths; remove data and encoders")
        return self

    def plain(self) -> dict[str, Any]:
        """Return the job as plain JSON data, defaults included."""
        return dict(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """SHA-256 of the job with all defaults written out, hex."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()
