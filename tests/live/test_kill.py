import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from quantgym.evaluation.session import Session
from quantgym.live.parity import compare_sessions


def test_kill_nine_anywhere_loses_nothing_and_doubles_nothing(world, tmp_path):
    host = Path(__file__).with_name("kill_host.py")
    ran = subprocess.run(
        [sys.executable, str(host), str(tmp_path), "25", "11"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    *points, last = ran.stdout.splitlines()
    assert json.loads(last)["exit"] == 0, ran.stderr
    assert json.loads(last)["died"] >= 12
    assert set(points) == {
        "before a commit",
        "inside a commit",
        "after a commit",
        "before a request",
        "after a request",
        "after a row",
    }

    killed, straight = Session.load(tmp_path / "session.npz"), Session.load(tmp_path / "straight" / "session.npz")
    assert compare_sessions(killed, straight).equal
    with_kills, without = world.journal(tmp_path), world.journal(tmp_path / "straight")
    try:
        assert with_kills.orders() == without.orders()
        assert with_kills.fills() == without.fills()
        assert with_kills.n_decisions() == without.n_decisions() == 59
        happened = Counter((kind, subject) for kind, subject, _ in with_kills.events() if kind != "pending")
        assert set(happened.values()) == {1}  # one intent, one sending, one end of each order
    finally:
        with_kills.close()
        without.close()
