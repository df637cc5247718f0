"""Nothing of a run is ever sent anywhere."""

import json
import os
import subprocess
import sys

# what test runs and CI set would switch MLflow's telemetry off by itself
ALONE = ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "CIRCLECI", "JENKINS_URL", "TRAVIS", "BUILDKITE", "DO_NOT_TRACK")

WATCHED = """
import json, sys, threading
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        seen.append(event)
        raise OSError("no network here")
sys.addaudithook(watch)
from quantgym.training.registry.enter import import_run
from quantgym.training.registry.promotion import promote
import_run(sys.argv[1])
promote(sys.argv[1], "live", "why")
from mlflow.telemetry.client import get_telemetry_client
from mlflow.telemetry.utils import is_telemetry_disabled
threads = [thread.name for thread in threading.enumerate() if "elemetry" in thread.name]
print(json.dumps({"seen": seen, "off": is_telemetry_disabled(), "client": get_telemetry_client() is not None, "threads": threads}))
"""


def test_entering_and_promoting_opens_no_connection_and_leaves_no_mark_at_home(registry, run_of, tmp_path):
    folder, home = run_of("one"), tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ALONE} | {"HOME": str(home)}
    environment |= {"XDG_CONFIG_HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "false"}  # not even where somebody asks for it
    done = subprocess.run([sys.executable, "-c", WATCHED, folder], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"seen": [], "off": True, "client": False, "threads": []}
    assert done.stderr == ""
    assert not (home / "mlflow").exists()
