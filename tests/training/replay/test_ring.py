"""The ring and its returns over n steps against loops written by hand."""

import numpy as np
import pytest

from quantgym.market.errors import ConfigError, ShapeError
from quantgym.training.replay.ring import Ring, RingShape
from quantgym.training.replay.steps import Steps

WIDTH = 3


def joined(parts):
    return Steps(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def shape(n_rows, n_envs, **changes):
    return RingShape(**{"capacity": n_rows * n_envs, "n_envs": n_envs, "width": WIDTH} | changes)


def by_hand(history, t, e, n, gamma):
    """Walk through everything ever played from row t: what was earned over at most n steps, and where that ended."""
    total, k = 0.0, 0
    while True:
        total += gamma**k * float(history.rewards[t + k, e])
        k += 1
        at = t + k - 1
        if k == n or history.terminated[at, e] or history.truncated[at, e] or at == len(history.rewards) - 1:
            return total, gamma**k, history.next_obs[at, e], history.terminated[at, e]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", [1, 2, 5])
def test_returns_over_n_steps_equal_a_walk_through_all_that_was_played(seed, n, play):
    random = np.random.default_rng(seed)
    n_envs, n_rows, gamma = int(random.integers(1, 5)), int(random.integers(2, 12)), 0.9
    ring, parts = Ring(shape(n_rows, n_envs)), []
    for part in range(4):
        parts.append(play(random, int(random.integers(1, n_rows + 1)), n_envs, first=10_000 * part))
        ring.append(parts[-1])
        history = joined(parts)
        slots = np.arange(len(ring))
        obs, actions, rewards, discounts, reached, ended = ring.read(slots, n, gamma)
        seen = {}
        for t in range(ring.oldest, ring.written):
            for e in range(n_envs):
                seen[history.obs[t, e].tobytes()] = (t, e)
        assert len(seen) == len(ring) == min(len(history.rewards), n_rows) * n_envs
        for k in slots:
            t, e = seen.pop(obs[k].tobytes())  # so that every transition still held is found exactly once
            total, discount, last, over = by_hand(history, t, e, n, gamma)
            assert rewards[k] == pytest.approx(total, rel=1e-6)
            assert discounts[k] == pytest.approx(discount, rel=1e-6)
            assert (reached[k] == last).all()
            assert (ended[k], actions[k]) == (over, history.actions[t, e])


def test_three_steps_by_hand_across_a_truncation_and_a_termination():
    # one environment, gamma 0.5: rewards 1, 2, 4, 8; truncated after the second, terminated after the third
    ring = Ring(shape(4, 1))
    obs = np.arange(5, dtype=np.float32)[:, None, None].repeat(WIDTH, 2)
    flags = np.zeros((4, 1), bool), np.zeros((4, 1), bool)
    flags[0][2], flags[1][1] = True, True
    ring.append(Steps(obs[:4], np.zeros((4, 1), np.int64), np.array([[1], [2], [4], [8]], np.float32), *flags, obs[1:]))
    _, _, rewards, discounts, reached, ended = ring.read(np.arange(4), 3, 0.5)
    # row 0: 1 + 0.5 x 2 = 2, two steps: 0.25, reached observation 2; row 1: 2 alone; row 2: 4, over; row 3: newest, 8 alone
    assert rewards.tolist() == [2.0, 2.0, 4.0, 8.0]
    assert discounts.tolist() == [0.25, 0.5, 0.5, 0.5]
    assert reached[:, 0].tolist() == [2.0, 2.0, 3.0, 4.0]
    assert ended.tolist() == [False, False, True, False]


def test_a_return_never_reaches_from_the_newest_row_to_the_oldest(play):
    random = np.random.default_rng(0)
    ring = Ring(shape(4, 2))
    ring.append(play(random, 4, 2, ending=0.0))
    ring.append(play(random, 2, 2, first=1_000, ending=0.0))  # the newest stands in row 1, the oldest in row 2
    *_, discounts, reached, _ = ring.read(np.array([2, 3]), 3, 0.5)
    assert discounts.tolist() == [0.5, 0.5]
    assert (reached == ring.next_obs[1]).all()


def test_a_cut_ends_returns_but_not_the_worth_of_what_was_reached(play):
    random = np.random.default_rng(0)
    ring = Ring(shape(6, 2))
    ring.append(play(random, 2, 2, ending=0.0))
    ring.cut(1, 0, 2)
    ring.append(play(random, 2, 2, first=1_000, ending=0.0))
    *_, discounts, reached, ended = ring.read(np.arange(4), 3, 0.5)
    # rows 0 and 1 of two environments: two steps, then one, up to the cut
    assert discounts.tolist() == [0.25, 0.25, 0.5, 0.5]
    assert (reached[2:] == ring.next_obs[1]).all()
    assert not ended.any()


def test_continuous_actions_are_held_as_they_were(play):
    random = np.random.default_rng(1)
    ring = Ring(shape(5, 2, action_size=3))
    steps = play(random, 5, 2, action_size=3)
    ring.append(steps)
    _, actions, *_ = ring.read(np.arange(10), 2, 0.9)
    assert (actions == steps.actions.reshape(10, 3)).all()


def test_of_more_rows_than_fit_the_last_are_held(play):
    random = np.random.default_rng(2)
    ring, steps = Ring(shape(3, 2)), play(random, 8, 2)
    slots = ring.append(steps)
    assert (ring.written, ring.oldest, len(ring), sorted(slots)) == (8, 5, 6, list(range(6)))
    obs, *_ = ring.read(slots, 1, 0.9)
    assert (obs == steps.obs[5:].reshape(6, WIDTH)).all()


def test_a_capacity_that_is_no_multiple_of_the_environments_holds_whole_rows():
    ring = Ring(RingShape(capacity=11, n_envs=4, width=WIDTH))
    assert ring.shape.n_rows == 2


def test_a_capacity_below_one_row_is_refused():
    with pytest.raises(ConfigError, match=r"replay_capacity must hold a transition of each of training.num_envs = 4 .* was 3"):
        Ring(RingShape(capacity=3, n_envs=4, width=WIDTH))


def test_arrays_of_another_shape_or_dtype_are_refused_by_name(play):
    random = np.random.default_rng(3)
    ring, steps = Ring(shape(5, 2)), play(random, 3, 2)
    with pytest.raises(ShapeError, match=r"replay: rewards must be float32 of shape \(3, 2\), was float64 \(3, 2\)"):
        ring.append(steps._replace(rewards=steps.rewards.astype(np.float64)))
    with pytest.raises(ShapeError, match=r"replay: next_obs must be float32 of shape \(3, 2, 3\), was float32 \(3, 2, 2\)"):
        ring.append(steps._replace(next_obs=steps.next_obs[:, :, :2]))
    assert ring.written == 0


def test_what_does_not_fit_into_memory_is_refused_before_anything_is_allocated():
    asked = RingShape(capacity=1_000_000, n_envs=10, width=100)
    # two observations of 400 bytes, an action of 8, a reward of 4, two flags: 814 bytes each
    assert asked.bytes == 814_000_000
    message = (r"no memory for the replay: 1,000,000 transitions with observations of 100 numbers need 814.0 MB, 407.0 MB are "
               r"available; set training.replay_capacity to 500,000 or less, or training.observation to reference")
    with pytest.raises(ConfigError, match=message):
        asked.check(available=407_000_000)
    asked.check(available=814_000_000)
    with pytest.raises(ConfigError, match=r"no memory for the replay: .* need 8\.1 PB"):
        Ring(RingShape(capacity=10**13, n_envs=10, width=100))
