"""What runs write stands in docs/tensorboard.md and the other way round; and TensorBoard shows it in a browser."""

import re
from fnmatch import fnmatch

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from quantgym.training.job import train

from .browser import browser, tensorboard

REGIME = [{"kind": "price", "lags": [1]}, {"kind": "regime", "states": 2, "restarts": 1, "warmup": 5}]
OTHERS = re.compile(r'"((?:train|learn|speed|validation|costs|regime|figures)/[a-z_]+)"')


@pytest.fixture(scope="module")
def runs(job_of, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for algorithm in ("PPO", "DQN"):
        job = job_of(algorithm, encoders=REGIME, agent={"backend": "sb3"}, training={"iterations": 2, "validate_every": 1})
        train(job, folder / algorithm)
    return folder


@pytest.fixture(scope="module")
def written(runs):
    tags = set()
    for run in runs.iterdir():
        events = EventAccumulator(str(run / "tensorboard"))
        events.Reload()
        tags |= {tag for kind in ("scalars", "images", "histograms") for tag in events.Tags()[kind]}
    return tags


@pytest.fixture(scope="module")
def explained(request):
    lines = (request.config.rootpath / "docs" / "tensorboard.md").read_text().splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
    return {tag for cell in cells for tag in re.findall(r"`([^`]+)`", cell)}


@pytest.fixture(scope="module")
def in_code(request):
    return {tag for path in (request.config.rootpath / "training").rglob("*.py") for tag in OTHERS.findall(path.read_text())}


def test_every_tag_that_is_written_is_explained(written, explained):
    assert len(written) > 50
    assert {tag for tag in written if not any(fnmatch(tag, known) for known in explained)} == set()


def test_every_tag_that_a_learner_may_write_is_explained(in_code, explained):
    ours = {tag for tag in in_code if not tag.startswith("train/") or tag in explained}  # SB3 logs under `train/` too
    assert len(ours) > 20
    assert {tag for tag in ours if not any(fnmatch(tag, known) for known in explained)} == set()


def test_every_tag_that_is_explained_is_written_or_stands_in_a_learner(written, in_code, explained):
    exist = written | in_code | {f"learn/{name}_loss" for name in ("actor", "critic", "forecast", "clone")}
    assert {known for known in explained if not any(fnmatch(tag, known) for tag in exist)} <= {
        f"{group}_{kind}" for group in ("regime/return", "regime/share", "validation/return", "validation/share")
        for kind in ("bull_bp", "bear_bp", "high_vol_chop_bp", "low_vol_chop_bp", "bull", "bear", "high_vol_chop", "low_vol_chop")
    }  # fmt: skip


def test_regimes_are_told_apart_in_training_and_on_validation(written):
    for group in ("regime", "validation"):
        names = {tag for tag in written if fnmatch(tag, f"{group}/share_*")}
        assert names, group
        assert {name.replace("share", "return") + "_bp" for name in names} <= written


def test_a_browser_shows_scalars_images_hparams_and_charts(runs, tmp_path):
    from PIL import Image

    tabs = {
        "scalars": ["validation", "PPO/tensorboard", "DQN/tensorboard"],
        "images": ["figures/equity_and_drawdown", "figures/entropy_against_turnover", "128"],
        "hparams": ["agent.algorithm", "training.lr", "final/equity"],
        "custom_scalars": ["equity against baselines", "Sharpe ratio a year", "drawdown"],
    }
    with browser(tmp_path / "profile") as page, tensorboard(runs) as address:
        for tab, words in tabs.items():
            page.open(f"{address}#{tab}")
            page.text_with(words)
            if tab == "scalars":
                page.click("validation")  # groups below the first ones are closed
                page.text_with(["validation/equity", "validation/drawdown", "validation/hit_rate"])
            picture = Image.open(page.shoot(tmp_path / f"{tab}.png")).convert("RGB")
            assert picture.size == (1400, 1000)
            # a tab that has rendered is neither one colour nor the grey of a page that waits
            assert len(picture.getcolors(1_000_000)) > 100, tab
