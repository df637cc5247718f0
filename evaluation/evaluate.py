"""Run a policy on rows it never saw, measure it, compare it, doubt it: one call from a policy to an `Evaluation`."""

import math
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import numpy as np

from ..agents.policy import Policy
from ..data.tape import Tape
from ..encoders.layout import Layout
from ..encoders.table import FeatureTable
from ..envs.observer import Observer
from ..envs.rewards.registry import RewardGiven, build_reward
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings
from ..market.errors import ConfigError
from .annualisation import bars_per_year
from .backtest import backtest, check_rows
from .baseline import BASELINES, BaselineSettings, run_baselines
from .batch import Entrant, backtest_batch, share_that_differ
from .charge import without_charges
from .compare import WORTHWHILE, judge
from .contender import Contender
from .evaluation import Evaluation, Scene
from .interval import bootstrap
from .probability import minimum_track_record, probabilistic_sharpe
from .session import Session
from .sight import ViewSight

__all__ = ["EvaluationSettings", "evaluate"]

REGIMES = ("bull", "bear", "high_vol_chop", "low_vol_chop")
Steps = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How much a result is doubted.

    Attributes:
        resamples: Of the block bootstrap.
        block_bars: Mean length of its blocks; None: read from the data.
        level: Of all intervals.
        seed: Of resamples and random baselines.
        baselines: Which, of `baseline.BASELINES`; the first one leads the verdict.
        rebalance_bars: Pace of the equal-weight baseline.
        random_seeds: Accounts of the random baseline.
        risk_free: Simple rate, a fraction a year, that Sharpe ratios deduct.
        worthwhile: Smallest advantage in annual Sharpe ratio that would count as better.
    """

    resamples: int = 10_000
    block_bars: float | None = None
    level: float = 0.95
    seed: int = 0
    baselines: tuple[str, ...] = BASELINES
    rebalance_bars: int = 21
    random_seeds: int = 20
    risk_free: float = 0.0
    worthwhile: float = WORTHWHILE

    def __post_init__(self) -> None:
        if not self.baselines:
            raise ConfigError("evaluation.baselines must name at least one; a number without a baseline says nothing")
        self.of_baselines()

    def of_baselines(self) -> BaselineSettings:
        """Return the part that baselines read."""
        return BaselineSettings(
            names=self.baselines, rebalance_bars=self.rebalance_bars, random_seeds=self.random_seeds, seed=self.seed
        )


def evaluate(
    policy: Policy,
    observer: Observer,
    tape: Tape,
    rows: tuple[int, int],
    costs: CostSettings,
    cash: float,
    scheme: ActionScheme,
    *,
    name: str | None = None,
    table: FeatureTable | None = None,
    reward: RewardGiven = "log_return",
    settings: EvaluationSettings | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Steps | None = None,
) -> Evaluation:
    """Evaluate a policy on a stretch of a tape.

    The policy runs as a stream. With `table`, it also runs in one batch with and without costs: the batched form is compared with
    the stream, and the free account is its zero-cost twin; without `table` the twin is streamed too.

    Args:
        policy: Who decides.
        observer: Builds its observations; primed here with every row before the stretch.
        tape: All assets of the observer's pipeline, from the tape's first row on.
        rows: First row and the row after the last one, positions on `tape`.
        costs: Frictions of the policy and of every baseline.
        cash: Initial equity of every account.
        scheme: What the decisions mean.
        name: Of the policy or its run; None: `policy.name`.
        table: Features of every row of the tape, encoded as a batch.
        reward: The reward of training, as the observer has it.
        settings: How much to doubt.
        facts: Further JSON values for the report: split, training period, versions, openings.
        progress: Called with (what is being done, share done) as it goes on.

    Returns:
        Everything that reports, tables and programs need.

    Raises:
        DataError: The rows leave nothing to decide.
        ConfigError: The policy decides in another scheme, or a setting is wrong.
        IntegrityError: The books of an account do not balance.
    """
    settings = EvaluationSettings() if settings is None else settings
    start, stop = check_rows(tape, rows)
    say: Steps = progress if progress is not None else _silent
    pace = bars_per_year(tape.close_at)

    def watch(made: int, total: int) -> None:
        say("policy, bar by bar", 0.7 * made / total)

    session = backtest(policy, observer, tape, (start, stop), costs, cash, scheme, progress=watch)
    say("policy without costs", 0.7)
    free, differ = _twin(policy, observer, tape, (start, stop), costs, cash, scheme, session, table, reward)
    say("baselines", 0.75)
    traded = tape if observer.layout.assets == tape.symbols else tape.select(observer.layout.assets)
    others = run_baselines(session, traded, (start, stop), costs, cash, settings.of_baselines(), pace)
    n_bars = stop - start - 1
    own = _contender("policy", name or policy.name, "the policy under test", session, pace, settings, n_bars)
    twin = _contender("zero_cost", "policy without costs", "the policy where trading is free", free, pace, settings, n_bars)
    others = tuple(_with_rate(other, settings.risk_free, n_bars) for other in others)
    say("intervals", 0.9)
    returns = np.stack([one.track.returns for one in (own, *others, twin)], axis=1)
    boot = bootstrap(
        returns,
        pace,
        seed=settings.seed,
        resamples=settings.resamples,
        block=settings.block_bars,
        level=settings.level,
        risk_free=settings.risk_free,
    )
    verdicts = tuple(judge(boot, index, other.label, n_bars, settings.worthwhile) for index, other in enumerate(others))
    excess = own.track.returns - settings.risk_free / pace
    say("done", 1.0)
    return Evaluation(
        name=name or policy.name,
        facts=_facts(tape, traded, (start, stop), costs, cash, scheme, pace, settings, session) | dict(facts or {}),
        policy=own,
        baselines=others,
        twin=twin,
        session=session,
        boot=boot,
        verdicts=verdicts,
        probabilistic_sharpe=probabilistic_sharpe(excess, pace),
        minimum_track_record=minimum_track_record(excess, pace, level=settings.level),
        decisions_differ=differ,
        scene=_scene(traded, (start, stop), observer.layout, session),
    )


def _twin(
    policy: Policy,
    observer: Observer,
    tape: Tape,
    rows: tuple[int, int],
    costs: CostSettings,
    cash: float,
    scheme: ActionScheme,
    session: Session,
    table: FeatureTable | None,
    reward: RewardGiven,
) -> tuple[Session, float]:
    """Return the session without costs, and the share of decisions in which the batched form differs from the stream."""
    free = costs.without_costs()
    traded = tape if observer.layout.assets == tape.symbols else tape.select(observer.layout.assets)
    gratis = without_charges(traded)
    if table is None:
        return backtest(policy, observer, tape, rows, free, cash, scheme, market=gratis), math.nan
    entrants = [Entrant(policy, scheme, costs), Entrant(policy, scheme, free)]

    def run(those: list[Entrant], market: Tape) -> list[Session]:
        paid = build_reward(reward, costs)
        sight = ViewSight(table, observer.layout, paid, len(those), observer.private, observer.scheme)
        return backtest_batch(those, sight, market, rows, cash)

    if gratis is traded:
        batched, without = run(entrants, traded)
    else:
        (batched,), (without,) = run(entrants[:1], traded), run(entrants[1:], gratis)
    return without, share_that_differ(session, batched)


def _contender(
    name: str, label: str, rule: str, session: Session, pace: float, settings: EvaluationSettings, n_bars: int
) -> Contender:
    track = session.track(pace, settings.risk_free).padded(n_bars)
    return Contender(name, label, rule, track, session.attribution.signed)


def _with_rate(contender: Contender, risk_free: float, n_bars: int) -> Contender:
    from dataclasses import replace

    return replace(contender, track=replace(contender.track, risk_free=risk_free).padded(n_bars))


def _scene(tape: Tape, rows: tuple[int, int], layout: Layout, session: Session) -> Scene:
    """Return adjusted prices of the stretch and the regimes that the policy saw, where its layout names any."""
    start, stop = rows
    growth = np.cumsum(tape.log_return()[start:stop], axis=0)
    last = tape.close[stop - 1]
    prices = last * np.exp(growth - growth[-1])
    prices[tape.present[start:stop] == 0] = np.nan
    names = tuple(name for name in REGIMES if name in layout.names)
    newest = (layout.window - 1) * layout.n_market
    where = [newest + layout.position(name) for name in names]
    posteriors = session.observations[:, where] if names else np.zeros((0, 0), np.float32)
    return Scene(tape.symbols, tape.close_at[start:stop].copy(), prices, names, posteriors)


def _facts(
    tape: Tape,
    traded: Tape,
    rows: tuple[int, int],
    costs: CostSettings,
    cash: float,
    scheme: ActionScheme,
    pace: float,
    settings: EvaluationSettings,
    session: Session,
) -> dict[str, Any]:
    first, last = (_day(int(at)) for at in (tape.close_at[rows[0]], tape.close_at[rows[1] - 1]))
    n_bars = rows[1] - rows[0] - 1
    return {
        "tested": f"tested {first} to {last}, {n_bars:,} bars, costs {_cost_words(costs, traded)}",
        "tape": tape.name,
        "tape_digest": tape.digest,
        "assets": ", ".join(traded.symbols),
        "first_close": first,
        "last_close": last,
        "rows": list(rows),
        "bars": n_bars,
        "bars_per_year": round(pace, 2),
        "currency": tape.currency,
        "cash": float(cash),
        "action_scheme": scheme.name,
        "action": scheme.plain(),
        "costs": asdict(costs),
        "settings": {**asdict(settings), "baselines": list(settings.baselines)},
        "session_digest": session.digest,
        "refusals": session.refusals,
        "versions": _versions(),
    }


def _cost_words(costs: CostSettings, traded: Tape) -> str:
    quoted = traded.has_terms and not bool(np.isnan(traded.terms["spread"]).all())
    return f"{costs.fee_rate * 1e4:g} bp + " + ("the tape's spread" if quoted else f"{costs.half_spread_rate * 1e4:g} bp")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%d")


def _versions(packages: Sequence[str] = ("quantgym", "numpy", "numba")) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _silent(what: str, share: float) -> None:
    return None
