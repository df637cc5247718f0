"""The folders at the root, the links of src/quantgym and the list in pyproject.toml say the same."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("agents", "cli", "configs", "data", "encoders", "envs", "evaluation", "live", "market", "simulator", "training")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CODE = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
EVERY_FILE = CODE + [path for folder in ("tests", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py")]


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_every_folder_that_is_a_package_is_listed_and_every_listed_one_exists():
    found = {"quantgym"} | {
        "quantgym." + ".".join(path.parent.relative_to(ROOT).parts) for path in CODE if path.name == "__init__.py"
    }
    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == found


def test_every_room_has_its_relative_link_and_its_package_folder():
    links = {path.name: os.readlink(path) for path in (ROOT / "src/quantgym").iterdir() if path.is_symlink()}
    assert links == {room: f"../../{room}" for room in ROOMS} | {"__init__.py": "../../__init__.py", "py.typed": "../../py.typed"}
    folders = PYPROJECT["tool"]["setuptools"]["package-dir"]
    assert folders == {"quantgym": "src/quantgym"} | {f"quantgym.{room}": room for room in ROOMS}


def test_data_files_beside_the_code_are_declared_so_that_the_wheel_has_them():
    declared = PYPROJECT["tool"]["setuptools"]["package-data"]
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and path.suffix not in {".py", ".pyc", ".nbi", ".nbc"}:
                package = "quantgym." + ".".join(path.parent.relative_to(ROOT).parts)
                patterns = declared.get(package, [])
                assert any(path.match(pattern) for pattern in patterns), f"{path.relative_to(ROOT)} is not in package-data"


def test_tests_are_no_package():
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_files_stay_short():
    sizes = sorted((lines(path), path.relative_to(ROOT).as_posix()) for path in EVERY_FILE if path.name != "__init__.py")
    assert sizes[-1][0] <= 500, sizes[-1]
    assert sizes[len(sizes) // 2][0] <= 150, f"median {sizes[len(sizes) // 2]}"
    assert sizes[int(len(sizes) * 0.9)][0] <= 300, f"90th percentile {sizes[int(len(sizes) * 0.9)]}"


@pytest.mark.parametrize("module", ["quantgym", "quantgym.configs.load", "quantgym.cli.main", "quantgym.envs.registration"])
def test_importing_the_front_door_loads_nothing_heavy(module):
    heavy = "('torch', 'ray', 'numba', 'polars', 'matplotlib', 'talib')"
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_bare_room_name_cannot_be_imported():
    code = "import market"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=False)
    assert "No module named 'market'" in done.stderr


@pytest.mark.parametrize(
    "imports",
    ["import quantgym, gymnasium", "import gymnasium, quantgym", "import quantgym.market.errors, gymnasium.spaces, gymnasium"],
)
def test_environments_are_registered_whichever_is_imported_first(imports):
    code = f"{imports}; print('quantgym/Trading-v0' in gymnasium.registry)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "True"


def test_the_command_line_does_not_wait_for_gymnasium():
    code = "import sys, quantgym.cli.main; print('gymnasium' in sys.modules, 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False False"
