"""Runs that nobody trained, around bundles of rules: what the registry sees of a run is its folder."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from quantgym.agents.bundle import save_bundle
from quantgym.agents.policy import sample_observation
from quantgym.agents.rules.rule import build_rule
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.pipeline import Pipeline

CONTEXT = {"tape": {"name": "walk", "digest": "00"}, "env": {"reward": "log_return"}}
BEGAN = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Three bundles and their digests."""
    folder = tmp_path_factory.mktemp("bundles")
    pipeline = Pipeline.build([{"kind": "price", "lags": [1]}]).fit(gbm_tape(1, 60, 2))
    layout = pipeline.layout.with_private((Column("cash_fraction", "fraction", -10.0, 10.0),), 2)
    vectors = sample_observation(layout, 64, seed=3).flat()
    made = []
    for bars in (5, 10, 21):
        rule = build_rule("equal_weight", {"every_bars": bars}, layout)
        made.append((folder / str(bars), save_bundle(folder / str(bars), rule, layout, None, vectors, CONTEXT)))
    return made


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory):
    from quantgym.training.registry.store import writing

    path, here = tmp_path_factory.mktemp("registry") / "deep" / "registry.db", Path.cwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    try:
        with writing(path):
            pass
        assert list(Path.cwd().iterdir()) == []  # MLflow leaves nothing where it was called
    finally:
        os.chdir(here)
    return path


@pytest.fixture
def registry(empty_registry, tmp_path, monkeypatch):
    """An empty registry of the test's own, which is that of the environment."""
    path = tmp_path / "runs" / "registry.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(empty_registry)) as one, closing(sqlite3.connect(path)) as other:
        one.backup(other)
    monkeypatch.setenv("QUANTGYM_REGISTRY", str(path))
    return path


@pytest.fixture
def run_of(tmp_path, bundles):
    """Make run folders: `run_of("one", seed=2, status="failed", bundle=1)`; the bundle by number, None for none."""

    def make(name, *, seed=0, status="done", bundle=0, job="small", lr=0.001, **record):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        if bundle is not None:
            shutil.copytree(bundles[bundle][0], folder / "bundle")
            record["bundle"] = bundles[bundle][1]
        text = {"name": job, "seed": seed, "data": {"tape": "walk"}, "encoders": [{"kind": "price"}], "training": {"lr": lr}}
        (folder / "job.yaml").write_text(yaml.safe_dump(text, sort_keys=False))
        facts = {
            "schema": 1,
            "status": status,
            "id": f"{name}-{seed}",
            "job": job,
            "started_at_ns": BEGAN + seed,
            "ended_at_ns": BEGAN + 60_000_000_000,
            "job_digest": f"d{seed}",
            "tape": "walk",
            "tape_digest": "77",
            "code": {"version": "0.1.0", "commit": "abc", "dirty": False},
            "versions": {"quantgym": "0.1.0", "torch": "2.13.0"},
            "iterations": 2,
            "steps": 128,
            "seconds": 1.5,
            "validation": {"validation/equity": 1.1 + seed / 100.0},
        }
        (folder / "run.json").write_text(json.dumps(facts | record))
        lines = [{"iteration": n, "steps": 64 * n, "train/reward": 0.25 * n, "validation/equity": 1.0} for n in (1, 2)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return folder

    return make


@pytest.fixture
def in_child():
    """Run functions in processes of their own, all at once: `in_child(work, other)` returns how each ended, killed is -9."""

    def fork(*works):
        children = []
        for work in works:
            child = os.fork()
            if child == 0:
                try:
                    work()
                    os._exit(0)
                except BaseException as error:
                    os.write(2, f"{type(error).__name__}: {error}\n".encode())
                    os._exit(1)
            children.append(child)
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    return fork
