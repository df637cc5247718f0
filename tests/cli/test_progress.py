"""What long work shows: a bar that tells the truth where somebody watches, plain lines in a log."""

import io
import re

import pytest
import rich.console

from quantgym.cli import progress
from quantgym.cli.progress import progress_bar

WORDS = "20,480 steps, 512 a second, 2:00 left, validation +1.23%"


@pytest.fixture(autouse=True)
def kernels(monkeypatch, tmp_path):
    """A cache that holds a kernel: these tests say the same on a machine that has compiled none yet."""
    (tmp_path / "run.nbc").write_bytes(b"")  # numba's own ending
    monkeypatch.setattr(progress, "cache_folder", lambda room: tmp_path)
    return tmp_path


@pytest.fixture
def terminal(monkeypatch):
    """`terminal(width)`: what is written to a terminal of so many columns; None: to a file."""
    real = rich.console.Console

    def make(width):
        out = io.StringIO()
        watched = {"force_terminal": width is not None, "width": width or 80, "color_system": None}
        monkeypatch.setattr(rich.console, "Console", lambda **more: real(file=out, **watched))
        return out

    return make


def last_line(out):
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()][-1]


@pytest.mark.parametrize(("width", "says"), [(140, WORDS), (80, WORDS), (50, "20,480 steps, 512 a")])
def test_a_bar_fits_its_terminal_and_says_pace_and_validation_first(terminal, width, says):
    out = terminal(width)
    with progress_bar("training leak", told=True) as step:
        step(0.25, WORDS)
    line = last_line(out)
    assert len(line.rstrip()) <= width
    assert says in line


def test_a_bar_of_work_that_was_interrupted_is_not_full(terminal):
    out = terminal(140)
    with progress_bar("training leak", told=True) as step:
        step(0.25, WORDS)
    assert (WORDS in last_line(out), last_line(out).count("━")) == (True, 10)  # a quarter of 40 columns
    out = terminal(140)
    with progress_bar("evaluating leak") as step:
        step(0.25, "bootstrap")
    assert "bootstrap" not in last_line(out)


def test_a_log_gets_a_plain_line_for_each_tenth(terminal):
    out = terminal(None)
    with progress_bar("training leak", told=True) as step:
        for number in range(1, 41):
            step(number / 40, f"{number} iterations")
    lines = out.getvalue().splitlines()
    # 4, 8, ..., 40 of 40 iterations
    assert lines == ["training leak ...", *(f"training leak {tenth}0%: {4 * tenth} iterations" for tenth in range(1, 11))]
    assert all(character.isprintable() or character == "\n" for character in out.getvalue())


def test_who_waits_for_the_compiler_is_told_so_once(terminal, kernels):
    (kernels / "run.nbc").unlink()
    out = terminal(None)
    with progress_bar("training leak_ppo"):
        assert out.getvalue() == f"{progress.FIRST_RUN}\ntraining leak_ppo ...\n"
    (kernels / "step").mkdir()
    (kernels / "step" / "run.nbc").write_bytes(b"")
    out = terminal(None)
    with progress_bar("training leak_ppo"):
        assert out.getvalue() == "training leak_ppo ...\n"
