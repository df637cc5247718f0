"""The cache of compiled kernels sees an edit of a callee in another file, and of no floor above."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quantgym.market import kernel
from quantgym.market.kernel import cache_folder, rooms_below, sources_digest

ROOT = Path(kernel.__file__).resolve().parent.parent

TRADE = """
import numpy as np
from quantgym.market.grid import whole_lots
from quantgym.market.actions import sizing
from quantgym.market.kernel import kernel

@kernel
def outer(units):
    return whole_lots(units, 1.0)

print(outer(7.0))
"""

SPLIT = """
from quantgym.simulator.split import rounded_ticks  # calls whole_lots of market/grid.py

print(rounded_ticks(7.0, False))
"""
EDITED = "        return whole"  # of `whole_lots`, where the units are whole lots


@pytest.fixture
def copy(tmp_path):
    """A copy of the market room as a package of its own, with a cache of its own, and a way to run code in it."""
    package = tmp_path / "lib" / "quantgym"
    shutil.copytree(ROOT / "market", package / "market", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text("")
    room = package / "data"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "outer.py").write_text(TRADE)

    def run():
        environment = {**os.environ, "QUANTGYM_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(package.parent)}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        ran = subprocess.run(
            [sys.executable, "-c", "import quantgym.data.outer"], env=environment, cwd=tmp_path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    return package, run


def test_an_edited_callee_is_seen(copy):
    package, run = copy
    assert run() == "7"
    callee = package / "market" / "grid.py"
    text = callee.read_text()
    assert EDITED in text
    callee.write_text(text.replace(EDITED, f"{EDITED} + 1"))
    assert run() == "8"
    callee.write_text(text)
    assert run() == "7"


def test_a_kernel_of_the_simulator_sees_an_edited_callee_of_the_market_room(copy):
    package, run = copy
    shutil.copytree(ROOT / "simulator", package / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "data" / "outer.py").write_text(SPLIT)
    assert run() == "7"
    callee = package / "market" / "grid.py"
    text = callee.read_text()
    assert EDITED in text
    callee.write_text(text.replace(EDITED, f"{EDITED} + 2"))
    assert run() == "9"


def test_a_digest_sees_its_own_floor_and_those_below_and_no_other(tmp_path):
    for room in ("market", "simulator", "encoders"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "a.py").write_text("# kernel")
    before = {room: sources_digest(room, tmp_path) for room in ("market", "simulator", "encoders")}
    (tmp_path / "simulator" / "a.py").write_text("# another kernel")
    after = {room: sources_digest(room, tmp_path) for room in before}
    assert [before[room] == after[room] for room in before] == [True, False, True]
    assert rooms_below("simulator") == ["market", "configs", "data", "simulator"]
    assert "evaluation" in rooms_below("somewhere else")


def test_the_floors_are_those_that_the_linter_enforces():
    project = Path(kernel.__file__).resolve().parents[1] / "pyproject.toml"
    if not project.exists():
        pytest.skip("installed without its project file")
    layers = tomllib.loads(project.read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = [{room.strip().removeprefix("quantgym.") for room in layer.split("|")} for layer in reversed(layers)]
    assert [set(floor) for floor in kernel.FLOORS] == floors


def test_rooms_have_folders_of_their_own():
    assert cache_folder("market") != cache_folder("simulator")
    assert cache_folder("market").name.startswith("market-")


def test_old_folders_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTGYM_CACHE", str(tmp_path))
    for i in range(kernel.FOLDERS_KEPT + 3):
        folder = tmp_path / "kernels" / f"market-{i}"
        folder.mkdir(parents=True)
        os.utime(folder, (i, i))
    cache_folder.cache_clear()
    newest = cache_folder("market")
    cache_folder.cache_clear()
    left = {folder.name for folder in (tmp_path / "kernels").iterdir()}
    assert newest.name in left
    assert len(left) == kernel.FOLDERS_KEPT
    assert "market-0" not in left
