"""Both ledgers agree after every step, and what is reported is what the account holds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...market.account import COSTS, INCOME
from ...market.errors import IntegrityError, QuantgymError
from ...market.ledger import check_ledgers
from ..batch import TradingVectorEnv
from .player import VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import sampled, trace

__all__ = ["books_agree", "in_variants", "variants"]

SPENDINGS = (*COSTS, "costs")
CENT = 1e-7  # of equity: what float64 sums of a short episode may differ by


def variants(env: TradingVectorEnv) -> Iterator[tuple[str, TradingVectorEnv]]:
    """Yield the environment as it is, and with borrowed shares, borrowed money and ruin near by, where it takes that."""
    quiet: dict[str, Any] = {"autoreset_mode": "disabled"}
    yield "as it is", env.rebuild(**quiet)
    wanted = replace(env.costs, allow_short=True, max_leverage=max(env.costs.max_leverage, 2.0),
                     borrow_rate=max(env.costs.borrow_rate, 0.5))
    action = "exposure" if env.tape.n_assets == 1 else "target_weights"
    for name, changes in (("short and levered", {"costs": wanted, "action": action}),
                          ("near ruin", {"costs": replace(env.costs, ruin_equity_fraction=0.998)})):
        try:
            made = env.rebuild(**quiet, **changes)
        except QuantgymError:
            continue
        yield name, made


def in_variants(
    subject: Subject, native: Callable[[TradingVectorEnv, Subject], str | None], foreign: Callable[[Subject], Iterator[str]],
) -> Iterator[str]:  # fmt: skip
    """Yield the first fault that `native` finds in the variants of one of ours; all that `foreign` finds in anybody else's."""
    if subject.native is None:
        yield from foreign(subject)
        return
    for name, played in variants(subject.native):
        fault = native(played, subject)
        if fault is not None:
            yield fault if name == "as it is" else f"{name}: {fault}"
            return


def books_agree(subject: Subject) -> Iterator[str]:
    """Both ledgers agree, steps add up to the account, cost lines never fall, info holds the account's equity."""
    yield from in_variants(subject, _native, _foreign)


def _native(played: TradingVectorEnv, subject: Subject) -> str | None:
    sim, player = played.simulator, VectorPlayer(played)
    _, info = played.reset(seed=subject.seed)
    lines = [name for name in (*INCOME, *SPENDINGS) if name in (sim.account.dtype.names or ())]
    summed = {name: np.zeros(played.num_envs) for name in lines}
    for step, action in enumerate(sampled(player, subject.seed, subject.steps)):
        before = sim.account.copy()
        _, _, terminated, truncated, info = played.step(player.batched(action))
        try:
            check_ledgers(sim.account, sim.position, sim.instruments)
        except IntegrityError as error:
            return f"step {step}: {error}"
        scale = np.maximum(np.abs(sim.account["initial_equity"]), 1.0)
        for line in lines:
            summed[line] += sim.record[line]
            if (off := np.abs(summed[line] - sim.account[line]) > CENT * scale).any():
                e = int(np.flatnonzero(off)[0])
                return (f"{line} of the steps of an episode sums to {summed[line][e]}, the account says {sim.account[line][e]} "
                        f"(step {step}, sub-environment {e})")
            if line in SPENDINGS[-3:] and (off := sim.account[line] < before[line] - CENT * scale).any():
                return f"{line} fell from {before[line][off][0]} to {sim.account[line][off][0]} in step {step}; it accumulates"
        if "equity" in info and info["equity"].tobytes() != np.ascontiguousarray(sim.account["equity"]).tobytes():
            return f"info['equity'] of step {step} is not the equity of the accounts"
        done = terminated | truncated
        if done.any():
            played.reset(options={"reset_mask": done})
            for line in lines:
                summed[line][done] = 0.0
    return None


def _foreign(subject: Subject) -> Iterator[str]:
    found = trace(subject.player(), subject.seed, subject.actions())
    names = set(found.seen[1].infos[0])
    if "equity" not in names:
        raise NotCheckable("info carries no `equity`, so there are no books to look at")
    known = [name for name in (*INCOME, *SPENDINGS) if name in names]
    if "gross" not in names and not {"cash", "position_value"} <= names:
        raise NotCheckable("info carries neither `cash` and `position_value` nor `gross` and costs beside `equity`")
    for e in range(subject.n):
        yield from _episodes(found, e, known, {"cash", "position_value"} <= names)


def _episodes(found: Any, e: int, known: list[str], has_cash: bool) -> Iterator[str]:
    start = _number(found.seen[0].infos[e], "equity")
    for step, turn in enumerate(found.seen):
        for name in ("equity", *known, *(("cash", "position_value") if has_cash else ())):
            value = _number(turn.infos[e], name)
            if value is not None and not np.isfinite(value):
                where = "the reset" if step == 0 else f"step {step - 1}"
                yield f"info[{name!r}] of {where}, sub-environment {e}, must be a finite amount of money, was {value}"
                return
    sums: list[float] = [0.0, 0.0]  # explained by steps added up, and by running sums
    last: dict[str, float] = {}
    gaps: tuple[list[tuple[int, float]], list[tuple[int, float]]] = ([], [])
    falls: list[str] = []
    for step, turn in enumerate(found.seen[1:]):
        info = turn.infos[e]
        equity = _number(info, "equity")
        if start is not None and not turn.begun[e] and equity is not None:
            lines = {name: (_number(info, name) or 0.0) * (1.0 if name in INCOME else -1.0) for name in known}
            now = sum(lines.values())
            sums = [sums[0] + now, now]
            for gap, explained in zip(gaps, sums, strict=True):
                if not abs(equity - start - explained) <= CENT * max(abs(start), 1.0) * 10.0:  # NaN is a gap too
                    gap.append((step, equity - start - explained))
            falls += [f"{name} fell in step {step}; it accumulates" for name in known
                      if name in SPENDINGS and last.get(name, 0.0) < lines[name] - 1e-9]
            last = lines
            worth = (_number(info, "cash") or 0.0) + (_number(info, "position_value") or 0.0)
            if has_cash and not abs(worth - equity) <= CENT * abs(start):
                yield (f"cash + position_value is not equity in step {step} of sub-environment {e}: {info.get('cash')} + "
                       f"{info.get('position_value')} and {equity}")
                return
        if turn.done(e):
            break
    if "gross" not in known:
        return
    running = len(gaps[1]) <= len(gaps[0])
    if gaps[running]:
        step, missing = gaps[running][0]
        yield f"equity of step {step}, sub-environment {e}, is not what {', '.join(known)} explain; {missing:g} is missing"
    elif running and falls and gaps[0]:
        yield falls[0]


def _number(info: dict[str, Any], name: str) -> float | None:
    value = info.get(name)
    return None if value is None else float(value)
