"""One environment alone, in a batch of 7 and in a batch of 1,024: the same bits, and the same in another process."""

import hashlib
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.info import INFOS
from quantgym.envs.registration import IDS
from quantgym.market.account import STEP

EVERYTHING = (*INFOS, *(name for name in STEP.names or () if name not in ("row", *INFOS)))
N_STEPS, BARS = 24, 10  # every episode ends twice in what is compared
SEEDS = [100 + 7 * e for e in range(1_024)]


def bits(value):
    if isinstance(value, dict):
        return [(name, bits(value[name])) for name in sorted(value) if not name.startswith("_")]
    array = np.asarray(value)
    return str(array.dtype), array.shape, array.tobytes()


def part(value, e):
    """Return what belongs to sub-environment e."""
    if isinstance(value, dict):
        return {name: part(one, e) for name, one in value.items() if not name.startswith("_")}
    return value[e]


def played(envs, actions, chosen):
    """Return the bits of everything that the chosen sub-environments got, step by step."""
    seen, info = envs.reset(seed=SEEDS[: envs.num_envs])
    out = [[bits(part(seen, e)), bits(part(info, e))] for e in chosen]
    for action in actions:
        seen, *numbers, info = envs.step(action[: envs.num_envs])
        final = info.pop("final_obs", None), info.pop("final_info", None)
        for place, e in enumerate(chosen):
            ended = numbers[1][e] or numbers[2][e]
            reached = [bits(part(one, e)) for one in final] if ended else []
            out[place] += [bits(part(seen, e)), *(bits(one[e]) for one in numbers), bits(part(info, e)), *reached]
    return out


def info_of(name):
    """Return every name; rows too, but in worlds that draw their own paths, where they say in whose stretch one is."""
    made = gymnasium.make_vec(name, num_envs=1, episode_bars=BARS).unwrapped
    known = [info for info in EVERYTHING if info != "frictions" and (made.scheme.discrete or info != "action_mask")]
    return tuple(known) if made.world.source is None else (*known, "row")


def sampled(name):
    space = gymnasium.make_vec(name, num_envs=1_024, episode_bars=BARS).action_space
    space.seed(0)
    return [space.sample() for _ in range(N_STEPS)]


@pytest.mark.parametrize("name", IDS)
def test_a_batch_of_7_and_one_of_1024_hold_the_same_bits_as_one_alone(name):
    actions = sampled(name)
    make = {n: gymnasium.make_vec(name, num_envs=n, info=info_of(name), episode_bars=BARS) for n in (7, 1_024)}
    large, small = played(make[1_024], actions, range(7)), played(make[7], actions, range(7))
    assert large == small
    for e in (0, 3, 6):
        assert alone(name, e, actions) == small[e]


@pytest.mark.parametrize("name", IDS)
def test_two_threads_give_the_bits_of_one(name):
    actions, settings = sampled(name), {"num_envs": 1_024, "info": info_of(name), "episode_bars": BARS}
    one, two = (gymnasium.make_vec(name, threads=threads, **settings) for threads in (1, 2))
    chosen = (0, 1, 511, 512, 1_023)
    assert played(one, actions, chosen) == played(two, actions, chosen)


def alone(name, e, actions):
    """Return the same of a single environment that is reset by hand when its episode has ended."""
    env = gymnasium.make(name, info=info_of(name), episode_bars=BARS).unwrapped
    seen, info = env.reset(seed=SEEDS[e])
    out = [bits(seen), bits(info)]
    for action in actions:
        seen, reward, terminated, truncated, info = env.step(action[e])
        reached = []
        if terminated or truncated:
            reached = [bits(seen), bits(info)]
            seen, info = env.reset()
        out += [bits(seen), bits(np.float64(reward)), bits(np.bool_(terminated)), bits(np.bool_(truncated)), bits(info), *reached]
    return out


def test_frictions_that_are_drawn_for_each_episode_are_the_same_in_any_batch():
    name, actions = "quantgym/Trading-v0", sampled("quantgym/Trading-v0")
    drawn = {"info": (*info_of(name), "frictions"), "randomise": {"fees": [0.5, 2.0], "spread": [1.0, 3.0]}, "episode_bars": 5}
    large, small = (played(gymnasium.make_vec(name, num_envs=n, **drawn), actions, range(7)) for n in (1_024, 7))
    assert large == small


@pytest.mark.parametrize("name", IDS)
def test_episodes_end_in_what_is_compared(name):
    envs = gymnasium.make_vec(name, num_envs=7, episode_bars=BARS)
    envs.reset(seed=SEEDS[:7])
    ended = np.zeros(7, int)
    for action in sampled(name):
        _, _, terminated, truncated, _ = envs.step(action[:7])
        ended += terminated | truncated
    assert (ended >= N_STEPS // BARS).all()  # a task may be done before


def digest():
    """Return a hash of everything that three sub-environments of every id got."""
    total = hashlib.sha256()
    for name in IDS:
        envs = gymnasium.make_vec(name, num_envs=3, info=info_of(name), episode_bars=BARS)
        envs.action_space.seed(1)
        actions = [envs.action_space.sample() for _ in range(N_STEPS)]
        total.update(repr(played(envs, actions, range(3))).encode())
    return total.hexdigest()


def test_two_processes_give_the_same_bytes():
    code = f"import runpy; print(runpy.run_path({__file__!r})['digest']())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest()
