"""Encoders and normaliser are fitted on the rows of training alone, and the bundle brings them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation
from quantgym.data.tape import Tape
from quantgym.training.preparation import prepare


@pytest.fixture
def prepared_on(job_of, tape_folder, tmp_path):
    """Prepare the small job on its tape with prices from `row` on multiplied by `factor`."""

    def make(row=None, factor=1.0):
        tape = Tape.load(tape_folder)
        bars = tape.bars.copy()
        if row is not None:
            for name in ("open", "high", "low", "close"):
                bars[name][row:] = np.round(bars[name][row:] * factor, 2)
        folder = tmp_path / f"tape-{row}"
        replace(tape, bars=bars).save(folder)
        encoders = [{"kind": "price", "lags": [1, 5]}, {"kind": "indicators", "names": ["rsi_14", "atr_14"]}]
        return prepare(job_of(data={"tape": str(folder)}, encoders=encoders))

    return make


def learned(prepared):
    """Return the numbers that were fitted, bit for bit."""
    state = prepared.pipeline.state()
    assert state.arrays
    return state.fitted, {name: array.tobytes() for name, array in state.arrays.items()}


def test_what_comes_after_training_changes_neither_scale_nor_features_of_training(prepared_on):
    usual = prepared_on()
    stop = usual.split.train.stop
    later = prepared_on(stop, 7.0)
    assert later.split == usual.split
    assert learned(later) == learned(usual)
    assert later.train.table.values[:stop].tobytes() == usual.train.table.values[:stop].tobytes()
    assert later.train.table.values[stop:].tobytes() != usual.train.table.values[stop:].tobytes()


def test_what_happens_in_training_does(prepared_on):
    usual = prepared_on()
    assert learned(prepared_on(usual.split.train.stop - 20, 7.0)) != learned(usual)


def test_the_bundle_scales_as_training_did(prepared_on, tmp_path):
    torch.set_num_threads(1)
    prepared = prepared_on()
    policy = NetworkPolicy(build_network(prepared.network, 1), prepared.network, prepared.layout, prepared.scheme, name="small")
    vectors = sample_observation(prepared.layout, 64, seed=3).flat()
    save_bundle(tmp_path / "bundle", policy, prepared.layout, prepared.pipeline, vectors, prepared.context)
    brought = load_bundle(tmp_path / "bundle").pipeline()
    assert brought.digest == prepared.pipeline.digest
    assert brought.transform(prepared.tape).values.tobytes() == prepared.train.table.values.tobytes()
