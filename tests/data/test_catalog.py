import os

import pytest

from quantgym.data.catalog import open_tape, save_tape, tape_names, tapes_folder
from quantgym.data.sample import open_sample
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, DataError, UnknownNameError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTGYM_HOME", str(tmp_path))
    return tmp_path


def test_a_saved_tape_opens_by_name_and_by_folder(home):
    tape = gbm_tape(1, 20)
    folder = save_tape(tape, "mine")
    assert folder == home / "tapes" / "mine" == tapes_folder() / "mine"
    assert open_tape("mine", verify=True).digest == open_tape(folder).digest == open_tape(str(folder)).digest == tape.digest
    assert tape_names() == ["sample:us-tech", "sample:eurusd-1h", "sample:sp500", "mine"]


def test_an_unknown_name_is_refused_with_a_suggestion():
    save_tape(gbm_tape(1, 20), "bitcoin")
    with pytest.raises(UnknownNameError, match="unknown tape 'sample:us-tehc'; did you mean sample:us-tech"):
        open_tape("sample:us-tehc")
    with pytest.raises(UnknownNameError, match="unknown tape 'bitcoins'; did you mean bitcoin"):
        open_tape("bitcoins")
    with pytest.raises(UnknownNameError, match="unknown tape 'xyz'; known: bitcoin, sample:eurusd-1h"):
        open_tape("xyz")
    with pytest.raises(UnknownNameError, match="unknown sample 'us-tech'; did you mean sample:us-tech"):
        open_sample("us-tech")


def test_a_file_must_be_imported_first_and_a_missing_one_is_named(tmp_path):
    (tmp_path / "prices.csv").write_text("a\n")
    with pytest.raises(DataError, match=r"prices.csv: is a file, a tape is a folder; import it first: quantgym data import"):
        open_tape(tmp_path / "prices.csv")
    with pytest.raises(DataError, match=r"nothing.csv: no such file"):
        open_tape("nothing.csv")
    with pytest.raises(DataError, match="no tape here"):
        open_tape(tmp_path / "nowhere")


def test_names_that_cannot_be_folders_are_refused(home):
    for name in ("sample:mine", "../escape", "", ".hidden", "a/b"):
        with pytest.raises(ConfigError, match="must be usable as a folder"):
            save_tape(gbm_tape(1, 20), name)
    assert os.listdir(home) == []


def test_a_name_that_is_taken_is_not_overwritten_unasked():
    save_tape(gbm_tape(1, 20), "mine")
    with pytest.raises(DataError, match="mine: exists already"):
        save_tape(gbm_tape(2, 20), "mine")
    save_tape(gbm_tape(2, 20), "mine", overwrite=True)
    assert open_tape("mine").digest == gbm_tape(2, 20).digest


def test_a_slice_saves_only_its_rows():
    part = gbm_tape(1, 50).slice(10, 20)
    back = Tape.load(save_tape(part, "part"), verify=True)
    assert (back.n_rows, back.first_row, back.digest) == (10, 0, part.digest)
