"""Every dependency has a reason in one table and an exact pin."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> set[str]:
    requirements = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return {canonical(re.match(r"[A-Za-z0-9_.-]+", line).group()) for line in requirements} - {"quantgym"}


def test_every_dependency_stands_in_the_table_and_the_table_has_no_other():
    first_cells = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/dependencies.md").read_text(), flags=re.M)
    table = {canonical(re.sub(r"\[.*\]", "", name.strip())) for cell in first_cells for name in cell.split(",")} - {"package", "-"}
    assert table - {""} == asked()


def test_every_dependency_is_pinned_exactly():
    pinned = {canonical(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert asked() <= pinned
