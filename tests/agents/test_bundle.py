"""The policy bundle: saved, loaded, replayed, and what it refuses."""

import json
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.policy import sample_observation
from quantgym.agents.recorded_vectors import record, replay
from quantgym.agents.rules.rule import RULES, Rule, build_rule
from quantgym.agents.sealed_folder import write_sealed
from quantgym.market.errors import ConfigError, IntegrityError, ShapeError

CONTEXT = {"tape": {"name": "walk", "digest": "00"}, "env": {"reward": "log_return"}}


def reseal(folder, **changes):
    """Write the folder anew with changed parts of its manifest and fresh digests, as a patient forger would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    contents = {name: (folder / name).read_bytes() for name in manifest.pop("files")}
    del manifest["digest"]
    forged = folder.with_name("forged")
    writers = {name: partial(_write, content) for name, content in contents.items()}
    write_sealed(forged, writers, {**manifest, **changes})
    return forged


def _write(content, path):
    path.write_bytes(content)


def test_a_network_comes_back_with_the_same_decisions(tmp_path, network_policy, layout, pipeline, vectors):
    digest = save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    bundle = load_bundle(tmp_path / "b")
    assert bundle.digest == digest
    assert bundle.layout == layout
    assert bundle.context["tape"] == CONTEXT["tape"]
    assert (bundle.replay.exact, bundle.replay.largest) == (True, 0.0)
    seen = sample_observation(layout, 9, seed=8)
    for deterministic in (True, False):
        one, _ = network_policy.act(seen, network_policy.initial_state(9), deterministic)
        other, _ = bundle.policy.act(seen, bundle.policy.initial_state(9), deterministic)
        assert one.scheme == other.scheme
        assert np.array_equal(one.values, other.values)


def test_the_pipeline_comes_back_fitted(tmp_path, network_policy, layout, pipeline, vectors, walk):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    bundle = load_bundle(tmp_path / "b")
    assert np.array_equal(bundle.pipeline().transform(walk).values, pipeline.transform(walk).values)
    assert bundle.pipeline() is not bundle.pipeline()


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_travels_in_a_bundle_too(tmp_path, kind, layout, pipeline, vectors):
    settings = {"column": "ma_cross_3_8"} if kind == "ma_cross" else {}
    rule = build_rule(kind, settings, layout)
    save_bundle(tmp_path / "b", rule, layout, pipeline, vectors, CONTEXT)
    bundle = load_bundle(tmp_path / "b")
    assert isinstance(bundle.policy, Rule)
    assert (bundle.policy.kind, bundle.policy.scheme, bundle.policy.plain()) == (kind, rule.scheme, rule.plain())
    assert bundle.replay.exact


def test_a_bundle_without_encoders_says_so_when_asked_for_them(tmp_path, network_policy, layout, vectors):
    save_bundle(tmp_path / "b", network_policy, layout, None, vectors, CONTEXT)
    with pytest.raises(ConfigError, match="this policy has no encoders"):
        load_bundle(tmp_path / "b").pipeline()


def test_the_same_policy_makes_the_same_bytes(tmp_path, network_policy, layout, pipeline, vectors):
    digests = [save_bundle(tmp_path / name, network_policy, layout, pipeline, vectors, CONTEXT) for name in "ab"]
    assert digests[0] == digests[1]
    for name in ("weights.safetensors", "arrays.npz", "vectors.npz", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_no_pickle_stands_in_a_bundle(tmp_path, network_policy, layout, pipeline, vectors):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == [
        "arrays.npz", "manifest.json", "vectors.npz", "weights.safetensors"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["weights.safetensors", "arrays.npz", "vectors.npz"])
def test_a_flipped_byte_or_a_missing_file_is_found(tmp_path, network_policy, layout, pipeline, vectors, name):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    path = tmp_path / "b" / name
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(IntegrityError, match="was changed after it was sealed"):
        load_bundle(tmp_path / "b")
    path.unlink()
    with pytest.raises(IntegrityError, match=f"{name} is missing"):
        load_bundle(tmp_path / "b")


def test_weights_swapped_with_all_digests_made_anew_are_found_by_the_replay(tmp_path, network_policy, layout, pipeline, vectors):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    from safetensors.torch import load, save

    path = tmp_path / "b" / "weights.safetensors"
    weights = load(path.read_bytes())
    name = next(name for name in weights if name.endswith("bias") and ("pi" in name or "advantage" in name))
    weights[name] = weights[name] + torch.linspace(0.0, 0.01, len(weights[name]))
    path.write_bytes(save(weights))
    with pytest.raises(IntegrityError, match="the policy does not decide as recorded"):
        load_bundle(reseal(tmp_path / "b"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "bundle schema must be 1, was 2"),
        ({"policy": {"kind": "oracle"}}, "policy kind must be network or rule, was 'oracle'"),
        ({"policy": {}}, "unreadable bundle"),
        ({"encoders": {"settings": {}, "fitted": {}, "version": 1}}, "unreadable bundle"),
    ],
)
def test_a_manifest_that_this_version_cannot_read_is_refused(tmp_path, network_policy, layout, pipeline, vectors, changes, message):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    with pytest.raises(IntegrityError, match=message):
        load_bundle(reseal(tmp_path / "b", **changes))


def test_what_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match=r"is no bundle: manifest\.json is missing"):
        load_bundle(tmp_path / "nowhere")


def test_vectors_of_another_shape_and_unknown_policies_are_refused(tmp_path, network_policy, layout, pipeline, vectors):
    with pytest.raises(ShapeError, match=r"vectors must be float32 of shape \(64, "):
        save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors[:63], CONTEXT)
    nobody: Any = object()
    with pytest.raises(ConfigError, match="a bundle holds a network or a rule, was object"):
        save_bundle(tmp_path / "b", nobody, layout, pipeline, vectors, CONTEXT)
    assert not (tmp_path / "b").exists()


def test_a_replay_tolerates_rounding_and_nothing_more(network_policy, layout, vectors):
    recorded = record(network_policy, vectors, layout)
    scale = np.float32(max(1.0, np.abs(recorded["answer"]).max()))
    near = {**recorded, "answer": recorded["answer"] + scale * np.float32(5e-6)}
    assert not replay(network_policy, near, layout, "v").exact
    far = {**recorded, "answer": recorded["answer"] + scale * np.float32(5e-5)}
    with pytest.raises(IntegrityError, match=r"v: the policy does not decide as recorded: answer of vector"):
        replay(network_policy, far, layout, "v")
    with pytest.raises(IntegrityError, match="must hold 64 recorded vectors"):
        replay(network_policy, {"flat": vectors[:5], "values": recorded["values"][:5]}, layout, "v")


@pytest.mark.parametrize("network_policy", ["gaussian"], indirect=True)
def test_a_bundle_loads_without_ray(tmp_path, network_policy, layout, pipeline, vectors):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from quantgym.agents.bundle import load_bundle\n"
        f"print(load_bundle({str(tmp_path / 'b')!r}).digest)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.strip()) == 64


def test_arrays_with_objects_cannot_be_smuggled_in(tmp_path, network_policy, layout, pipeline, vectors):
    save_bundle(tmp_path / "b", network_policy, layout, pipeline, vectors, CONTEXT)
    np.savez(tmp_path / "b" / "arrays.npz", evil=np.array([{}], dtype=object))
    with pytest.raises(IntegrityError, match="unreadable arrays"):
        load_bundle(reseal(tmp_path / "b"))
