"""Random numbers as a function of (seed, account, draw): a policy's stream is two integers in its state."""

import numpy as np

__all__ = ["NoiseStream", "first_stream", "next_stream", "normals", "uniforms"]

NoiseStream = dict[str, np.ndarray]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def first_stream(batch: int) -> NoiseStream:
    """Return the streams of `batch` accounts: account i draws from stream i."""
    return {"stream": np.arange(batch, dtype=np.int64), "draw": np.zeros(batch, np.int64)}


def next_stream(state: NoiseStream) -> NoiseStream:
    """Return the streams after one draw."""
    return {"stream": state["stream"], "draw": state["draw"] + 1}


def uniforms(seed: int, stream: np.ndarray, draw: np.ndarray, n: int) -> np.ndarray:
    """Return n uniform numbers in (0, 1) for each account, float64 (B, n).

    A counter through the finaliser of SplitMix64, four times keyed. Source: Steele, Lea & Flood 2014, Fast splittable
    pseudorandom number generators.

    Args:
        seed: Of the policy.
        stream: Number of each account's stream, int64 (B,).
        draw: How many draws it has made, int64 (B,).
        n: Numbers per draw.
    """
    with np.errstate(over="ignore"):
        key = _mix(np.uint64(seed & 0xFFFFFFFFFFFFFFFF) + GOLDEN)
        key = _mix(key ^ (stream.astype(np.uint64) * GOLDEN))
        key = _mix(key ^ (draw.astype(np.uint64) * GOLDEN))
        bits = _mix(key[:, None] ^ ((np.arange(n, dtype=np.uint64) + np.uint64(1)) * GOLDEN))
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(seed: int, stream: np.ndarray, draw: np.ndarray, n: int) -> np.ndarray:
    """Return n standard normal numbers for each account, float64 (B, n). Source: Box & Muller 1958."""
    flat = uniforms(seed, stream, draw, 2 * n)
    normal: np.ndarray = np.sqrt(-2.0 * np.log(flat[:, :n])) * np.cos(2.0 * np.pi * flat[:, n:])
    return normal


def _mix(bits: np.ndarray | np.uint64) -> np.ndarray:
    mixed = np.atleast_1d(np.asarray(bits, np.uint64))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return result
