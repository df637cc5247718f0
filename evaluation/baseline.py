"""What a policy must beat: baselines on the same rows, cash and costs, through the same simulator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..agents.policy import State
from ..agents.rules.rule import Rule, build_rule
from ..data.tape import Tape
from ..encoders.observation import Observation
from ..market.actions.registry import action_scheme
from ..market.cost import CostSettings
from ..market.decision import Decision
from ..market.errors import UnknownNameError
from .batch import Entrant, backtest_batch
from .contender import Contender, Spread
from .random_twin import RandomTwin
from .ratio import sharpe_ratio, total_return
from .session import Session
from .sight import TradableSight

__all__ = ["BASELINES", "BaselineSettings", "run_baselines"]

BASELINES = ("buy_and_hold", "equal_weight", "random")
"""Every baseline by name, in the order in which reports show them."""

CALIBRATIONS = 8
LABELS = {"buy_and_hold": "buy and hold", "equal_weight": "equal weight", "random": "random, same turnover"}
HALF_LABEL = "half in cash"


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """How baselines are made.

    Attributes:
        names: Which, of BASELINES; the first one leads the verdict.
        rebalance_bars: Bars from one rebalancing of `equal_weight` to the next.
        random_seeds: Accounts of the random baseline.
        seed: Of the random baseline.
        turnover_tolerance: Largest relative difference between the policy's turnover and the random accounts' mean.
    """

    names: tuple[str, ...] = BASELINES
    rebalance_bars: int = 21
    random_seeds: int = 20
    seed: int = 0
    turnover_tolerance: float = 0.05

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in BASELINES:
                raise UnknownNameError("baseline", name, BASELINES, "evaluation.baselines")


def run_baselines(
    session: Session, tape: Tape, rows: tuple[int, int], costs: CostSettings, cash: float, settings: BaselineSettings, pace: float
) -> tuple[Contender, ...]:
    """Run the baselines of a policy's session.

    Buy and hold buys equal weights of what can be traded at the first row and never trades again. Equal weight restores equal
    weights every `rebalance_bars` bars, newly listed assets included; on a tape of one asset it is half asset, half cash. Random
    accounts trade as much as the policy did (see `RandomTwin`).

    Args:
        session: The policy's.
        tape: The assets that are traded.
        rows: First row and the row after the last one.
        costs: Frictions, the policy's.
        cash: Initial equity.
        settings: Which baselines, and how.
        pace: Bars of a year.

    Returns:
        One contender a baseline, in the order of `settings.names`.
    """
    found = {}
    fixed = [name for name in settings.names if name != "random"]
    if fixed:
        entrants = [_entrant(name, tape, costs, settings) for name in fixed]
        for name, one in zip(fixed, backtest_batch(entrants, TradableSight(tape), tape, rows, cash), strict=True):
            label = HALF_LABEL if _is_half(name, tape) else LABELS[name]
            found[name] = Contender(name, label, _rule_of(name, tape, settings), one.track(pace), one.attribution.signed)
    if "random" in settings.names:
        found["random"] = _random(session, tape, rows, costs, cash, settings, pace)
    return tuple(found[name] for name in settings.names)


def _entrant(name: str, tape: Tape, costs: CostSettings, settings: BaselineSettings) -> Entrant:
    scheme = action_scheme("rebalance", n_assets=tape.n_assets)
    rule_settings = {"every_bars": settings.rebalance_bars} if name == "equal_weight" else {}
    rule = build_rule(name, rule_settings, TradableSight(tape).layout, "evaluation.baselines")
    return Entrant(_Half(rule) if _is_half(name, tape) else rule, scheme, costs)


def _is_half(name: str, tape: Tape) -> bool:
    return name == "equal_weight" and tape.n_assets == 1


class _Half:
    """Halves the weights of a rule: half in the asset, half in cash."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self.name, self.scheme, self.requires = rule.name, rule.scheme, rule.requires

    def initial_state(self, batch: int) -> State:
        """See `Policy.initial_state`."""
        return self._rule.initial_state(batch)

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`."""
        decision, state = self._rule.act(observation, state, deterministic)
        values = decision.values.copy()
        values[:, :-1] *= 0.5
        return Decision(self.scheme, values), state


def _rule_of(name: str, tape: Tape, settings: BaselineSettings) -> str:
    if name == "buy_and_hold":
        what = tape.symbols[0] if tape.n_assets == 1 else "equal weights of everything tradable"
        return f"buys {what} at the first bar and never trades again"
    what = f"half {tape.symbols[0]}, half cash" if tape.n_assets == 1 else "equal weights of everything tradable"
    return f"{what}, restored every {settings.rebalance_bars} bars"


def _random(
    session: Session, tape: Tape, rows: tuple[int, int], costs: CostSettings, cash: float, settings: BaselineSettings, pace: float
) -> Contender:
    """Run random accounts whose scale is moved until their mean turnover is that of the policy."""
    wanted = _traded_share(session)
    ceiling = costs.max_leverage
    twin = RandomTwin.of_session(session, ceiling=ceiling, sizing_buffer=costs.sizing_buffer, seed=settings.seed)
    scheme = action_scheme("rebalance", n_assets=tape.n_assets)
    sight = TradableSight(tape)
    best: tuple[float, list[Session]] | None = None
    low, high = 0.0, float("inf")
    for _ in range(CALIBRATIONS):
        sessions = backtest_batch([Entrant(twin, scheme, costs, settings.random_seeds)], sight, tape, rows, cash)
        found = float(np.mean([_traded_share(one) for one in sessions]))
        miss = abs(found - wanted) / wanted if wanted > 0.0 else 0.0
        if best is None or miss < best[0]:
            best = miss, sessions
        if miss <= settings.turnover_tolerance:
            break
        low, high = (twin.scale, high) if found < wanted else (low, twin.scale)
        guess = twin.scale * wanted / found if found > 0.0 else 2.0 * twin.scale
        inside = low < guess < high
        twin = replace(twin, scale=guess if inside else 0.5 * (low + high) if np.isfinite(high) else 2.0 * twin.scale)
    assert best is not None
    miss, sessions = best
    return _contender_of_seeds(sessions, miss, settings, pace, rows[1] - rows[0] - 1)


def _contender_of_seeds(
    sessions: Sequence[Session], miss: float, settings: BaselineSettings, pace: float, n_bars: int
) -> Contender:
    tracks = [one.track(pace).padded(n_bars) for one in sessions]
    equity = np.stack([track.equity for track in tracks])
    sharpe = np.array([sharpe_ratio(track.returns, pace) for track in tracks])
    ranked = np.argsort(np.nan_to_num(sharpe, nan=0.0), kind="stable")
    middle = int(ranked[(len(ranked) - 1) // 2])
    spread = Spread(
        low=np.quantile(equity, 0.1, axis=0),
        high=np.quantile(equity, 0.9, axis=0),
        sharpe=sharpe,
        total_return=np.array([total_return(track.returns) for track in tracks]),
        turnover=np.array([_traded_share(one) * pace for one in sessions]),
    )
    near = "matched" if miss <= settings.turnover_tolerance else f"missed by {miss:.0%}".replace("%", " %")
    rule = (
        f"{len(sessions)} accounts that hold random portfolios with the policy's mean exposure and turnover ({near}); "
        "shown: the account with the median Sharpe ratio, and the range from 10 % to 90 % of all"
    )
    return Contender("random", LABELS["random"], rule, tracks[middle], sessions[middle].attribution.signed, spread)


def _traded_share(session: Session) -> float:
    """Return traded notional over equity, mean of the bars."""
    before = session.equity[:-1]
    return float(np.mean(np.divide(session.steps["traded_notional"], before, out=np.zeros(len(before)), where=before > 0.0)))
