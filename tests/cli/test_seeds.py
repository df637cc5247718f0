"""Several seeds in one command, going on after Ctrl-C, and what each prints."""

import json
from contextlib import suppress
from types import SimpleNamespace

import pytest
import typer
from scipy.stats import t

from quantgym.cli import resume, seeds, train
from quantgym.cli.main import app
from quantgym.configs.load import load_job
from quantgym.market.errors import ConfigError, DataError, IntegrityError, QuantgymError
from quantgym.training import job as job_module
from quantgym.training.progress import Iteration, duration
from quantgym.training.registry import enter as enter_module
from quantgym.training.run_folder import FolderTakenError
from quantgym.training.seed_spread import T_975, SeedSpread


def result_of(folder, equity, status="done"):
    command = f"quantgym resume {folder}" if status == "interrupted" else ""
    figures = {"validation/equity": equity, "validation/equity_buy_and_hold": 1.1}
    return SimpleNamespace(
        folder=folder, status=status, validation=figures, resume=command, iterations=(1, 2), facts=dict,
        summary=lambda: {"folder": str(folder), "status": status},
    )  # fmt: skip


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Seeds 7, 8, 9 find returns of 1 %, 3 % and 5 %; others may be put in."""
    monkeypatch.chdir(tmp_path)
    found = {7: 1.01, 8: 1.03, 9: 1.05}

    def run_job(job, folder, parent=None, address=None):
        outcome = found[job.seed]
        if isinstance(outcome, Exception):
            raise outcome
        folder.mkdir(parents=True)
        return result_of(folder, abs(outcome), "done" if outcome > 0.0 else "interrupted")

    monkeypatch.setattr(train, "run_job", run_job)
    return found


def test_each_seed_has_a_folder_and_the_table_ends_with_mean_and_interval(trained, capsys):
    train.train("portfolio_ppo", seeds=3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == [f"runs/portfolio_ppo-1-seed{seed}" for seed in (7, 8, 9)]
    # mean 3 %, deviation 2 %, t of 2 degrees of freedom 4.303: half of the interval is 4.303 x 2 / sqrt 3 = 4.97 %
    assert lines[4].split(maxsplit=3)[3].startswith("+3.00% [-1.97%, +7.97%]")
    assert "+10.00% [+10.00%, +10.00%]" in lines[4]  # buy and hold, the baseline
    train.train("portfolio_ppo", seeds=2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [one["folder"] for one in found["runs"]] == ["runs/portfolio_ppo-2-seed7", "runs/portfolio_ppo-2-seed8"]
    assert found["validation"]["return"]["mean"] == pytest.approx(0.02)


def test_a_seed_that_fails_is_told_and_the_others_go_on(trained, capsys):
    trained[8] = QuantgymError("the loss became nan")
    with pytest.raises(typer.Exit) as left:
        train.train("portfolio_ppo", seeds=3)
    said = capsys.readouterr()
    assert (left.value.exit_code, "seed 8: the loss became nan" in said.err) == (1, True)
    assert "failed" in said.out
    assert "+3.00%" in said.out  # of the other two


def test_ctrl_c_ends_all_seeds_and_says_how_to_go_on_with_each(trained, tmp_path, capsys):
    trained[8] = -1.03
    with pytest.raises(typer.Exit) as left:
        train.train("portfolio_ppo", run=tmp_path / "mine", seeds=3)
    said = capsys.readouterr().err.splitlines()
    assert left.value.exit_code == 130
    assert said == [
        f"next   quantgym resume {tmp_path}/mine-seed8",
        f"next   quantgym train {tmp_path}/mine-seed8/job.yaml --set seed=9 --run {tmp_path}/mine-seed9",
    ]


def test_a_second_ctrl_c_says_how_to_train_the_seeds_that_were_not_begun(trained, tmp_path, capsys, monkeypatch):
    honest = train.run_job

    def at_once(job, folder, parent=None, address=None):
        if job.seed == 8:
            raise KeyboardInterrupt("interrupted at once")
        result = honest(job, folder, parent, address)
        (folder / "job.yaml").write_text("name: mine")
        return result

    monkeypatch.setattr(train, "run_job", at_once)
    with pytest.raises(KeyboardInterrupt, match="interrupted at once"):
        train.train("portfolio_ppo", run=tmp_path / "mine", seeds=3)
    assert capsys.readouterr().err.splitlines() == [
        f"next   quantgym train {tmp_path}/mine-seed7/job.yaml --set seed=9 --run {tmp_path}/mine-seed9"
    ]


def test_a_folder_of_any_seed_that_exists_is_refused_before_the_first(trained, tmp_path):
    (tmp_path / "mine-seed9").mkdir()
    with pytest.raises(ConfigError, match="mine-seed9 exists; choose another name with --run"):
        seeds.train_seeds(load_job("portfolio_ppo"), 3, tmp_path / "mine", False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine-seed9"]


def test_the_quantiles_are_students_and_one_seed_bounds_nothing():
    assert pytest.approx([t.ppf(0.975, df) for df in range(1, 31)], abs=1e-5) == T_975
    assert SeedSpread.of([2.0]).plain() == {"mean": 2.0, "low": None, "high": None}


def test_an_interrupted_run_leaves_with_130_and_the_command_that_goes_on(trained, capsys):
    trained[7] = -1.01
    with pytest.raises(typer.Exit) as left:
        train.train("portfolio_ppo")
    assert left.value.exit_code == 130
    assert "quantgym resume runs/portfolio_ppo-1" in capsys.readouterr().out


def test_resume_prints_what_train_prints(monkeypatch, tmp_path, capsys, job_text):
    (tmp_path / "job.yaml").write_text(job_text)
    monkeypatch.setenv("QUANTGYM_REGISTRY", "off")
    monkeypatch.setattr(job_module, "resume", lambda folder, **more: result_of(folder, 1.2))
    resume.resume(tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"folder": str(tmp_path), "status": "done"}


@pytest.fixture
def job_text():
    return "name: leak\nenv: {id: quantgym/Leak-v0}\nagent: {algorithm: PPO}\n"


def test_every_run_is_entered_also_one_that_broke_and_none_that_was_refused(monkeypatch, tmp_path):
    found = []
    monkeypatch.setattr(enter_module, "enter", lambda folder: found.append(folder.name))
    endings = {"good": None, "broken": QuantgymError("nan"), "refused": FolderTakenError("taken"), "gone": DataError("no"),
               "changed": ConfigError("its job was changed"), "damaged": IntegrityError("its checkpoint was changed")}  # fmt: skip
    for name, error in endings.items():
        if name != "gone":
            (tmp_path / name).mkdir()
            (tmp_path / name / "run.json").write_text("{}")
        with suppress(QuantgymError), train.entered(tmp_path / name):
            if error is not None:
                raise error
    assert found == ["good", "broken"]


def test_the_bar_tells_pace_time_left_and_validation():
    one = Iteration(5, 20, 20_480, 40.0, {"speed/steps_per_s": 512.0}, validation=0.0123)
    # 8 seconds each, 15 to go
    assert one.words() == "20,480 steps, 512 a second, 2:00 left, validation +1.23%"
    assert (duration(59.6), duration(3_723.0)) == ("1:00", "1:02:03")


def test_every_command_of_training_is_there():
    assert {"train", "resume", "bench-train"} <= {command.name for command in app.registered_commands}
