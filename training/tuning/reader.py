"""Which algorithms read a setting: one that none of a search's trials reads would make every trial the same in it."""

from ...market.errors import ConfigError
from .dimension import Choice
from .search import Search

__all__ = ["READERS", "check_read"]

ON_POLICY, REPLAYED = ("PPO",), ("DQN", "SAC")
READERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("gae_lambda", "clip", "entropy_coefficient", "value_coefficient", "kl_target", "sequence_bars"), ON_POLICY),
    **dict.fromkeys(("epochs", "minibatch"), ("PPO", "BC")),
    **dict.fromkeys(("batch", "update_every", "replay_capacity", "learning_starts", "n_step"), REPLAYED),
    **dict.fromkeys(("prioritised", "priority_exponent", "priority_weight"), REPLAYED),
    **dict.fromkeys(("target_update_steps", "double", "dueling", "epsilon_end", "epsilon_steps"), ("DQN",)),
    **dict.fromkeys(("tau", "temperature", "target_entropy"), ("SAC",)),
}
"""Algorithms by key of the training section, as docs/training.md has it; every other key is read by all of them."""


def check_read(search: Search) -> None:
    """Raise ConfigError where a setting is varied that no algorithm of the search reads; one line for each."""
    chosen = search.space.get("agent.algorithm")
    algorithms = chosen.values if isinstance(chosen, Choice) else (search.base.agent.algorithm,)
    faults = []
    for path in search.space:
        section, _, key = path.partition(".")
        readers = READERS.get(key, algorithms) if section == "training" else algorithms
        if not set(readers) & set(algorithms):
            who = " nor ".join(map(str, algorithms))
            faults.append(f"space.{path}: is not read by {who} ({', '.join(readers)} alone); all trials would be the same in it")
    if faults:
        raise ConfigError("\n".join(f"{search.where}: {fault}" for fault in faults))
