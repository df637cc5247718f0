"""The backtest as a stream: one row arrives, one decision is made, one bar is played."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..agents.policy import Policy
from ..data.tape import Tape
from ..envs.observer import Observer
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError
from ..simulator.simulator import Simulator
from .recorder import Recorder
from .session import Session

__all__ = ["backtest", "check_rows", "session_facts"]


def backtest(
    policy: Policy,
    observer: Observer,
    tape: Tape,
    rows: tuple[int, int],
    costs: CostSettings,
    cash: float,
    scheme: ActionScheme,
    *,
    market: Tape | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Session:
    """Run one policy over a stretch of a tape, row by row, as live trading does.

    The observer is reset and primed with every row before the stretch. Each close of a row is encoded, observed and decided upon,
    and the simulator plays the next bar. A ruined account ends the session early.

    Args:
        policy: Who decides; deterministically.
        observer: Builds what it sees; its layout names the assets that are traded.
        tape: All assets of the observer's pipeline, from the tape's first row on.
        rows: First row and the row after the last one, positions on `tape`; decisions stand at all of them but the last.
        costs: Frictions.
        cash: Initial equity, account currency.
        scheme: What the decisions mean.
        market: What the simulator plays, the traded assets alone; None: `tape`, which is always what the policy sees.
        facts: Further JSON values for the session.
        progress: Called with (decisions made, decisions in all) now and then.

    Returns:
        The session, `rows[1] - rows[0] - 1` decisions long where the account is not ruined.

    Raises:
        DataError: The rows leave nothing to decide, or the tape lacks what the decisions need.
        ConfigError: The policy decides in another scheme.
    """
    start, stop = check_rows(tape, rows)
    if policy.scheme != scheme.name:
        raise ConfigError(f"policy {policy.name} decides in the scheme {policy.scheme}, the backtest was given {scheme.name}")
    traded = tape if observer.layout.assets == tape.symbols else tape.select(observer.layout.assets)
    simulator = Simulator(traded if market is None else market, costs, max_tickets=scheme.n_tickets, record_fills=True)
    scheme.check_market(traded.name, traded.close_only, simulator.orders.shape[1])
    simulator.open_accounts(cash, np.array([start]))
    observer.reset()
    if start:
        observer.prime(tape.slice(0, start))
    observer.begin()
    recorder = Recorder(
        session_facts(policy.name, tape, traded, (start, stop), costs, cash, scheme) | dict(facts or {}),
        int(tape.close_at[start]),
        simulator.instruments["multiplier"],
        stop - start,
    )
    state = policy.initial_state(1)
    for row in range(start, stop - 1):
        observation = observer.observe(tape.row(row), simulator.account, simulator.position, row)
        decision, state = policy.act(observation, state)
        simulator.decode(scheme, decision.values)
        lots = simulator.intents["lots"][0].copy()
        step = simulator.step()[0]
        recorder.record(
            row=row,
            observation=observation.flat()[0],
            action=decision.values[0],
            lots=lots,
            step=step,
            fills=simulator.fills_of_step(0),
            position=simulator.position[0],
            refused=simulator.refused[0],
            closed_at=int(tape.close_at[row + 1]),
        )
        if progress is not None and (row - start) % 50 == 0:
            progress(row - start, stop - 1 - start)
        if step["ruined"]:
            break
    simulator.check()
    return recorder.finish()


def check_rows(tape: Tape, rows: tuple[int, int]) -> tuple[int, int]:
    """Return first row and stop row as ints.

    Raises:
        DataError: They do not lie on the tape, or hold fewer than the two rows of one decision.
    """
    start, stop = int(rows[0]), int(rows[1])
    if not 0 <= start < stop <= tape.n_rows:
        raise DataError(f"tape {tape.name}: rows must satisfy 0 <= start < stop <= {tape.n_rows}, were [{start}, {stop})")
    if stop - start < 2:
        raise DataError(
            f"tape {tape.name}: a backtest needs at least 2 rows, a decision and a bar after it; "
            f"[{start}, {stop}) has {stop - start}"
        )
    return start, stop


def session_facts(
    policy: str, tape: Tape, traded: Tape, rows: tuple[int, int], costs: CostSettings, cash: float, scheme: ActionScheme
) -> dict[str, Any]:
    """Return the JSON values that say what a session was."""
    return {
        "policy": policy,
        "tape": tape.name,
        "tape_digest": tape.digest,
        "symbols": list(traded.symbols),
        "currency": tape.currency,
        "rows": list(rows),
        "cash": float(cash),
        "costs": asdict(costs),
        "scheme": scheme.name,
        "action": scheme.plain(),
    }
