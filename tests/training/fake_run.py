"""A process that trains with the fake learner: `train JOB FOLDER` or `resume FOLDER` on each line of stdin, a child for each.

It says the child's process id when the child begins, and how it ended: the result as JSON, or the error.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from quantgym.configs.load import load_job
from quantgym.training import run as run_module
from quantgym.training.job import resume, train

sys.path.insert(0, str(Path(__file__).parent))
FakeLearner = import_module("fake_learner").FakeLearner


def work(words: list[str]) -> None:
    FakeLearner.seconds = 0.004
    vars(run_module)["learner_of"] = FakeLearner
    try:
        result = train(load_job(words[1]), words[2]) if words[0] == "train" else resume(words[1])
        say({"status": result.status, "resume": result.resume})
    except Exception as error:
        say({"error": f"{type(error).__name__}: {error}"})


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say({"ready": True})
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(line.split())
            os._exit(0)
        say({"pid": child})
        _, status = os.waitpid(child, 0)
        say({"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0})
