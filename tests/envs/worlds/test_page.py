"""The code of docs/worlds.md runs, and the numbers it quotes are those of the worlds."""

import re
from pathlib import Path

import gymnasium
import pytest

import quantgym  # noqa: F401

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "worlds.md").read_text()
QUOTED = [
    ("Kelly-v0", {}, "value", "2.5773"), ("Merton-v0", {}, "value", "0.65238"), ("Merton-v0", {"costs": True}, "value", "0.64423"),
    ("MeanReversion-v0", {}, "value", "1.8240"), ("AlmgrenChriss-v0", {}, "value", "-0.36029"),
    ("AlmgrenChriss-v0", {}, "reference", "-0.44375"), ("NoEdge-v0", {}, "value", "0"), ("NoEdge-v0", {}, "reference", "-0.10757"),
]  # fmt: skip


def section(world):
    return PAGE.split(f"\n## {world}\n")[1].split("\n## ")[0]


def test_the_code_runs():
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(block, "docs/worlds.md", "exec"), {})  # a page of our own


@pytest.mark.parametrize(("world", "settings", "what", "quoted"), QUOTED)
def test_a_quoted_number_is_the_worlds_own(world, settings, what, quoted):
    assert quoted in section(world)
    env = gymnasium.make_vec(f"quantgym/{world}", num_envs=1, **settings).unwrapped
    value = env.optimal_value() if what == "value" else env.reference_value()
    digits = len(quoted.partition(".")[2])
    assert value == pytest.approx(float(quoted), abs=0.51 * 10.0**-digits if digits else 0.0)


def test_the_page_names_every_option_and_column_of_these_worlds():
    for world in dict.fromkeys(world for world, *_ in QUOTED):
        env = gymnasium.make_vec(f"quantgym/{world}", num_envs=1).unwrapped
        base = {"tape", "features", "num_envs", "asset", "rows", "costs", "render_mode", "reward", "action", "daily"}
        options = set(env._given) - base
        columns = {column.name for column in env.layout.market_asset}
        for name in options | columns:
            assert f"`{name}`" in section(world), f"{world}: {name}"
