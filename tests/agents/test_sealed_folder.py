"""A folder under one manifest with digests, and the arrays in it."""

import json
import time

import numpy as np
import pytest

from quantgym.agents.array_file import read_arrays, write_arrays
from quantgym.agents.sealed_folder import read_sealed, write_sealed
from quantgym.market.errors import ConfigError, IntegrityError

ARRAYS = {"b": np.arange(6.0).reshape(2, 3), "a/x": np.array(3, np.int64), "c": np.array([True, False])}


def sealed(folder, **manifest):
    writers = {"one.txt": lambda path: path.write_text("one"), "two.npz": lambda path: write_arrays(path, ARRAYS)}
    return write_sealed(folder, writers, {"schema": 1, "name": "x", **manifest})


def test_a_sealed_folder_reads_back_with_its_digest(tmp_path):
    digest = sealed(tmp_path / "f")
    manifest = read_sealed(tmp_path / "f", 1, "thing")
    assert (manifest["name"], manifest["digest"]) == ("x", digest)
    assert sorted(manifest["files"]) == ["one.txt", "two.npz"]


def test_equal_content_has_an_equal_digest_and_other_content_another(tmp_path):
    first = sealed(tmp_path / "a")
    time.sleep(0.01)
    assert sealed(tmp_path / "b") == first
    assert sealed(tmp_path / "c", name="y") != first


def test_arrays_survive_with_type_and_shape(tmp_path):
    write_arrays(tmp_path / "x.npz", ARRAYS)
    found = read_arrays(tmp_path / "x.npz")
    assert {name: (array.dtype, array.shape) for name, array in found.items()} == {
        name: (array.dtype, array.shape) for name, array in ARRAYS.items()
    }
    assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "x.npz", evil=np.array([{"a": 1}], dtype=object))
    with pytest.raises(IntegrityError, match="unreadable arrays"):
        read_arrays(tmp_path / "x.npz")
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(tmp_path / "y.npz", {"evil": np.array([{}], dtype=object)})


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path):
    (tmp_path / "f").mkdir()
    with pytest.raises(ConfigError, match="exists; choose another place"):
        sealed(tmp_path / "f")
    assert list((tmp_path / "f").iterdir()) == []


def test_a_writer_that_fails_leaves_nothing_behind(tmp_path):
    def fails(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_sealed(tmp_path / "f", {"one": fails}, {"schema": 1})
    assert list(tmp_path.iterdir()) == []


def _edit(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda f: _edit(f / "one.txt", b"one", b"two"), "one.txt: the file was changed after it was sealed"),
        (lambda f: (f / "one.txt").unlink(), "one.txt is missing"),
        (lambda f: (f / "extra.py").write_text("x"), "extra.py is not named in the manifest"),
        (lambda f: (f / "manifest.json").unlink(), "is no thing: manifest.json is missing"),
        (lambda f: _edit(f / "manifest.json", b'"x"', b'"y"'), "the manifest was changed after it was sealed"),
        (lambda f: (f / "manifest.json").write_text("{"), "unreadable"),
        (lambda f: (f / "manifest.json").write_text("[]"), "thing schema must be 1, was None"),
        (lambda f: _edit(f / "manifest.json", b'"schema": 1', b'"schema": 2'), "thing schema must be 1, was 2"),
    ],
)
def test_each_kind_of_harm_is_found(tmp_path, harm, message):
    sealed(tmp_path / "f")
    harm(tmp_path / "f")
    with pytest.raises(IntegrityError, match=message):
        read_sealed(tmp_path / "f", 1, "thing")


def test_a_manifest_made_anew_around_another_file_has_another_digest(tmp_path):
    digest = sealed(tmp_path / "f")
    path = tmp_path / "f" / "manifest.json"
    assert json.loads(path.read_text())["digest"] == digest
