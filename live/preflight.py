"""What is checked before a deployment starts; every failed check is named, not only the first."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..agents.bundle import Bundle, load_bundle
from ..data.tape import Tape
from ..evaluation.backtest import check_rows
from ..evaluation.candidate import Candidate
from ..market.cost import CostSettings
from ..market.errors import ConfigError, DataError, IntegrityError, QuantgymError, UnknownNameError
from ..market.limits import LimitSettings
from .journal import Journal
from .session import Strategy

__all__ = ["BROKERS", "Check", "DeploySettings", "Preflight", "check_broker", "preflight"]

BROKERS = ("paper",)
LATER = ("alpaca-paper", "alpaca", "ccxt")
JOURNAL = "journal.sqlite"


@dataclass(frozen=True, kw_only=True)
class DeploySettings:
    """What is deployed where.

    Attributes:
        rows: First row and the row after the last, positions on the tape; the last is marked, not decided.
        broker: `paper`.
        costs: Rules of the account; None: those of training.
        cash: At the start, account currency; None: that of training.
        deployment: Id from which order ids are made; None: made of the bundle's digest and the rows.
        limits: What the account may not exceed; None: no limits. They may change while the deployment lives.
        other_tape: True lets the bundle run on another tape than it was trained on.
    """

    rows: tuple[int, int]
    broker: str = "paper"
    costs: CostSettings | None = None
    cash: float | None = None
    deployment: str | None = None
    limits: LimitSettings | None = None
    other_tape: bool = False


@dataclass(frozen=True)
class Check:
    """One check: what, whether it passed, and what was found."""

    name: str
    passed: bool
    detail: str


@dataclass
class Preflight:
    """What the checks found.

    Attributes:
        checks: In the order in which they were made.
        bundle: Where it loads.
        strategy: Where everything that it is made of fits.
    """

    checks: list[Check] = field(default_factory=list)
    bundle: Bundle | None = None
    strategy: Strategy | None = None

    @property
    def passed(self) -> bool:
        """Whether every check did."""
        return all(check.passed for check in self.checks)

    def raise_failed(self) -> None:
        """Raise ConfigError that names every failed check."""
        failed = [f"{check.name}: {check.detail}" for check in self.checks if not check.passed]
        if failed:
            raise ConfigError(f"preflight: {len(failed)} of {len(self.checks)} checks failed; " + "; ".join(failed))

    def attempt(self, name: str, made: Callable[[], str]) -> None:
        """Make one check; `made` returns what it found or raises."""
        try:
            self.checks.append(Check(name, True, made()))
        except (QuantgymError, OSError) as error:
            self.checks.append(Check(name, False, str(error)))


def preflight(bundle_path: Path | str, tape: Tape, folder: Path | str, settings: DeploySettings) -> Preflight:
    """Check everything that a deployment needs; nothing is written.

    Args:
        bundle_path: The bundle's folder.
        tape: All assets of the bundle's encoders.
        folder: Of the deployment.
        settings: What is deployed where.
    """
    found = Preflight()

    def bundle() -> str:
        found.bundle = load_bundle(bundle_path)
        return f"{found.bundle.digest[:12]}, recorded vectors replayed"

    def same_tape() -> str:
        trained = _bundle(found).context.get("tape") or {}
        if trained.get("digest") != tape.digest and not settings.other_tape:
            raise DataError(
                f"the bundle was trained on {trained.get('name')} ({str(trained.get('digest'))[:12]}), this is {tape.name} "
                f"({tape.digest[:12]}); allow another tape explicitly to run it elsewhere"
            )
        return f"{tape.name} {tape.digest[:12]}"

    def columns() -> str:
        known = _bundle(found)
        names = {*known.layout.names, *(column.name for column in known.layout.private)}
        missing = [name for name in known.policy.requires if name not in names]
        if missing:
            raise ConfigError(f"the policy reads {', '.join(missing)}, which its layout lacks")
        encoded = known.pipeline().layout.assets
        if encoded != tape.symbols:
            raise DataError(f"the encoders need rows of {', '.join(encoded)}, the tape has {', '.join(tape.symbols)}")
        return f"{known.layout.size} numbers of {len(encoded)} assets"

    def rows() -> str:
        start, stop = check_rows(tape, settings.rows)
        need = _bundle(found).layout.window - 1
        if start < need:
            raise DataError(f"the window needs {need} rows before the first decision, row {start} has {start}")
        return f"{stop - start - 1} decisions from row {start}"

    def rules() -> str:
        found.strategy = Strategy.of(Candidate.of(_bundle(found), tape, costs=settings.costs, cash=settings.cash))
        if not found.strategy.cash > 0.0:
            raise ConfigError(f"cash must be positive, was {found.strategy.cash}")
        scheme = found.strategy.scheme
        if scheme.n_tickets:
            raise ConfigError(f"the actions {scheme.name} send {1 + scheme.n_tickets} orders for an asset in one decision, of "
                              "which a session takes one; evaluate the policy, or train it with another env.action")
        return f"cash {found.strategy.cash:g} {tape.currency}, scheme {found.strategy.scheme.name}"

    def limits() -> str:
        given = {} if settings.limits is None else asdict(settings.limits)
        return ", ".join(f"{name} {value:g}" for name, value in given.items() if value is not None) or "none"

    def journal() -> str:
        path = Path(folder) / JOURNAL
        if not path.exists():
            return "new"
        opened = Journal.open(path, deployment_id(_bundle(found), settings), journal_facts(found, tape, settings), clock=int)
        try:
            state, reason = opened.state()
            return f"{state}{': ' + reason if reason else ''}, {opened.n_decisions()} decisions"
        finally:
            opened.close()

    checks: dict[str, Callable[[], str]] = {
        "broker": lambda: check_broker(settings.broker),
        "bundle": bundle,
        "tape": same_tape,
        "columns": columns,
        "rows": rows,
        "rules": rules,
        "limits": limits,
        "journal": journal,
    }
    for name, made in checks.items():
        found.attempt(name, made)
    return found


def check_broker(name: str) -> str:
    """Return `name`; UnknownNameError where no broker has it, ConfigError where this version does not trade there."""
    if name in BROKERS:
        return name
    if name.split(":")[0] in LATER:
        raise ConfigError(f"broker {name} is not available in this version; paper trades here")
    raise UnknownNameError("broker", name, BROKERS)


def deployment_id(bundle: Bundle, settings: DeploySettings) -> str:
    """Return the id from which order ids are made."""
    start, stop = settings.rows
    return settings.deployment or f"{settings.broker}-{bundle.digest[:16]}-{start}-{stop}"


def journal_facts(found: Preflight, tape: Tape, settings: DeploySettings) -> dict[str, Any]:
    """Return what a journal says of its deployment: JSON values that must not change while it lives."""
    strategy = found.strategy
    if strategy is None:
        raise IntegrityError("nothing to journal: bundle, tape and rules do not fit")
    return {
        "broker": settings.broker,
        "bundle": _bundle(found).digest,
        "tape": tape.digest,
        "rows": list(settings.rows),
        "cash": strategy.cash,
        "costs": asdict(strategy.costs),
    }


def _bundle(found: Preflight) -> Bundle:
    if found.bundle is None:
        raise IntegrityError("cannot be checked without the bundle")
    return found.bundle
