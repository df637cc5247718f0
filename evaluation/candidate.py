"""A policy of a bundle together with everything it needs to run on a tape, as a stream or in a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..agents.bundle import Bundle
from ..agents.policy import Policy
from ..configs.strict import validate
from ..data.tape import Tape
from ..encoders.pipeline import Pipeline
from ..encoders.table import FeatureTable
from ..envs.observer import Observer
from ..market.actions.registry import action_scheme
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError

__all__ = ["Candidate"]


@dataclass(frozen=True)
class Candidate:
    """Who decides, what it sees, what its decisions mean and under which rules it was trained.

    Attributes:
        policy: Decides.
        observer: Builds its observations from rows, fresh.
        scheme: Meaning of its decisions.
        costs: Frictions of its training.
        cash: Initial equity of its training, account currency.
        reward: Name of its reward; running moments of it may be part of the observation.
        tape: All assets that its encoders read.
        traded: The assets that it trades.
    """

    policy: Policy
    observer: Observer
    scheme: ActionScheme
    costs: CostSettings
    cash: float
    reward: str
    tape: Tape = field(repr=False)
    traded: Tape = field(repr=False)
    pipeline: Pipeline = field(repr=False)

    @classmethod
    def of(cls, bundle: Bundle, tape: Tape, *, costs: CostSettings | None = None) -> "Candidate":
        """Return the policy of `bundle`, ready for `tape`.

        Args:
            bundle: A loaded bundle.
            tape: The tape of its training, or another one with the same assets in the same order.
            costs: Other frictions than those of its training.

        Raises:
            ConfigError: The bundle was trained on a world that draws its own paths, or the tape has other assets.
        """
        context = bundle.context
        trained_on = context.get("tape")
        if trained_on is None:
            raise ConfigError(f"{bundle.path}: trained on a world that draws its own paths; it has no market to run on")
        if list(tape.symbols) != list(trained_on["symbols"]):
            raise ConfigError(
                f"{bundle.path}: reads the assets {', '.join(trained_on['symbols'])} in this order, tape {tape.name} has "
                f"{', '.join(tape.symbols)}"
            )
        env: Mapping[str, Any] = context["env"]
        rules = validate(CostSettings, context["costs"], f"{bundle.path}: costs") if costs is None else costs
        reward, layout = str(env["reward"]), bundle.layout
        traded = tape if layout.assets == tape.symbols else tape.select(layout.assets)
        observer = Observer(bundle.pipeline(), layout, traded.instruments, reward=reward, costs=rules)
        scheme = action_scheme(bundle.policy.scheme, n_assets=traded.n_assets)
        return cls(bundle.policy, observer, scheme, rules, float(env["cash"]), reward, tape, traded, bundle.pipeline())

    def table(self) -> FeatureTable:
        """Return the features of every row of the tape that the policy reads, encoded as one batch."""
        whole = self.pipeline.transform(self.tape)
        return whole if self.traded is self.tape else whole.for_asset(self.traded.symbols[0])
