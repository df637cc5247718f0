"""A Ray head that guards itself with a token: whoever comes with another one is told so, in bounded time."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
RIGHT, WRONG = "right-token-" + 30 * "0", "wrong-token-" + 30 * "0"
START_S = 60.0
DRY_RUN = ["train", "leak_ppo", "--dry-run", "--json", "--set", "training.runners=2"]


def guarded(token):
    return {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token, "RAY_USAGE_STATS_ENABLED": "0"}


@pytest.fixture(scope="module")
def head():
    """The address of a head node of its own, which takes one token only."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sizes = ["--num-cpus", "2", "--object-store-memory", "80000000", "--include-dashboard", "false"]
    with tempfile.TemporaryDirectory(prefix="qg") as folder:  # short: sockets stand in it
        command = [BIN / "ray", "start", "--head", "--port", str(port), *sizes, "--temp-dir", folder, "--block"]
        process = subprocess.Popen(
            command, env=guarded(RIGHT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            began = time.monotonic()
            while not listens(port):
                if process.poll() is not None or time.monotonic() - began > START_S:
                    pytest.skip("ray start --head cannot start here")
                time.sleep(0.2)
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def test_a_wrong_token_is_told_in_bounded_time_with_the_cure(head):
    began = time.monotonic()
    done = subprocess.run([BIN / "quantgym", *DRY_RUN, "--address", head], env=guarded(WRONG), capture_output=True, text=True,
                          check=False, timeout=120)
    assert time.monotonic() - began < 90.0
    assert done.returncode != 0
    assert f"the Ray cluster at {head} lets this process not in" in done.stderr
    assert "RAY_AUTH_MODE=token the head's token must stand here too" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_heads_own_token_opens_it(head):
    done = subprocess.run([BIN / "quantgym", *DRY_RUN, "--address", head], env=guarded(RIGHT), capture_output=True, text=True,
                          check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert '"nodes": 1' in done.stdout
