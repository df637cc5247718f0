"""A search in a process of its own that is killed with signal 9 at a moment of the test's choice."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KILLED = """
import json, sys
from quantgym.configs.load import load_job
from quantgym.configs.strict import validate
from quantgym.training.tuning.search import Search, SearchSettings
from quantgym.training.tuning.tune import tune
settings = validate(SearchSettings, json.loads(sys.argv[1]), "small.yaml")
tune(Search(settings, load_job("leak_ppo"), "small.yaml"), sys.argv[2])
"""


def killed_search(search: Any, folder: Path, home: Path, mark: str) -> bytes:
    """Run a search until its record holds `mark`, kill it, return what its record said then."""
    words = [sys.executable, "-c", KILLED, json.dumps(search.settings.model_dump(mode="json")), str(folder)]
    cache = os.environ.get("QUANTGYM_CACHE") or str(Path.home() / ".cache/quantgym")
    environment = {**os.environ, "HOME": str(home), "QUANTGYM_CACHE": cache}
    child = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, deadline = folder / "trials.jsonl", time.monotonic() + 300.0
    while time.monotonic() < deadline and child.poll() is None and not (log.exists() and mark in log.read_text()):
        time.sleep(0.01)
    child.kill()
    child.wait()
    return log.read_bytes()
