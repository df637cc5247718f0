"""Scenarios by name: the one entry to tapes that are drawn instead of recorded."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from ...configs.strict import validate
from ...market.errors import ConfigError, UnknownNameError
from ..tape import Tape
from .bootstrap import BootstrapSettings, bootstrap_tapes
from .crash import CrashSettings, crash_tapes
from .garch import GarchSettings, garch_tapes
from .gbm import GbmSettings, gbm_tapes
from .heston import HestonSettings, heston_tapes
from .jump import JumpSettings, jump_tapes
from .regime import RegimeSettings, regime_tapes
from .stream import check_seeds

__all__ = ["PREFIX", "SCENARIOS", "Scenario", "open_scenario", "scenario_tape", "scenario_tapes"]

PREFIX = "scenario:"


class Scenario(NamedTuple):
    """A model: the class of its settings, and what makes tapes of them, one for each seed."""

    settings: type[Any]
    make: Callable[[Any, Sequence[int]], list[Tape]]


SCENARIOS = {
    "gbm": Scenario(GbmSettings, gbm_tapes),
    "heston": Scenario(HestonSettings, heston_tapes),
    "jump": Scenario(JumpSettings, jump_tapes),
    "regime": Scenario(RegimeSettings, regime_tapes),
    "garch": Scenario(GarchSettings, garch_tapes),
    "bootstrap": Scenario(BootstrapSettings, bootstrap_tapes),
    "crash": Scenario(CrashSettings, crash_tapes),
}
"""Scenarios by name."""


def scenario_tape(name: str, seed: int, **settings: Any) -> Tape:
    """Return the tape of scenario `name` with this seed; the same seed and settings give the same bytes.

    Args:
        name: A name in `SCENARIOS`.
        seed: Of everything random, at least 0.
        **settings: What the scenario's settings class knows; the rest has its defaults.

    Raises:
        UnknownNameError: No scenario has the name.
        ConfigError: A setting is unknown or wrong.
        DataError: The tape that a scenario is made from cannot be opened or used.
    """
    return scenario_tapes(name, [seed], **settings)[0]


def scenario_tapes(name: str, seeds: Iterable[int], **settings: Any) -> list[Tape]:
    """Return a tape for each of `seeds`, drawn at once; each equals the one that `scenario_tape` makes alone.

    Raises: As `scenario_tape`.
    """
    if not isinstance(name, str) or name not in SCENARIOS:
        raise UnknownNameError("scenario", str(name), SCENARIOS)
    if not isinstance(seeds, Iterable):
        raise ConfigError(f"scenario {name}: seeds must be several whole numbers, such as range(8), was {seeds!r}")
    chosen = list(seeds)
    try:
        check_seeds(chosen)
    except ConfigError as error:
        raise ConfigError(f"scenario {name}: {error}") from None
    scenario = SCENARIOS[name]
    checked = validate(scenario.settings, settings, f"scenario {name}")
    return scenario.make(checked, chosen) if chosen else []


def open_scenario(text: str) -> Tape:
    """Return the tape of a text such as `scenario:heston?seed=3&n_bars=500`, which becomes its name; the seed is 0 by default.

    Values are read as JSON where they are that, else as text. Raises: As `scenario_tape`.
    """
    name, _, query = text.removeprefix(PREFIX).partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    settings = {key: _value(value) for key, value in pairs}
    if len(settings) < len(pairs):
        raise ConfigError(f"{text}: a setting stands twice; give each once")
    return replace(scenario_tape(name, settings.pop("seed", 0), **settings), name=text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
