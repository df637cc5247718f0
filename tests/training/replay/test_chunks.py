"""Files that grow with the replay: bit for bit, nothing twice, and never a state without its files."""

import json
import shutil

import numpy as np
import pytest

from quantgym.market.errors import IntegrityError
from quantgym.training.replay import chunks as chunks_module
from quantgym.training.replay.replay import CHUNKS, FACTS, Replay
from quantgym.training.replay.ring import RingShape

WIDTH = 3


def replay(action_size=0):
    shape = RingShape(capacity=24, n_envs=2, width=WIDTH, action_size=action_size)  # 12 rows
    return Replay(shape, n_step=3, gamma=0.9, seed=3, exponent=0.6)


def save(one, folder):
    folder.mkdir()
    one.save(folder)
    return folder


def loaded(folder, action_size=0):
    one = replay(action_size)
    one.load(folder)
    return one


def held(one):
    """All that decides what comes: rows that are held, weights, random state."""
    return [*(array[: len(one) // 2].tobytes() for array in one.ring.arrays().values()), one.ring.written,
            one.priorities.state()["weights"].tobytes(), str(one._random.bit_generator.state)]


def files(folder):
    return sorted(path.name for path in (folder / CHUNKS).iterdir())


@pytest.mark.parametrize("action_size", [0, 2])
def test_what_is_loaded_is_what_was_saved_and_goes_on_alike(tmp_path, action_size, play):
    random, one = np.random.default_rng(0), replay(action_size)
    for number in range(9):
        one.add(play(random, 4, 2, first=1_000 * number, action_size=action_size))
        if number == 4:
            one.cut()
        batch = one.sample(16, 0.4)
        one.update(batch.slots, random.normal(size=16))
        other = loaded(save(one, tmp_path / f"state-{number}"), action_size)
        assert held(other) == held(one)
        for ours, theirs in zip(one.sample(8), other.sample(8), strict=True):
            assert ours.tobytes() == theirs.tobytes()
        if number:
            shutil.rmtree(tmp_path / f"state-{number - 1}")
    # 36 rows of which 12 are held: three files of 4 rows, and the one that the state before named
    assert files(tmp_path) == [f"{first:012d}-{first + 4:012d}.chunk.npz" for first in (20, 24, 28, 32)]


def test_a_file_is_written_once_and_holds_no_observation_twice(tmp_path, play):
    random, one = np.random.default_rng(0), replay()
    one.add(play(random, 8, 2, ending=0.0))
    save(one, tmp_path / "a")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).iterdir()}
    save(one, tmp_path / "b")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / CHUNKS).iterdir()} == before
    with np.load(next(iter(before))) as archive:
        # what was reached is the next row's observation, but for the last row of the file
        assert archive["reached"].shape == (2, WIDTH)


def test_a_cut_that_came_after_the_file_was_written_is_known_after_loading(tmp_path, play):
    random, one = np.random.default_rng(0), replay()
    one.add(play(random, 4, 2, ending=0.0))
    save(one, tmp_path / "a")
    one.cut()
    one.add(play(random, 2, 2, first=1_000, ending=0.0))
    other = loaded(save(one, tmp_path / "b"))
    assert other.ring.truncated[3].all()
    assert held(other) == held(one)


def test_a_write_that_is_killed_leaves_the_state_before_as_it_was(tmp_path, monkeypatch, play):
    random, one = np.random.default_rng(0), replay()
    one.add(play(random, 12, 2))
    before = held(loaded(save(one, tmp_path / "a")))
    one.add(play(random, 12, 2, first=1_000))  # all that stands in files has left the ring

    def killed(path, arrays):
        path.write_bytes(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(chunks_module, "write_arrays", killed)
        with pytest.raises(KeyboardInterrupt):
            save(one, tmp_path / "b")
    assert held(loaded(tmp_path / "a")) == before
    save(one, tmp_path / "c")  # whole, but the process ends before anybody names it
    resumed = loaded(tmp_path / "a")
    assert held(resumed) == before
    resumed.add(play(np.random.default_rng(9), 3, 2, first=5_000))
    shutil.rmtree(tmp_path / "c")
    assert held(loaded(save(resumed, tmp_path / "d"))) == held(resumed)
    assert len(files(tmp_path)) == 2  # of the state before and of this one: nothing half, nothing of nobody


def test_a_file_stands_as_long_as_any_state_names_it(tmp_path, play):
    random, one = np.random.default_rng(0), replay()
    one.add(play(random, 12, 2))
    kept = held(loaded(save(one, tmp_path / "kept")))
    for number in range(3):
        one.add(play(random, 12, 2, first=1_000 * number))
        save(one, tmp_path / f"{number}")
    assert held(loaded(tmp_path / "kept")) == kept
    shutil.rmtree(tmp_path / "kept")
    shutil.rmtree(tmp_path / "0")
    shutil.rmtree(tmp_path / "1")
    save(one, tmp_path / "3")
    assert files(tmp_path) == ["000000000036-000000000048.chunk.npz"]


def test_another_place_gets_all_rows(tmp_path, play):
    random, one = np.random.default_rng(0), replay()
    for number in range(3):
        one.add(play(random, 3, 2, first=1_000 * number))
        save(one, tmp_path / f"{number}")
    (tmp_path / "elsewhere").mkdir()
    assert held(loaded(save(one, tmp_path / "elsewhere" / "a"))) == held(one)


@pytest.fixture
def state(tmp_path, play):
    random, one = np.random.default_rng(0), replay()
    for number in range(2):
        one.add(play(random, 4, 2, first=1_000 * number))
        save(one, tmp_path / f"{number}")
    return tmp_path / "1"


def test_a_missing_file_is_refused_by_name(state):
    (state.parent / CHUNKS / "000000000000-000000000004.chunk.npz").unlink()
    with pytest.raises(IntegrityError, match=r"000000000000-000000000004\.chunk\.npz is missing"):
        loaded(state)


def test_a_changed_file_is_refused_by_name(state):
    path = state.parent / CHUNKS / "000000000004-000000000008.chunk.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match=r"000000000004-000000000008\.chunk\.npz was changed or cut short"):
        loaded(state)


def test_rows_that_nobody_wrote_are_refused(state):
    facts = json.loads((state / FACTS).read_text())
    facts["chunks"].pop()
    (state / FACTS).write_text(json.dumps(facts))
    with pytest.raises(IntegrityError, match=r"rows 4 to 8 of the replay stand in no file"):
        loaded(state)


def test_a_state_without_its_facts_or_of_other_actions_is_refused(state):
    with pytest.raises(IntegrityError, match="of another replay"):
        loaded(state, action_size=2)
    shutil.rmtree(state)
    with pytest.raises(IntegrityError, match=r"replay\.json: unreadable"):
        loaded(state)
