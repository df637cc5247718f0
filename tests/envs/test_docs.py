"""The code of docs/environments.md runs as it stands there, and its tables name everything there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from quantgym.envs.check.examination import CHECKS
from quantgym.envs.parts.account import ACCOUNT_COLUMNS
from quantgym.envs.parts.margin import MarginPart
from quantgym.envs.parts.registry import PARTS
from quantgym.envs.registration import IDS
from quantgym.envs.rewards.moments import SHARPE_COLUMNS, SORTINO_COLUMNS
from quantgym.envs.rewards.registry import REWARDS, build_reward
from quantgym.envs.spec import AUTORESET_MODES, EnvSettings
from quantgym.market.actions.registry import SCHEMES
from quantgym.market.cost import CostSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "environments.md").read_text()


def test_the_code_runs():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(blocks) == 6
    known, known_parts, known_schemes = set(REWARDS), set(PARTS), set(SCHEMES)
    scope: dict[str, object] = {}
    try:
        for block in blocks:
            exec(compile(block, "docs/environments.md", "exec"), scope)  # a page of our own
        assert build_reward({"kind": "calm", "weight": 0.1}, CostSettings()).columns == ()
    finally:
        for name in set(REWARDS) - known:
            del REWARDS[name]
        for name in set(PARTS) - known_parts:
            del PARTS[name]
        for name in set(SCHEMES) - known_schemes:
            del SCHEMES[name]


COLUMNS = [column.name for column in (*ACCOUNT_COLUMNS, *SHARPE_COLUMNS, *SORTINO_COLUMNS, *MarginPart.columns)]
SETTINGS = {field.name for scheme in SCHEMES.values() for field in fields(scheme)} - {"n_assets"}


@pytest.mark.parametrize("name", sorted({*SCHEMES, *SETTINGS}))
def test_the_page_names_schemes_and_their_settings(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", [*IDS, *REWARDS, *PARTS, *AUTORESET_MODES, *EnvSettings.__dataclass_fields__, *COLUMNS, *CHECKS])
def test_the_page_names(name):
    assert f"`{name}`" in PAGE
