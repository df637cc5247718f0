"""The page of versions says what the code says."""

import importlib
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "docs/versions.md").read_text()

VERSIONS = {
    "| Tape |": "quantgym.data.tape:Tape.schema_version",
    "| Encoder |": "quantgym.encoders.base:ENCODER_VERSION",
    "| Simulator |": "quantgym.simulator.simulator:Simulator.schema_version",
    "| Policy |": "quantgym.agents.policy:POLICY_VERSION",
    "| Gateway |": "quantgym.live.gateway:GATEWAY_VERSION",
    "| tape folder": "quantgym.data.tape:Tape.schema_version",
    "| layout of an observation": "quantgym.encoders.layout:LAYOUT_VERSION",
    "| policy bundle": "quantgym.agents.bundle:BUNDLE_VERSION",
    "| run folder": "quantgym.training.run_folder:RUN_VERSION",
    "| checkpoint of a run": "quantgym.training.checkpoint:CHECKPOINT_VERSION",
    "| folder of a search": "quantgym.training.tuning.search_folder:SEARCH_VERSION",
    "| looks at a split": "quantgym.evaluation.opening:SCHEMA",
    "| session of": "quantgym.evaluation.session:Session.schema_version",
    "| report:": "quantgym.evaluation.report_json:REPORT_VERSION",
    "| journal of": "quantgym.live.schema:JOURNAL_VERSION",
}


def named(path: str):
    module, _, attributes = path.partition(":")
    found = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


@pytest.mark.parametrize(("row", "home"), VERSIONS.items())
def test_a_version_on_the_page_is_the_codes(row, home):
    line = next(line for line in PAGE.splitlines() if line.startswith(row))
    assert next(cell.strip() for cell in line.split("|") if cell.strip().isdigit()) == str(named(home))


def test_every_checker_on_the_page_exists():
    for path in re.findall(r"`(quantgym\.[a-z_.]+)\.([a-z_]+)`", PAGE):
        assert callable(getattr(importlib.import_module(path[0]), path[1]))
