import json
import os
from pathlib import Path

import numpy as np
import pytest

from quantgym.data.record import term_records
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.bar import BAR
from quantgym.market.errors import DataError, IntegrityError, ShapeError


@pytest.fixture
def saved(tmp_path):
    tape = gbm_tape(7, 40, 2, late=5)
    return tape, tape.save(tmp_path / "mine")


@pytest.mark.parametrize("mmap", [True, False])
def test_a_tape_comes_back_as_it_was_saved(saved, mmap):
    tape, folder = saved
    back = Tape.load(folder, mmap=mmap, verify=True)
    assert back.digest == tape.digest
    assert (back.name, back.instruments, back.notes) == (tape.name, tape.instruments, tape.notes)
    # one compiled kernel serves both: same class, dtype with its alignment, flags
    assert type(back.bars) is np.ndarray
    assert back.bars.dtype == BAR
    assert back.bars.dtype.isalignedstruct
    assert not back.bars.flags.writeable
    assert not back.has_terms


def test_terms_are_saved_where_there_are_any(tmp_path):
    tape = gbm_tape(1, 10)
    terms = term_records((10, 1), spread=np.full((10, 1), 0.001), mark=tape.open, roll=np.full((10, 1), -0.5))
    rich = Tape.build("rich", tape.instruments, tape.clock, tape.bars, terms)
    assert sorted(os.listdir(rich.save(tmp_path / "rich"))) == ["bars.npy", "clock.npy", "tape.json", "terms.npy"]
    assert Tape.load(tmp_path / "rich", verify=True).digest == rich.digest


def test_a_saved_tape_is_not_overwritten_unless_asked(saved):
    tape, folder = saved
    with pytest.raises(DataError, match="mine: exists already; choose another name or overwrite it"):
        tape.save(folder)
    other = gbm_tape(8, 30)
    other.save(folder, overwrite=True)
    assert Tape.load(folder, verify=True).digest == other.digest
    assert os.listdir(folder.parent) == ["mine"]


def test_a_folder_that_is_no_tape_is_never_replaced(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    with pytest.raises(DataError, match="is no tape and is left alone"):
        gbm_tape(1, 10).save(tmp_path / "precious", overwrite=True)
    assert os.listdir(tmp_path / "precious") == ["thesis.txt"]


def test_a_save_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quantgym.data.tape_folder.os.fsync", full)
    with pytest.raises(DataError, match=r"cannot be written: .*No space left on device"):
        gbm_tape(1, 10).save(tmp_path / "mine")
    assert os.listdir(tmp_path) == []


def test_a_changed_byte_is_found_when_asked(saved):
    _, folder = saved
    path = Path(folder) / "bars.npy"
    content = bytearray(path.read_bytes())
    content[-48 + 32] ^= 1  # one bit of the last volume
    path.write_bytes(content)
    Tape.load(folder)
    with pytest.raises(IntegrityError, match="content has digest"):
        Tape.load(folder, verify=True)


def header_with(folder, **values):
    path = Path(folder) / "tape.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("found", [1, 99])
def test_another_schema_version_is_refused(saved, found):
    header_with(saved[1], schema_version=found)
    with pytest.raises(IntegrityError, match=f"has schema version {found}, this program reads 2; import it again"):
        Tape.load(saved[1])


@pytest.mark.parametrize("damage", ["torn", "missing", "dtype", "json", "instruments"])
def test_a_damaged_folder_is_one_clear_error(saved, damage):
    folder = saved[1]
    if damage == "torn":
        (folder / "bars.npy").write_bytes((folder / "bars.npy").read_bytes()[:300])
    elif damage == "missing":
        (folder / "clock.npy").unlink()
    elif damage == "dtype":
        np.save(folder / "bars.npy", np.zeros((40, 2)))
    elif damage == "json":
        (folder / "tape.json").write_text("{")
    else:
        header_with(folder, instruments=[{"symbol": "X", "colour": "red"}])
    with pytest.raises(DataError, match=r"unreadable tape|must hold bars records"):
        Tape.load(folder)


def test_a_folder_without_a_tape_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no tape here \(tape.json is missing\)"):
        Tape.load(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["bars", "terms", "clock"])
def test_arrays_that_do_not_fit_each_other_are_refused_without_verification(saved, name):
    # compiled code reads without bounds: a shorter array must never reach it
    tape, folder = saved
    if name == "terms":
        tape = Tape.build("t", tape.instruments, tape.clock, tape.bars, term_records(tape.bars.shape))
        tape.save(folder, overwrite=True)
    np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[:20])
    with pytest.raises(ShapeError, match="must have shape"):
        Tape.load(folder)
