"""One setting that a search varies: its kind, its bounds, and how Optuna sees it."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import Field, model_validator

from ...configs.job import Section
from ...configs.strict import validate
from ...market.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["KINDS", "Choice", "Dimension", "Integer", "LogUniform", "Uniform", "build_dimension"]


class Dimension(Protocol):
    """What every kind can say."""

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that bound it, or all of them where there are few."""

    def distribution(self) -> "BaseDistribution":
        """Return Optuna's distribution of its parameter."""

    def value(self, parameter: Any) -> Any:
        """Return the value of a setting that Optuna's parameter stands for."""

    def parameter(self, value: Any) -> Any:
        """Return Optuna's parameter of a value."""

    def says(self) -> str:
        """Return it in words."""


class _Range(Section):
    """Numbers between two bounds, both included."""

    low: float
    high: float

    @property
    def ends(self) -> tuple[Any, ...]:
        """Both bounds."""
        return (self.low, self.high)

    def value(self, parameter: Any) -> Any:
        """Return the number."""
        return parameter

    def parameter(self, value: Any) -> Any:
        """Return the number."""
        return value

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "_Range":
        if not self.low < self.high:
            raise ValueError(f"low must be below high, was {self.low} and {self.high}")
        step = getattr(self, "step", None)
        if step is not None and step > self.high - self.low:
            raise ValueError(f"step must not exceed high - low = {self.high - self.low:g}, was {step}")
        return self


class Uniform(_Range):
    """A number between `low` and `high`; with `step`, low, low + step, low + 2 step, ... that do not exceed high."""

    step: Annotated[float, Field(gt=0.0)] | None = None

    @property
    def ends(self) -> tuple[Any, ...]:
        """Both bounds; with a step the last value that it reaches."""
        if self.step is None:
            return (self.low, self.high)
        return (self.low, self.low + math.floor((self.high - self.low) / self.step + 1e-9) * self.step)

    def distribution(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import FloatDistribution

        low, high = self.ends
        return FloatDistribution(low, high, step=self.step)

    def says(self) -> str:
        """Return it in words."""
        return f"{self.low:g} to {self.high:g}" + ("" if self.step is None else f" by {self.step:g}")


class LogUniform(_Range):
    """A positive number between `low` and `high` whose logarithm is drawn evenly."""

    @model_validator(mode="after")
    def _positive(self) -> "LogUniform":
        if self.low <= 0.0:
            raise ValueError(f"low of a loguniform must be positive, was {self.low}")
        return self

    def distribution(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=True)

    def says(self) -> str:
        """Return it in words."""
        return f"{self.low:g} to {self.high:g}, logarithmic"


class Integer(_Range):
    """A whole number: low, low + step, ... that do not exceed high."""

    low: int
    high: int
    step: Annotated[int, Field(ge=1)] = 1

    @property
    def ends(self) -> tuple[Any, ...]:
        """The first and the last number."""
        return (self.low, self.low + (self.high - self.low) // self.step * self.step)

    def distribution(self) -> "BaseDistribution":
        """Return Optuna's distribution."""
        from optuna.distributions import IntDistribution

        low, high = self.ends
        return IntDistribution(low, high, step=self.step)

    def says(self) -> str:
        """Return it in words."""
        return f"{self.low} to {self.high}" + ("" if self.step == 1 else f" by {self.step}")


class Choice(Section):
    """One of a list of values of any kind; no order is assumed among them."""

    values: Annotated[tuple[Any, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _values_differ(self) -> "Choice":
        seen = [json.dumps(value, sort_keys=True) for value in self.values]
        for place, value in enumerate(seen):
            if value in seen[:place]:
                raise ValueError(f"values must be different ones, {value} stands twice")
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """All values."""
        return self.values

    def distribution(self) -> "BaseDistribution":
        """Return Optuna's distribution of their JSON texts: Optuna takes neither lists nor mappings."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([self.parameter(value) for value in self.values])

    def value(self, parameter: Any) -> Any:
        """Return the value of a JSON text."""
        return json.loads(parameter)

    def parameter(self, value: Any) -> Any:
        """Return the JSON text of a value."""
        return json.dumps(value, sort_keys=True)

    def says(self) -> str:
        """Return it in words."""
        return "one of " + ", ".join(json.dumps(value) for value in self.values)


KINDS: dict[str, type[Any]] = {"uniform": Uniform, "loguniform": LogUniform, "integer": Integer, "choice": Choice}


def build_dimension(mapping: Mapping[str, Any], where: str) -> Dimension:
    """Return a dimension from `{kind: loguniform, low: 1e-4, high: 1e-2}`.

    Args:
        mapping: `kind` and the settings of the kind.
        where: Prefix of messages.

    Raises:
        ConfigError: The kind or a key is unknown, or bounds are wrong.
    """
    if not isinstance(mapping, Mapping) or "kind" not in mapping:
        raise ConfigError(
            f"{where}: needs a kind, one of {', '.join(KINDS)}, such as {{kind: choice, values: [2, 4]}}, was {mapping!r}"
        )
    kind = mapping["kind"]
    if kind not in KINDS:
        raise UnknownNameError("kind", str(kind), KINDS, where)
    made: Dimension = validate(KINDS[kind], {name: value for name, value in mapping.items() if name != "kind"}, where)
    return made
