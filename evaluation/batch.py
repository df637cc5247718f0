"""The backtest as a batch: several policies, or one under several rules, on the same rows in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..agents.policy import Policy, State
from ..data.tape import Tape
from ..encoders.observation import Observation
from ..market.account import FILL
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings, rules_records
from ..market.errors import ConfigError
from ..simulator.simulator import Simulator
from .backtest import check_rows, session_facts
from .recorder import value_weights
from .session import Session
from .sight import Sight

__all__ = ["Entrant", "backtest_batch", "share_that_differ"]


@dataclass(frozen=True)
class Entrant:
    """One policy in a batch.

    Attributes:
        policy: Who decides; for `copies` accounts at once, which differ by their place in the batch alone.
        scheme: What its decisions mean.
        costs: Frictions of its accounts.
        copies: How many accounts.
    """

    policy: Policy
    scheme: ActionScheme
    costs: CostSettings
    copies: int = 1


class _Player:
    """An entrant at the table: its accounts are `place` of the batch."""

    def __init__(self, entrant: Entrant, first: int, simulator: Simulator) -> None:
        self.entrant, self.place = entrant, slice(first, first + entrant.copies)
        self.state: State = entrant.policy.initial_state(entrant.copies)
        rules = rules_records(entrant.costs, entrant.copies)
        rules["close_only"] = simulator.tape.close_only
        simulator.rules[self.place] = rules

    def decide(self, seen: Observation, sight: Sight, s: Simulator) -> np.ndarray:
        """Write the intents of its accounts; return its actions, (copies,) or (copies, n)."""
        policy, scheme, place = self.entrant.policy, self.entrant.scheme, self.place
        own = Observation.from_parts(seen.market[place], seen.private[place], sight.layout, seen.graph)
        decision, self.state = policy.act(own, self.state)
        if decision.scheme != scheme.name:
            raise ConfigError(f"policy {policy.name} decides in the scheme {decision.scheme}, the batch was given {scheme.name}")
        actions = scheme.check_actions(decision.values, self.entrant.copies)
        scheme.decode(actions, s.desk.part(place))
        return actions


def backtest_batch(
    entrants: Sequence[Entrant],
    sight: Sight,
    tape: Tape,
    rows: tuple[int, int],
    cash: float,
    *,
    facts: Mapping[str, Any] | None = None,
) -> list[Session]:
    """Run several entrants over a stretch of a tape in one batched simulator.

    Args:
        entrants: At least one; account e of the batch belongs to them in order, `copies` each.
        sight: What they see.
        tape: The assets that are traded.
        rows: First row and the row after the last one; decisions stand at all of them but the last.
        cash: Initial equity of every account.
        facts: Further JSON values for every session.

    Returns:
        One session an account, in order; a ruined account's is shorter.

    Raises:
        DataError: The rows leave nothing to decide, or the tape lacks what decisions need.
        ConfigError: There is no entrant, or one decides in another scheme than it says.
    """
    start, stop = check_rows(tape, rows)
    if not entrants:
        raise ConfigError("a batch needs at least one entrant")
    n_envs = sum(entrant.copies for entrant in entrants)
    n_tickets = max(entrant.scheme.n_tickets for entrant in entrants)
    simulator = Simulator(tape, entrants[0].costs, n_envs=n_envs, max_tickets=n_tickets, record_fills=True)
    simulator.open_accounts(cash, np.full(n_envs, start))
    for entrant in entrants:
        entrant.scheme.check_market(tape.name, tape.close_only, simulator.orders.shape[1])
    first = np.cumsum([0, *(entrant.copies for entrant in entrants)])
    players = [_Player(entrant, int(at), simulator) for entrant, at in zip(entrants, first, strict=False)]
    books = simulator.desk
    multiplier = simulator.instruments["multiplier"]
    alive = np.ones(n_envs, np.bool_)
    length = np.zeros(n_envs, np.int64)
    fills: list[list[np.ndarray]] = [[] for _ in range(n_envs)]
    actions: list[list[np.ndarray]] = [[] for _ in players]
    kept: dict[str, list[np.ndarray]] = {name: [] for name in ("observations", "lots", "steps", "units", "weights", "refused")}
    for _ in range(start, stop - 1):
        seen = sight.look(books)
        for player, made in zip(players, actions, strict=True):
            made.append(player.decide(seen, sight, simulator))
        kept["observations"].append(seen.flat())
        kept["lots"].append(simulator.intents["lots"].copy())
        step = simulator.step(alive)
        kept["steps"].append(step.copy())
        kept["units"].append(simulator.position["units"].copy())
        kept["weights"].append(value_weights(simulator.position, multiplier, step["equity"]))
        kept["refused"].append(simulator.refused.copy())
        for e in np.flatnonzero(alive & (step["n_fills"] > 0)):
            fills[e].append(simulator.fills_of_step(int(e)))
        length += alive
        sight.pay(step, books)
        alive &= step["ruined"] == 0
        if not alive.any():
            break
    simulator.check()
    whole = {name: np.stack(parts) for name, parts in kept.items()}
    sessions = []
    for player, made in zip(players, actions, strict=True):
        own_actions, entrant = np.stack(made), player.entrant
        known = session_facts(entrant.policy.name, tape, tape, (start, stop), entrant.costs, cash, entrant.scheme) | dict(
            facts or {}
        )
        for copy in range(entrant.copies):
            account = player.place.start + copy
            n = int(length[account])
            sessions.append(
                Session(
                    dict(known),
                    rows=np.arange(start, start + n),
                    closes=tape.close_at[start : start + n + 1].copy(),
                    actions=np.ascontiguousarray(own_actions[:n, copy]),
                    fills=np.concatenate([np.zeros(0, FILL), *fills[account]]),
                    **{name: np.ascontiguousarray(array[:n, account]) for name, array in whole.items()},
                )
            )
    return sessions


def share_that_differ(streamed: Session, batched: Session) -> float:
    """Return the share of decisions in which the streamed and the batched form of one policy asked for other lots."""
    n = min(streamed.n_decisions, batched.n_decisions)
    differ = int(np.any(streamed.lots[:n] != batched.lots[:n], axis=1).sum()) + abs(streamed.n_decisions - batched.n_decisions)
    return differ / max(streamed.n_decisions, batched.n_decisions)
