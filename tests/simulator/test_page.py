"""The code of docs/simulator.md runs as it stands there, and its tables name every scheme and path."""

from pathlib import Path
from typing import get_args

from quantgym.market.actions.registry import SCHEMES
from quantgym.market.cost import PathPolicy

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text()


def test_the_code_of_the_page_runs(capsys):
    for block in PAGE.split("```python")[1:]:
        exec(compile(block.split("```")[0], "docs/simulator.md", "exec"), {})  # a page of our own
    assert "equity" not in capsys.readouterr().err


def test_every_scheme_and_every_path_policy_has_its_row():
    for name in (*SCHEMES, *get_args(PathPolicy)):
        assert f"`{name}`" in PAGE, name
