"""The policy bundle: everything that a decision depends on, in one folder without pickles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..encoders.base import EncoderState
from ..encoders.layout import Layout
from ..encoders.pipeline import Pipeline
from ..market.errors import ConfigError, IntegrityError, ShapeError
from .array_file import read_arrays, write_arrays
from .network_policy import NetworkPolicy
from .networks.network import NetworkSettings, load_weights
from .policy import Policy
from .recorded_vectors import N_VECTORS, Replay, record, replay
from .rules.rule import Rule, build_rule
from .sealed_folder import read_sealed, write_sealed

__all__ = ["BUNDLE_VERSION", "Bundle", "load_bundle", "save_bundle"]

BUNDLE_VERSION = 1
WEIGHTS, ARRAYS, VECTORS = "weights.safetensors", "arrays.npz", "vectors.npz"


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Attributes:
        policy: Who decides, rebuilt and replayed.
        layout: What the numbers of its observations are.
        context: What surrounds the policy, JSON data: `env` (action scheme, private part, reward, window, cash), `costs`, `job`,
            `tape` (name, digest, symbols), `versions`.
        digest: Of the whole bundle, hex.
        replay: How the recorded vectors agreed.
        encoders: State of the fitted pipeline; None where the world encodes itself.
        path: Where it was loaded from.
    """

    policy: Policy
    layout: Layout
    context: Mapping[str, Any]
    digest: str
    replay: Replay
    encoders: EncoderState | None = field(repr=False)
    path: Path

    def pipeline(self) -> Pipeline:
        """Return a new pipeline, fitted as it was in training, its stream at the beginning.

        Raises:
            ConfigError: The bundle has none: it was trained on a world that draws its own paths.
        """
        if self.encoders is None:
            raise ConfigError(f"{self.path}: this policy has no encoders; it was trained on a world that draws its own paths")
        return Pipeline.restore(self.encoders)


def save_bundle(
    folder: Path | str,
    policy: NetworkPolicy | Rule,
    layout: Layout,
    pipeline: Pipeline | None,
    vectors: np.ndarray,
    context: Mapping[str, Any],
) -> str:
    """Write a bundle, whole or not at all.

    Args:
        folder: Where it shall stand; it must not exist.
        policy: Who decides.
        layout: Layout of its observations.
        pipeline: The fitted encoders; None where the world encodes itself.
        vectors: 64 observations to record decisions on, float32 (64, layout.size).
        context: See `Bundle.context`; JSON data.

    Returns:
        The bundle's digest; equal content gives an equal digest.

    Raises:
        ConfigError: The folder exists, or the policy is of a kind that has no file format.
        ShapeError: `vectors` has another shape.
    """
    if vectors.shape != (N_VECTORS, layout.size) or vectors.dtype != np.float32:
        raise ShapeError(f"vectors must be float32 of shape ({N_VECTORS}, {layout.size}), were {vectors.dtype} {vectors.shape}")
    if not isinstance(policy, NetworkPolicy | Rule):
        raise ConfigError(f"a bundle holds a network or a rule, was {type(policy).__name__}")
    state, recorded = None if pipeline is None else pipeline.state(), record(policy, vectors, layout)
    arrays = {} if state is None else state.arrays
    writers = {ARRAYS: lambda path: write_arrays(path, arrays), VECTORS: lambda path: write_arrays(path, recorded)}
    if isinstance(policy, NetworkPolicy):
        weights = {name: value.detach().cpu().contiguous() for name, value in policy.network.state_dict().items()}
        described: dict[str, Any] = {"kind": "network", "network": policy.settings.plain(), "seed": policy.seed}

        def write_weights(path: Path) -> None:
            from safetensors.torch import save

            path.write_bytes(save(weights))

        writers[WEIGHTS] = write_weights
    else:
        described = {"kind": "rule", "rule": policy.kind, "settings": policy.plain()}
    encoders = None if state is None else {"settings": state.settings, "fitted": state.fitted, "version": state.version}
    manifest = {
        "schema": BUNDLE_VERSION,
        "policy": {**described, "name": policy.name, "scheme": policy.scheme},
        "layout": layout.to_json(),
        "encoders": encoders,
        **json.loads(json.dumps(dict(context), allow_nan=False)),
    }
    return write_sealed(Path(folder), writers, manifest)


def load_bundle(folder: Path | str) -> Bundle:
    """Load a bundle: digests are checked, the 64 recorded vectors are replayed. Ray is not needed.

    Raises:
        IntegrityError: Something is missing, was changed, is of another schema version, or decides otherwise than recorded.
    """
    path = Path(folder)
    manifest = read_sealed(path, BUNDLE_VERSION, "bundle")
    try:
        described, encoders = manifest["policy"], manifest["encoders"]
        layout = Layout.from_json(manifest["layout"])
        policy, state = _policy(described, layout, path), None
        if encoders is not None:
            arrays = read_arrays(path / ARRAYS)
            state = EncoderState("pipeline", encoders["settings"], encoders["fitted"], arrays, encoders["version"])
            Pipeline.restore(state)
    except (KeyError, TypeError, ConfigError) as error:
        raise IntegrityError(f"{path}: unreadable bundle ({type(error).__name__}: {error})") from error
    replayed = replay(policy, read_arrays(path / VECTORS), layout, str(path / VECTORS))
    own = {"schema", "policy", "layout", "encoders", "files", "digest"}
    context = {name: value for name, value in manifest.items() if name not in own}
    return Bundle(policy, layout, context, manifest["digest"], replayed, state, path)


def _policy(described: Mapping[str, Any], layout: Layout, path: Path) -> Policy:
    if described["kind"] == "rule":
        return build_rule(described["rule"], described["settings"], layout)
    if described["kind"] != "network":
        raise IntegrityError(f"{path}: policy kind must be network or rule, was {described['kind']!r}")
    from safetensors import SafetensorError
    from safetensors.torch import load

    settings = NetworkSettings.of(described["network"], f"{path}: policy.network")
    try:
        weights = load((path / WEIGHTS).read_bytes())
    except (OSError, SafetensorError) as error:
        raise IntegrityError(f"{path / WEIGHTS}: unreadable weights ({error})") from None
    network = load_weights(settings, weights)
    return NetworkPolicy(network, settings, layout, described["scheme"], name=described["name"], seed=described["seed"])
