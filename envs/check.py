"""The checker of environments: what must hold for every batch, ours or a user's subclass, proved by playing it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from ..data.tape import Tape
from ..market.errors import ConfigError, IntegrityError, QuantgymError
from ..market.ledger import check_ledgers
from ..market.seeding import generator
from .batch import TradingVectorEnv
from .replay import actions_of, play
from .rewards.gross_minus_cost import GrossMinusCost
from .rewards.log_return import LogReturn
from .single import SingleEnv

__all__ = ["EnvReport", "check"]

EPISODE_BARS = 12
ROUNDS = 3  # episodes of each sub-environment


@dataclass(frozen=True)
class EnvReport:
    """What was found.

    Attributes:
        passed: Names of the checks that hold.
        skipped: Those that could not be made, and why.
        leaks: Whether observations know the future; declared, or the check would have failed.
    """

    passed: tuple[str, ...]
    skipped: tuple[str, ...]
    leaks: bool


def check(id_or_env: "str | SingleEnv | TradingVectorEnv", *, n_envs: int = 7, seed: int = 0, **settings: Any) -> EnvReport:
    """Prove that an environment keeps the rules of `docs/environments.md`. Ones that are passed in are built anew, never played.

    Spaces, dtypes and finiteness; seeding; independence of sub-environments; refusal of bad actions without a trace; equality of a
    batch with single environments; autoreset in its three modes and final observations; both ledgers and the sum of rewards; fresh
    accounts in new episodes; no lookahead, by corrupting the future.

    Args:
        id_or_env: An id, or an environment of ours or of a subclass.
        n_envs: Sub-environments in the batches that are played, 2 or more.
        seed: Of everything random.
        settings: Passed on to the environment.

    Raises:
        IntegrityError: A rule is broken; one line for each fault.
        ConfigError: It is no environment that this checker can build.
    """
    env = _batch_of(id_or_env, settings)
    bars = env.settings.episode_bars
    bars = EPISODE_BARS if bars is None else min(bars, EPISODE_BARS)
    env = env.rebuild(num_envs=n_envs, episode_bars=bars, autoreset_mode="same_step", render_mode=None)
    faults: list[str] = []
    passed: list[str] = []
    skipped: list[str] = []
    for name, examine in CHECKS.items():
        found = list(examine(env, seed, bars * ROUNDS))
        faults += [f"{env.name}: {name}: {fault}" for fault in found]
        passed += [] if found else [name]
    leaks = False
    if env.world.encode is None:
        skipped.append("lookahead: the features were given as a table, so nothing is known of how they were made; pass a function")
    else:
        row = _leaking_row(env, seed)
        leaks = row is not None
        if leaks and not env.leaks:
            faults.append(f"{env.name}: lookahead: features of row {row} change with later rows of the tape")
        elif env.leaks and not leaks:
            faults.append(f"{env.name}: lookahead: declared in metadata['leaks'], but no feature knows the future")
        else:
            passed.append("lookahead")
    if faults:
        raise IntegrityError("\n".join(faults))
    return EnvReport(tuple(passed), tuple(skipped), leaks)


def _batch_of(given: Any, settings: dict[str, Any]) -> TradingVectorEnv:
    made = gymnasium.make_vec(given, num_envs=1, **settings) if isinstance(given, str) else given
    made = made.unwrapped
    batch = made.batch if isinstance(made, SingleEnv) else made
    if not isinstance(batch, TradingVectorEnv):
        raise ConfigError(f"check needs an id of quantgym or an environment built on TradingVectorEnv, was {type(batch).__name__}")
    return batch.rebuild(**settings) if settings and not isinstance(given, str) else batch


def _sampled(env: TradingVectorEnv, seed: int, n_steps: int) -> list[np.ndarray]:
    source = actions_of(env, seed)
    return [next(source) for _ in range(n_steps)]


def _spaces(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    n, space = env.num_envs, env.single_observation_space
    replay = play(env.rebuild(), seed, _sampled(env, seed, n_steps))
    for step, (seen, paid) in enumerate(zip([*replay.observations], replay.rewards, strict=True)):
        if seen.shape != (n, *(space.shape or ())) or seen.dtype != np.float32:
            yield f"observations must be float32 {(n, *(space.shape or ()))}, were {seen.dtype} {seen.shape} in step {step}"
            return
        outside = [e for e in range(n) if not space.contains(seen[e])]
        if outside or not np.isfinite(seen).all():
            yield f"the observation of step {step}, sub-environment {(outside or [0])[0]}, is not finite or not in its space"
            return
        if paid.shape != (n,) or paid.dtype != np.float64 or not np.isfinite(paid).all():
            yield f"rewards must be finite float64 ({n},), were {paid.dtype} {paid.shape} {paid} in step {step}"
            return
    if env.layout.size != (space.shape or (0,))[0]:
        yield f"the layout has {env.layout.size} numbers, the space {space.shape}"


def _seeding(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    actions, one = _sampled(env, seed, n_steps), env.rebuild()
    first = play(one, seed, actions)
    if where := first.difference(play(one, seed, actions)):
        yield f"reset(seed={seed}) and the same actions on the same batch must give the same bits, differ in {where}"
    if where := first.difference(play(env.rebuild(), seed, actions)):
        yield f"two batches with one seed and the same actions must give the same bits, differ in {where}"
    if env.settings.start == "random" and first.difference(play(one, seed + 1, actions)) is None:
        yield "another seed gives the same episodes: it seeds nothing"


def _independence(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    actions, others = _sampled(env, seed, n_steps), _sampled(env, seed + 1, n_steps)
    changed = [np.concatenate([other[:1], action[1:]]) for action, other in zip(actions, others, strict=True)]
    rest = slice(1, None)
    if where := play(env.rebuild(), seed, actions).difference(play(env.rebuild(), seed, changed), rest, rest):
        yield f"other actions of sub-environment 0 change the others: {where}"


def _bad_actions(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    played, twin = env.rebuild(), env.rebuild()
    action = _sampled(env, seed, 1)[0]
    bad = action.astype(np.int64 if env.scheme.discrete else np.float64)
    bad[-1] = 1_000_000 if env.scheme.discrete else math.nan
    played.reset(seed=seed)
    try:
        played.step(bad)
    except QuantgymError:
        pass
    else:
        yield f"the action {bad[-1]} was taken"
    twin.reset(seed=seed)
    if played.step(action)[0].tobytes() != twin.step(action)[0].tobytes():
        yield "a refused action of one sub-environment left a trace"


def _single(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    seeds, actions = [seed + 10 * e for e in range(env.num_envs)], _sampled(env, seed, n_steps)
    batch = play(env.rebuild(), seeds, actions)
    for e in (0, env.num_envs - 1):
        alone = play(env.rebuild(num_envs=1), [seeds[e]], [action[e : e + 1] for action in actions])
        if where := alone.difference(batch, [0], [e]):
            yield f"sub-environment {e} and the same one alone must give the same bits, differ in {where}"


def _autoreset(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    actions = _sampled(env, seed, n_steps)
    by_hand = play(env.rebuild(autoreset_mode="disabled"), seed, actions, reset_done=True)
    same = env.rebuild(autoreset_mode="same_step")
    replay = play(same, seed, actions)
    if same.metadata["autoreset_mode"] is not AutoresetMode.SAME_STEP:
        yield "metadata['autoreset_mode'] must say SAME_STEP"
    seen = 0
    for step in range(n_steps):
        done, expected = by_hand.done(step), by_hand.observations[step]
        if (replay.rewards[step].tobytes(), replay.done(step).tobytes()) != (by_hand.rewards[step].tobytes(), done.tobytes()):
            yield f"same_step: rewards or ends of step {step} differ from those of a loop that resets by hand"
            return
        for e in range(env.num_envs):
            given = replay.infos[step]["final_obs"][e] if done[e] else replay.observations[step][e]
            if given is None or given.tobytes() != expected[e].tobytes():
                kind = "final observation" if done[e] else "observation"
                yield f"same_step: the {kind} of step {step}, sub-environment {e}, is not the true one"
                return
        seen += int(done.sum())
    if not seen:
        yield f"no episode ended in {n_steps} steps, nothing could be compared"
    yield from _next_step(env, seed, actions)


def _next_step(env: TradingVectorEnv, seed: int, actions: list[np.ndarray]) -> Iterator[str]:
    batch, alone = env.rebuild(autoreset_mode="next_step"), env.rebuild(num_envs=1, autoreset_mode="disabled")
    seeds = [seed + e for e in range(env.num_envs)]
    replay = play(batch, seeds, actions)
    for e in range(env.num_envs):
        observation, _ = alone.reset(seed=[seeds[e]])
        ended = False
        for step, action in enumerate(actions):
            if ended:
                observation, _ = alone.reset()
                rewards, terminated, truncated = np.zeros(1), np.zeros(1, np.bool_), np.zeros(1, np.bool_)
            else:
                observation, rewards, terminated, truncated, _ = alone.step(action[e : e + 1])
            ended = bool(terminated[0] or truncated[0])
            given = (replay.observations[step][e].tobytes(), replay.rewards[step][e], replay.done(step)[e])
            if given != (observation[0].tobytes(), rewards[0], ended):
                yield f"next_step: step {step} of sub-environment {e} differs from a loop that resets by hand one step later"
                return


def _books(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    played = env.rebuild(autoreset_mode="disabled", info=("equity",))
    sim, private = played.simulator, played.layout.n_private
    observations, _ = played.reset(seed=seed)
    fresh = observations[:, -private:].copy()
    summed, begun = np.zeros(env.num_envs), sim.account["equity"].copy()
    for step, action in enumerate(_sampled(env, seed, n_steps)):
        _, rewards, terminated, truncated, _ = played.step(action)
        check_ledgers(sim.account, sim.position, sim.instruments)
        summed += rewards
        if (terminated != (sim.account["ruined"] != 0)).any():
            yield f"terminated must say ruin and nothing else, was {terminated} in step {step}; the end of the data is truncation"
            return
        done = terminated | truncated
        expected = _reward_of_episode(played, begun, sim.account["equity"])
        if expected is not None and (off := done & ~terminated & (np.abs(summed - expected) > 1e-9)).any():
            e = int(np.flatnonzero(off)[0])
            yield f"the rewards of an episode sum to {summed[e]}, its equity says {expected[e]} (step {step})"
            return
        if done.any():
            observations, _ = played.reset(options={"reset_mask": done})
            summed[done] = 0.0
            if observations[done][:, -private:].tobytes() != fresh[done].tobytes():
                yield f"a new episode begins with the account of the old one (step {step})"
                return


def _reward_of_episode(env: TradingVectorEnv, begun: np.ndarray, ended: np.ndarray) -> np.ndarray | None:
    if isinstance(env.reward, LogReturn):
        return np.asarray(np.log(np.maximum(ended, 1e-300) / begun))
    if isinstance(env.reward, GrossMinusCost) and env.reward.cost_weight == 1.0:
        return np.asarray((ended - begun) / begun)
    return None


def _play_ahead(env: TradingVectorEnv, seed: int, n_steps: int) -> Iterator[str]:
    if env.world.source is None:
        return
    first = play(env.rebuild(start="first"), seed, _sampled(env, seed, EPISODE_BARS // 2))
    row = env.starts.first + EPISODE_BARS // 2
    table = env.world.table  # of the true tape: what features know is asked elsewhere
    changed = env.rebuild(start="first", tape=_corrupted(env.tape, row, seed), features=table, asset=None)
    if where := first.difference(play(changed, seed, _sampled(env, seed, EPISODE_BARS // 2))):
        yield f"{where} changes with rows of the tape after {row}, which it was before"


def _leaking_row(env: TradingVectorEnv, seed: int) -> int | None:
    """Return the first row whose features change when later rows of the tape do; None where there is none."""
    encode, tape = env.world.encode, env.world.source or env.tape
    assert encode is not None
    true = encode(tape).values
    for row in np.linspace(min(env.view.history, tape.n_rows - 2), tape.n_rows - 2, 4).astype(int):
        changed = encode(_corrupted(tape, int(row), seed)).values[: row + 1] != true[: row + 1]
        if changed.any():
            return int(np.flatnonzero(changed.any(axis=1))[0])
    return None


def _corrupted(tape: Tape, row: int, seed: int) -> Tape:
    """Return the tape with every price and volume after `row` changed."""
    bars, draw = tape.bars.copy(), generator(np.random.SeedSequence(seed, spawn_key=(row,)))
    future = bars[row + 1 :]
    factor = np.exp(draw.normal(0.0, 0.3, future.shape))
    for name in ("open", "high", "low", "close"):
        future[name] *= factor
    future["volume"] *= np.exp(draw.normal(0.0, 1.0, future.shape))
    bars.flags.writeable = False
    return replace(tape, bars=bars)


CHECKS: dict[str, Callable[[TradingVectorEnv, int, int], Iterator[str]]] = {
    "spaces": _spaces,
    "seeding": _seeding,
    "independence": _independence,
    "bad actions": _bad_actions,
    "single": _single,
    "autoreset": _autoreset,
    "books": _books,
    "no future in play": _play_ahead,
}
"""Every check: called with a batch to rebuild, a seed and a number of steps; yields faults in words."""
