"""Seeds of environment runners."""

from ...market.seeding import generator, spawned

__all__ = ["ENV_STREAM", "NOISE_STREAM", "runner_seed"]

ENV_STREAM, NOISE_STREAM = 11, 12


def runner_seed(job_seed: int, stream: int, place: int, iteration: int) -> int:
    """Return a seed of the runner at `place`; other runners, streams and iterations have others."""
    mixed = generator(spawned(job_seed, stream)).integers(2**62)
    return int(generator(spawned(int(mixed), 100_000 * place + iteration)).integers(2**62))
