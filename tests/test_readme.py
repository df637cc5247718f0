"""What README and docs show is what the commands print, and every link in them leads somewhere."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_blocks_are_fresh():
    assert generator().stale_pages() == [], "run: .venv/bin/python docs/generate.py"


def test_a_stale_block_would_be_seen():
    page = "<!-- output of: quantgym --version -->\n```text\nquantgym 0.0.0-stale\n```\n"
    assert generator().filled(page) != page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()) + re.findall(r'src="([^":]+)"', page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_readme_answers_a_newcomers_questions():
    text = (ROOT / "README.md").read_text()
    for wanted in ("make demo", "make test", "```python", "docs/dependencies.md", "docs/simulator.md"):
        assert wanted in text
