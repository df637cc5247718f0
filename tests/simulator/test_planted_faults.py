"""The proof proves: each fault that is planted into the rules is noticed by the test that should notice it."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def module(name):
    """A module of the folder `fault` beside this file."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(f"fault.{name}")
    finally:
        sys.path.remove(str(HERE))


FAULTS = list(module("trial").FAULTS.values())


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Ask a process without numba for the verdict on a fault."""
    told = tmp_path_factory.mktemp("fault") / "stderr.txt"
    with told.open("w") as errors, subprocess.Popen(
        [sys.executable, "-m", "fault.trial"], cwd=HERE, env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1,
    ) as process:  # fmt: skip

        def asked(name):
            process.stdin.write(name + "\n")
            line = process.stdout.readline()
            assert line, told.read_text()[-4000:]
            return json.loads(line)

        yield asked
        process.stdin.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_is_noticed_that(fault, ask):
    answer = ask(fault.name)
    assert answer["verdict"] == "caught", answer["words"]


def test_there_are_faults_of_every_part():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 80
    planted_in = {fault.file.split("/")[0] for fault in FAULTS}
    assert planted_in == {"simulator", "market", "envs", "encoders"}


def test_where_the_same_code_is_planted_nothing_is_noticed(ask):
    """Nothing stays of the faults above, and planting alone changes nothing."""
    answer = ask(module("trial").NOTHING)
    assert answer["verdict"] == "missed", answer["words"]


@pytest.mark.parametrize(("file", "snippet", "says"), [
    ("market/ledger.py", "no such line", "holds 0 times, not once"),
    ("market/ledger.py", "account[e].cash", "times, not once"),
    ("market/ledger.py", "TOLERANCE = 1e-9", "is in no function"),
])
def test_a_fault_that_no_longer_fits_its_file_says_so(file, snippet, says):
    tools = module("fault")
    with pytest.raises(tools.StaleFaultError, match=says):
        tools.edited(tools.Fault("", file, snippet, "anything"))
