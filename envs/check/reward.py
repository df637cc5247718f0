"""Every step is paid once: the first, the last, the one that ruins."""

from collections.abc import Callable, Iterator

import numpy as np

from ...market.account import COSTS
from ..batch import TradingVectorEnv
from ..rewards.gross_minus_cost import GrossMinusCost
from ..rewards.log_return import LogReturn
from ..rewards.registry import build_reward
from ..rewards.reward import Reward
from .ledger import variants
from .player import VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import Trace, sampled, trace

__all__ = ["STEPS", "every_step_is_paid_once"]

STEPS = np.dtype([("step", "i8"), ("env", "i8"), ("before", "f8"), ("after", "f8"), ("initial", "f8"), ("reward", "f8"),
                  ("cost", "f8"), ("last", "?"), ("ruined", "?")])
"""What a step did to an account, as far as info says so; `cost` is NaN where it does not."""
SHARE = 0.9  # of ordinary steps that a formula must explain to be the reward's
FEWEST = 8

FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "the log return of equity": lambda before, after, initial: np.log(after / before),
    "the return of equity": lambda before, after, initial: after / before - 1.0,
    "the change of equity": lambda before, after, initial: (after - before) / initial,
}


def every_step_is_paid_once(subject: Subject) -> Iterator[str]:
    """Rewards add up to what the account earned; where the reward is no function of equity that is known, this is skipped."""
    if subject.native is None:
        found = _of_infos(trace(subject.player(), subject.seed, subject.actions()), subject.n)
        yield from _by_rule(found)
        return
    unknown = False
    for name, played in variants(subject.native):
        steps, again = _of_accounts(played, subject)
        expected = _known(played, steps)
        if expected is None and again is not None and _agrees(steps, again):
            faults = list(_off(steps, again, "its formula"))
        elif expected is None:
            try:
                faults = list(_by_rule(steps, whole=False))
            except NotCheckable:
                unknown, faults = True, []
        else:
            faults = list(_off(steps, expected))
        if faults:
            yield faults[0] if name == "as it is" else f"{name}: {faults[0]}"
            return
    if unknown:
        raise NotCheckable("the reward is no function of equity that is known")


def _agrees(steps: np.ndarray, again: np.ndarray) -> bool:
    ordinary = ~steps["last"] & ~steps["ruined"]
    return bool(ordinary.sum() >= FEWEST and _near(steps["reward"], again)[ordinary].mean() >= SHARE)


def _of_accounts(played: TradingVectorEnv, subject: Subject) -> tuple[np.ndarray, np.ndarray | None]:
    """Return STEPS of a run, and what a second reward of the same settings pays for them; None where there can be none."""
    sim, player, rows = played.simulator, VectorPlayer(played), []
    made = build_reward(played.settings.reward, played.costs)
    made.start(played.num_envs)
    made.clear(np.ones(played.num_envs, np.bool_))
    twin: Reward | None = made
    paid: list[np.ndarray] = []
    played.reset(seed=subject.seed)
    for step, action in enumerate(sampled(player, subject.seed, subject.steps)):
        before = sim.account["equity"].copy()
        _, rewards, terminated, truncated, _ = played.step(player.batched(action))
        account, done = sim.account, terminated | truncated
        try:
            paid += [] if twin is None else [np.array(twin.pay(sim.record, played.books))]
        except Exception:  # a reward that needs more than its settings
            twin = None
        cost = np.sum([sim.record[name] for name in COSTS], axis=0)
        rows += [(step, e, before[e], account["equity"][e], account["initial_equity"][e], rewards[e], cost[e], done[e],
                  account["ruined"][e] != 0) for e in range(played.num_envs)]
        if done.any():
            played.reset(options={"reset_mask": done})
            if twin is not None:
                twin.clear(done)
    return np.array(rows, STEPS), None if twin is None else np.concatenate(paid)


def _known(env: TradingVectorEnv, steps: np.ndarray) -> np.ndarray | None:
    if isinstance(env.reward, LogReturn):
        out = np.full(len(steps), np.log(env.reward.floor))
        fine = ~steps["ruined"]
        out[fine] = np.log(steps["after"][fine] / steps["before"][fine])
        return out
    if isinstance(env.reward, GrossMinusCost):
        spared = (1.0 - env.reward.cost_weight) * steps["cost"]
        return np.asarray((steps["after"] - steps["before"] + spared) / steps["initial"])
    return None


def _of_infos(found: Trace, n: int) -> np.ndarray:
    rows = []
    for e in range(n):
        before = initial = _equity(found.seen[0].infos[e])
        for step, turn in enumerate(found.seen[1:]):
            after = _equity(turn.infos[e])
            if not turn.begun[e] and not np.isnan(before + after):
                cost = float(turn.infos[e].get("costs", turn.infos[e].get("cost", np.nan)))
                rows.append((step, e, before, after, initial, float(turn.rewards[e]), cost, turn.done(e), after <= 0.0))
            before = np.nan if turn.done(e) else after  # what the next episode begins with is not in this info
            initial = after if np.isnan(initial) else initial
    return np.array(rows, STEPS)


def _equity(info: dict[str, object]) -> float:
    value = info.get("equity")
    return float("nan") if value is None else float(value)  # type: ignore[arg-type]


def _by_rule(steps: np.ndarray, *, whole: bool = True) -> Iterator[str]:
    """Find the formula that most ordinary steps follow; say which steps do not, or that costs are left out of it."""
    if not len(steps):
        raise NotCheckable("info carries no `equity`")
    ordinary = ~steps["last"] & ~steps["ruined"]
    known = ordinary & np.isfinite(steps["cost"]) & (steps["cost"] > 0.0)
    best: tuple[float, str, np.ndarray] = (0.0, "", np.zeros(0))
    for costless in (False, True):
        for name, formula in FORMULAS.items():
            after = steps["after"] + (np.nan_to_num(steps["cost"]) if costless else 0.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                expected = formula(steps["before"], np.where(after > 0.0, after, np.nan), steps["initial"])
            share, expected = _explained(steps, expected, ordinary)
            if whole and costless and share >= SHARE and known.sum() >= FEWEST and best[0] < SHARE:
                yield f"the reward is {name} without its costs: they are in the profit and not in the reward"
                return
            if share > best[0]:
                best = (share, name, expected)
    if best[0] < SHARE:
        raise NotCheckable("the reward is no function of equity that is known")
    if whole or best[0] == 1.0:
        yield from _off(steps, best[2])


def _explained(steps: np.ndarray, expected: np.ndarray, ordinary: np.ndarray) -> tuple[float, np.ndarray]:
    moved = ordinary & np.isfinite(expected) & (np.abs(expected) > 1e-12)
    if moved.sum() < FEWEST:
        return 0.0, expected
    scale = float(np.median(steps["reward"][moved] / expected[moved]))
    if scale == 0.0:
        return 0.0, expected  # most steps pay nothing
    scaled = expected * scale
    return float(_near(steps["reward"], scaled)[moved].mean()), scaled


def _near(reward: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(reward - expected) <= 1e-9 + 1e-5 * np.abs(expected))


def _off(steps: np.ndarray, expected: np.ndarray, whose: str = "its equity") -> Iterator[str]:
    for place in np.flatnonzero(~_near(steps["reward"], expected) & np.isfinite(expected)):
        one, wanted = steps[place], float(expected[place])
        kind = "ruining" if one["ruined"] else "last" if one["last"] else "ordinary"
        how = "is left out" if one["reward"] == 0.0 else "is paid twice" if abs(one["reward"] - 2.0 * wanted) <= 1e-9 else (
            "pays what never was earned")
        yield (f"the reward of step {one['step']}, sub-environment {one['env']}, {how} ({kind} step): {one['reward']:g}, "
               f"{whose} says {wanted:g}")
        return
    lost = steps["ruined"] & (steps["reward"] == 0.0) & (steps["after"] < steps["before"])
    for place in np.flatnonzero(lost):
        yield f"the reward of step {steps['step'][place]} is left out (ruining step): equity fell and 0 was paid"
        return
