"""Settings of an environment, checked before anything is built."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from numbers import Real
from typing import Any, Self

from gymnasium.vector import AutoresetMode

from ..market.actions.registry import action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.errors import ConfigError, did_you_mean
from ..market.limits import LimitSettings
from .friction import friction_laws
from .limits import limit_settings
from .parts.registry import PartsGiven
from .rewards.registry import RewardGiven
from .start import StartSettings
from .view import FORMS, Form

__all__ = ["AUTORESET_MODES", "EnvSettings", "options_of"]

AUTORESET_MODES = {"same_step": AutoresetMode.SAME_STEP, "next_step": AutoresetMode.NEXT_STEP, "disabled": AutoresetMode.DISABLED}
INFO_DEFAULT = ("equity", "exposure", "turnover", "costs", "refused")


@dataclass(frozen=True, kw_only=True)
class EnvSettings:
    """How episodes look.

    Attributes:
        cash: At the start of an episode, account currency.
        action: Name of the action scheme, or a mapping with `kind` and its settings, or an `ActionScheme`.
        reward: Name of the reward, or a mapping with `kind` and its settings, or a `Reward`, or a list of these, added up.
        private: Name of a part of the private observation, or a mapping with `kind` and its settings, or a `Part`, or a list.
        observation: `flat`, `dict` or `reference`: the form of the observations.
        episode_bars: Decisions in an episode; None: to the end of the rows.
        start: Where episodes start: `random`, `first`, `sequential`, or a mapping with `kind` and its settings (`StartSettings`).
        tape_weights: How often each of several tapes is drawn: numbers in their order, or by name (1 without); None: in
            proportion to the rows at which an episode can start.
        window: W, rows of the market in one observation.
        autoreset_mode: `same_step`, `next_step` or `disabled`, or Gymnasium's `AutoresetMode`.
        info: Which arrays `info` carries; () for none. Any of `envs.info.INFOS` or a field of the STEP record.
        max_orders: Orders that can work at once in one account.
        limits: What the live guard would hold back is not played: `LimitSettings`, or a mapping; None: nothing is.
        randomise: Frictions that are drawn for each episode, by name (`envs.friction.FRICTIONS`); None: none.
        record_fills: Whether the fills of a step are kept, `simulator.fills_of_step(e)`, as recordings need; with a `render_mode`
            they always are.
        render_size: Width and height of a picture, pixels.
        threads: 1 steps the batch in one thread, more in as many; the bytes are the same.
    """

    cash: float = 100_000.0
    action: str | Mapping[str, Any] | ActionScheme = "six_actions"
    reward: RewardGiven = "log_return"
    private: PartsGiven = "account"
    observation: Form = "flat"
    episode_bars: int | None = 252
    start: str | Mapping[str, Any] | StartSettings = "random"
    tape_weights: Sequence[float] | Mapping[str, float] | None = None
    window: int = 1
    autoreset_mode: str | AutoresetMode = "same_step"
    info: tuple[str, ...] = INFO_DEFAULT
    max_orders: int = 8
    limits: LimitSettings | Mapping[str, Any] | None = None
    randomise: Mapping[str, Any] | None = None
    threads: int = 1
    record_fills: bool = False
    render_size: tuple[int, int] = (640, 480)

    def __post_init__(self) -> None:
        number = isinstance(self.cash, Real) and not isinstance(self.cash, bool)
        if not (number and math.isfinite(self.cash) and self.cash > 0.0):
            raise ConfigError(f"cash must be positive and finite, was {self.cash!r}")
        if self.episode_bars is not None and not _is_count(self.episode_bars):
            raise ConfigError(f"episode_bars must be an int of 1 or more, or None, was {self.episode_bars!r}")
        for name in ("window", "max_orders", "threads"):
            if not _is_count(getattr(self, name)):
                raise ConfigError(f"{name} must be an int of 1 or more, was {getattr(self, name)!r}")
        size = self.render_size
        pair = isinstance(size, (tuple, list)) and len(size) == 2
        if not (pair and all(_is_count(side) and 200 <= side <= 4_000 for side in size)):
            raise ConfigError(f"render_size must be (width, height) in pixels, each from 200 to 4000, was {size!r}")
        StartSettings.of(self.start)
        limit_settings(self.limits)
        if self.randomise is not None:
            friction_laws(self.randomise)
        if self.observation not in FORMS:
            raise ConfigError(f"observation must be one of {', '.join(FORMS)}, was {self.observation!r}"
                              f"{did_you_mean(str(self.observation), FORMS)}")
        mode = self.autoreset_mode
        if not isinstance(mode, AutoresetMode) and mode not in AUTORESET_MODES:
            raise ConfigError(f"autoreset_mode must be one of {', '.join(AUTORESET_MODES)}, was {mode!r}"
                              f"{did_you_mean(str(mode), AUTORESET_MODES)}")
        if isinstance(self.info, str):
            raise ConfigError(f"info must be a sequence of names, was {self.info!r}; write ({self.info!r},)")

    @property
    def mode(self) -> AutoresetMode:
        """The autoreset mode as Gymnasium names it."""
        mode = self.autoreset_mode
        return mode if isinstance(mode, AutoresetMode) else AUTORESET_MODES[mode]

    def scheme(self, n_assets: int) -> ActionScheme:
        """Return the action scheme for a tape of `n_assets` assets; UnknownNameError or ConfigError where it is wrong."""
        if isinstance(self.action, ActionScheme):
            scheme = self.action
        else:
            if not isinstance(self.action, (str, Mapping)):
                raise ConfigError(f"action must be a name, a mapping with kind, or an ActionScheme, was {self.action!r}")
            given = {"kind": self.action} if isinstance(self.action, str) else dict(self.action)
            if not isinstance(given.get("kind"), str):
                raise ConfigError(f"action needs a kind, such as {{kind: six_actions}}, was {self.action!r}")
            scheme = action_scheme(given.pop("kind"), **{"n_assets": n_assets, **given})
        if scheme.n_assets != n_assets:
            raise ConfigError(f"action {scheme.name}: n_assets must be that of the tape, {n_assets}, was {scheme.n_assets}; "
                              "leave it out")
        return scheme

    @classmethod
    def of(cls, where: str, settings: Mapping[str, Any], options: Sequence[str] = (), **defaults: Any) -> Self:
        """Return the settings of a call; `options` are names of further ones, `defaults` are the environment's own.

        A None (but for `episode_bars`, where it has a meaning of its own) stands for the default, as a null in a job does.

        Raises:
            ConfigError: A name is unknown (with a suggestion) or a value is wrong.
        """
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                all_known = (*options, *known)
                hint = did_you_mean(name, all_known) or f"; known: {', '.join(all_known)}"
                raise ConfigError(f"unknown option {name!r} of {where}{hint}")
        given = {name: value for name, value in settings.items() if value is not None or name == "episode_bars"}
        return cls(**{**defaults, **given})


def options_of(environment: type) -> tuple[str, ...]:
    """Return the names of what the constructors of an environment and its bases take by keyword, its own first."""
    names: dict[str, None] = {}
    for one in environment.__mro__:
        if "__init__" in vars(one) and one.__module__.split(".")[0] not in ("builtins", "abc", "gymnasium"):
            asked = signature(vars(one)["__init__"]).parameters.values()
            names |= {argument.name: None for argument in asked if argument.kind is Parameter.KEYWORD_ONLY}
    return tuple(names)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
