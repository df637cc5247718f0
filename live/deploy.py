"""Deployment: a bundle, a broker, a folder that remembers; starting again goes on where it stopped."""

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from ..data.tape import Tape
from ..evaluation.backtest import session_facts
from ..evaluation.session import Session
from ..market.errors import ConfigError
from .books import Books
from .guard import Guard
from .journal import Journal
from .paper import PaperGateway
from .preflight import JOURNAL, DeploySettings, Preflight, check_broker, deployment_id, journal_facts, preflight
from .record import OrderRecord, RefusalRecord
from .session import LiveSession

__all__ = ["HALT_FILE", "SESSION_FILE", "Deployment", "deploy", "resume"]

HALT_FILE, SESSION_FILE, LOG_FILE = "HALT", "session.npz", "log.jsonl"
log = structlog.get_logger("quantgym.live")


@dataclass(frozen=True)
class Deployment:
    """What a deployment did.

    Attributes:
        id: From which its order ids are made.
        folder: Where journal and recording stand.
        preflight: What was checked before it started.
        session: The recording, in the form of a backtest's.
        orders: Every order that passed the guard, as it stands.
        refusals: Every order that did not.
        halted: Why nothing was sent any more; empty where it was not halted.
        dry: Whether it was a rehearsal of the first decision: nothing was kept.
    """

    id: str
    folder: Path
    preflight: Preflight
    session: Session
    orders: tuple[OrderRecord, ...]
    refusals: tuple[RefusalRecord, ...]
    halted: str
    dry: bool


def deploy(
    bundle_path: Path | str,
    tape: Tape,
    folder: Path | str,
    settings: DeploySettings,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
    log_into: Callable[[Path], AbstractContextManager[Any]] | None = None,
    clock: Callable[[], int] = time.time_ns,
    wait: Callable[[int], None] | None = None,
) -> Deployment:
    """Trade a bundle; the same call again goes on where the last one stopped, however it stopped.

    Args:
        bundle_path: The bundle's folder.
        tape: All assets of the bundle's encoders; the paper broker replays its rows.
        folder: Of the deployment: `journal.sqlite`, `session.npz`, and `HALT` where an operator wants it to stop.
        settings: What is deployed where.
        dry_run: True: check everything, take the first decision against a paper broker, keep nothing.
        progress: Called with (decisions taken, decisions in all).
        log_into: Opens the structured log of the deployment at a path, for as long as it trades.
        clock: ns UTC; time stamps of the journal.
        wait: Sleeps for so many ns.

    Raises:
        ConfigError: A check failed (all are named), the broker is not available in this version, or a decision cannot be decoded.
        IntegrityError: Journal, broker and books do not agree.
    """
    check_broker(settings.broker)
    found = preflight(bundle_path, tape, folder, settings)
    found.raise_failed()
    if dry_run:
        with _quiet(), tempfile.TemporaryDirectory() as scratch:
            start = settings.rows[0]
            one = replace(settings, rows=(start, start + 2))
            return replace(_trade(Path(scratch), tape, found, one, None, clock, wait), folder=Path(folder), dry=True)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with _quiet() if log_into is None else log_into(place / LOG_FILE):
        return _trade(place, tape, found, settings, progress, clock, wait)


@contextmanager
def _quiet() -> Iterator[None]:
    # structlog prints every event to stdout until somebody configures it: thousands of lines for who calls us as a library
    if structlog.is_configured():
        yield
        return
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        yield
    finally:
        structlog.reset_defaults()


def resume(folder: Path | str, *, clock: Callable[[], int] = time.time_ns) -> str:
    """Let a halted deployment send orders again at its next start; return why it was halted.

    Raises:
        ConfigError: The kill switch is still on, or the deployment is not halted.
        IntegrityError: There is no journal, or a process still writes it.
    """
    switch = Path(folder) / HALT_FILE
    if switch.exists():
        raise ConfigError(f"{switch}: the kill switch is still on; remove the file, then resume")
    journal = Journal.reopen(Path(folder) / JOURNAL, clock=clock)
    try:
        state, reason = journal.state()
        if state != "halted":
            raise ConfigError(f"{folder}: the deployment is {state}, not halted")
        with journal.commit():
            journal.set_state("running", f"resumed after {reason}")
    finally:
        journal.close()
    return reason


def _trade(
    folder: Path,
    tape: Tape,
    found: Preflight,
    settings: DeploySettings,
    progress: Callable[[int, int], None] | None,
    clock: Callable[[], int],
    wait: Callable[[int], None] | None,
) -> Deployment:
    bundle, strategy = found.bundle, found.strategy
    assert bundle is not None
    assert strategy is not None
    start, stop = settings.rows
    name = deployment_id(bundle, settings)
    traded = tape if bundle.layout.assets == tape.symbols else tape.select(bundle.layout.assets)
    journal = Journal.open(folder / JOURNAL, name, journal_facts(found, tape, settings), clock=clock)
    try:
        known = journal.n_decisions()
        log.info("deployment_starts", deployment=name, broker=settings.broker, decisions_known=known, state=journal.state()[0])
        if settings.limits is not None:
            with journal.commit():
                journal.note("limits", name, json.dumps(asdict(settings.limits)))
        gateway = PaperGateway(tape, strategy.costs, strategy.cash, (start, stop), symbols=traded.symbols, taken=journal.taken())
        books = Books(strategy.instruments, strategy.costs, strategy.cash, start)
        guard = Guard(books, journal, folder / HALT_FILE, clock, limits=settings.limits)
        history = gateway.history()
        if history is not None:
            strategy.observer.prime(history)
        live = LiveSession(
            gateway,
            journal,
            books,
            guard,
            strategy,
            facts=session_facts(strategy.policy.name, tape, traded, (start, stop), strategy.costs, strategy.cash, strategy.scheme)
            | {"deployment": name, "broker": settings.broker, "bundle": bundle.digest},
            last_close=int(tape.close_at[stop - 1]),
            wait=_sleep if wait is None else wait,
            progress=None if progress is None else lambda made: progress(made, stop - 1 - start),
        )
        with structlog.contextvars.bound_contextvars(deployment=name):
            session = live.run()
        session.save(folder / SESSION_FILE)
        log.info("deployment_ends", deployment=name, decisions=session.n_decisions, fills=len(session.fills), halted=guard.halted())
        return Deployment(name, folder, found, session, journal.orders(), journal.refusals(), guard.halted(), dry=False)
    finally:
        journal.close()


def _sleep(ns: int) -> None:
    time.sleep(ns / 1e9)
