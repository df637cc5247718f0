"""Which searches a population can learn: what its checkpoints survive, and what its generations need."""

from ...market.errors import ConfigError, did_you_mean
from ..inheritance import LIVE
from .dimension import Choice
from .search import Search

__all__ = ["check_population"]


def check_population(search: Search) -> None:
    """Raise ConfigError with each setting that does not go with `scheduler.kind: pbt`, one line for each; other kinds pass."""
    settings, agent, training = search.settings, search.base.agent, search.base.training
    if settings.scheduler.kind != "pbt":
        return
    live = LIVE.get(agent.algorithm, ()) if agent.backend == "fast" else ()
    if not live:
        raise ConfigError(
            f"{search.where}: scheduler pbt needs checkpoints that are whole in their folder, which PPO and BC with agent.backend "
            f"fast leave; was {agent.algorithm} with {agent.backend}; use scheduler asha"
        )
    may, faults = tuple(f"training.{key}" for key in live), []
    for path, dimension in search.space.items():
        key = path.removeprefix("training.")
        if path not in may:
            meant = did_you_mean(path, may)
            faults.append(f"space.{path}: cannot change while {agent.algorithm} learns{meant}; what can: {', '.join(may)}")
        elif key in training.schedules:
            faults.append(f"space.{path}: training.schedules.{key} stands above it; leave one of them out")
        elif key == "kl_target" and isinstance(dimension, Choice) and None in dimension.values:
            faults.append("space.training.kl_target: null among its values would drop a penalty whose coefficient is learned; "
                          "leave it out")
    if settings.trials < 2:
        faults.append(f"trials must be at least 2, the members of the population, was {settings.trials}")
    if settings.scheduler.every >= training.iterations:
        faults.append(f"scheduler.every must be below training.iterations = {training.iterations}, was {settings.scheduler.every}; "
                      "nobody would take over anything")
    faults += [
        f"training.{key} is not for a population, whose members all learn training.iterations; leave it out"
        for key in ("seconds", "patience") if getattr(training, key) is not None
    ]  # fmt: skip
    if faults:
        raise ConfigError("\n".join(f"{search.where}: {fault}" for fault in faults))
