"""What a run's event file holds, read back as TensorBoard reads it."""

import io

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from quantgym.training.board.board import Board
from quantgym.training.board.charts import CHARTS, REGIMES, SCORE, charts_of
from quantgym.training.board.setting import job_settings
from quantgym.training.progress import Iteration
from quantgym.training.validation import Showing

DAY = 86_400_000_000_000
EQUITY, ENTROPY = "figures/equity_and_drawdown", "figures/entropy_against_turnover"


def showing(last=1.2, n=30):
    closes = 946_857_600_000_000_000 + DAY * np.arange(n + 1)
    return Showing(np.linspace(1.0, last, n + 1), closes, np.zeros((n, 2), np.float32), {})


def iteration(number, total=4, **figures):
    always = {"learn/entropy": 2.0 - 0.1 * number, "train/turnover": 0.1}
    return Iteration(number, total, 64 * number, 1.0 * number, always | figures)


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0, "histograms": 0})
    events.Reload()
    return events


def steps(events, tag):
    return [event.step for event in events.Scalars(tag)]


def test_an_iteration_writes_finite_tagged_figures_and_histograms(tmp_path, job_of):
    with Board(tmp_path, job_of()) as board:
        figures = {"train/reward": 0.5, "train/none": float("nan"), "iteration": 3}
        shown = {"actions": np.array([0, 1, 1, 5]), "weights": np.array([[0.5, np.nan]]), "none": np.zeros(0)}
        board.iteration(iteration(1, **figures), shown)
        board.iteration(iteration(2, **{"train/reward": 0.75, "costs/fees_bp": 0}), {})
    events = read(tmp_path)
    assert set(events.Tags()["scalars"]) == {"learn/entropy", "train/turnover", "train/reward", "costs/fees_bp"}
    assert [(event.step, event.value) for event in events.Scalars("train/reward")] == [(64, 0.5), (128, 0.75)]
    assert set(events.Tags()["histograms"]) == {"histogram/actions", "histogram/weights"}
    drawn = events.Histograms("histogram/actions")[0].histogram_value
    # 4 actions from 0 to 5 in 32 bins: 0 in the first, twice 1 in the seventh (1 / (5 / 32) = 6.4), 5 in the last
    assert (drawn.num, drawn.sum, drawn.sum_squares, drawn.min, drawn.max) == (4.0, 7.0, 27.0, 0.0, 5.0)
    assert {index - 1: count for index, count in enumerate(drawn.bucket) if count} == {0: 1.0, 6: 2.0, 31: 1.0}
    assert events.Histograms("histogram/weights")[0].histogram_value.num == 1.0
    assert "job/text_summary" in events.Tags()["tensors"]


def test_a_validation_is_drawn_once_and_needs_two_dots_for_the_path(tmp_path, job_of):
    from PIL import Image

    with Board(tmp_path, job_of(training={"iterations": 4, "validate_every": 2})) as board:
        board.iteration(iteration(1), {})
        board.validation(showing(), {}, 64)
        board.iteration(iteration(2), {})
        board.validation(showing(), {"buy_and_hold": showing(0.8), "equal_weight": showing(0.9)}, 128)
    events = read(tmp_path)
    assert [image.step for image in events.Images(EQUITY)] == [64, 128]
    assert [image.step for image in events.Images(ENTROPY)] == [128]
    picture = Image.open(io.BytesIO(events.Images(EQUITY)[1].encoded_image_string))
    assert picture.size == (620, 430)
    assert len(picture.convert("RGB").getcolors(100_000)) > 50


def test_of_many_validations_ten_are_drawn_and_the_last(tmp_path, job_of):
    with Board(tmp_path, job_of(training={"iterations": 35, "validate_every": 1})) as board:
        for number in range(1, 36):
            board.validation(showing(), {}, number)
        board.finish({"validation/equity": 1.2})
    # 35 validations: the first, every fourth, the last
    assert [image.step for image in read(tmp_path).Images(EQUITY)] == [1, 4, 8, 12, 16, 20, 24, 28, 32, 35]


def test_the_end_writes_settings_and_final_metrics_as_hparams(tmp_path, job_of):
    with Board(tmp_path, job_of()) as board:
        board.iteration(iteration(1), {})
        board.finish({"validation/equity": 1.25, "validation/sharpe": float("nan")})
    events = read(tmp_path)
    assert [(event.step, event.value) for event in events.Scalars("final/equity")] == [(64, 1.25)]
    assert "final/sharpe" not in events.Tags()["scalars"]
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    known = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert known["training.lr"].number_value == pytest.approx(3e-4)
    assert known["agent.algorithm"].string_value == "PPO"


def test_settings_are_those_that_were_chosen_and_those_that_one_always_asks_for(job_of):
    settings = job_settings(job_of(costs={"allow_short": True}))
    assert settings["agent.hidden"] == "[16]"
    assert settings["env.id"] == "quantgym/Portfolio-v0"
    assert settings["training.gamma"] == 0.99  # a default
    assert settings["costs.allow_short"] == "true"
    assert not {"name", "training.tau", "training.seconds", "costs.fee_rate"} & set(settings)


def test_of_a_trial_the_settings_that_its_search_varies_are_told_alone_also_those_with_their_default(job_of):
    job = job_of()
    told = job_settings(job, ("training.clip", "agent.body.kind", "training.lr"))
    assert told == {"agent.body": "null", "training.clip": job.training.clip, "training.lr": job.training.lr}


def test_charts_that_would_stay_empty_are_left_out(job_of):
    assert "exploration" not in charts_of(job_of())["learning"]
    assert "explained variance" in charts_of(job_of())["learning"]
    titles = [title for group in charts_of(job_of("DQN")).values() for title in group]
    assert "exploration" in titles
    assert not {"explained variance", "step from the old policy", REGIMES, SCORE} & set(titles)
    assert REGIMES in charts_of(job_of(encoders=[{"kind": "regime"}]))["trading"]


def test_work_that_was_lost_is_not_shown_twice(tmp_path, job_of):
    first = [iteration(number, **{"train/reward": 1.0 * number}) for number in range(1, 6)]
    board = Board(tmp_path, job_of())
    for one in first:
        board.iteration(one, {"weights": np.ones(3)})
    board.validation(showing(), {}, first[4].steps)
    board.close()  # the process died after iteration 5; the checkpoint is of iteration 3
    with Board(tmp_path, job_of(), earlier=first[:3]) as resumed:
        resumed.cut(first[2].steps)
        for number in (4, 5):
            resumed.iteration(iteration(number, **{"train/reward": 10.0 * number}), {"weights": np.ones(3)})
        resumed.validation(showing(), {}, 320)
    events = read(tmp_path)
    assert [(event.step, event.value) for event in events.Scalars("train/reward")] == [
        (64, 1.0), (128, 2.0), (192, 3.0), (256, 40.0), (320, 50.0)]  # fmt: skip
    assert [event.step for event in events.Histograms("histogram/weights")] == [64, 128, 192, 256, 320]
    assert [image.step for image in events.Images(EQUITY)] == [320]
    assert steps(events, "learn/entropy") == [64, 128, 192, 256, 320]


def test_a_resumed_board_knows_the_path_of_the_iterations_before(tmp_path, job_of):
    with Board(tmp_path, job_of(), earlier=[iteration(1), iteration(2)]) as board:
        board.cut(128)
        board.validation(showing(), {}, 128)
    assert ENTROPY in read(tmp_path).Tags()["images"]


def test_every_chart_is_of_tags_that_are_explained(request):
    page = (request.config.rootpath / "docs" / "tensorboard.md").read_text()
    for charts in CHARTS.values():
        for tags in charts.values():
            for tag in tags:
                assert f"`{tag.replace('.*', '*')}`" in page, f"{tag} stands in a chart and not in docs/tensorboard.md"
