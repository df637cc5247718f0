"""The policy that a trial keeps: its bundle in the run folder, and what the record says of it."""

import shutil
from dataclasses import replace

from ...agents.bundle import save_bundle
from ...agents.network_policy import NetworkPolicy
from ..plan import versions
from ..preparation import Prepared
from ..run_folder import RunFolder
from .judgement import Judgement
from .trial_record import TrialRecord

__all__ = ["keep_policy", "kept_record"]


def keep_policy(
    run: RunFolder, prepared: Prepared, policy: NetworkPolicy, judgement: Judgement, iterations: int, steps: int
) -> str:
    """Write the bundle of a judged policy in the place of the one before; return its digest.

    Raises:
        OSError: It cannot be written.
    """
    partial = run.path / "bundle.partial"
    shutil.rmtree(partial, ignore_errors=True)
    context = {**prepared.context, "versions": versions(), "iterations": iterations, "steps": steps}
    digest = save_bundle(partial, policy, prepared.layout, prepared.pipeline, judgement.observations, context)
    shutil.rmtree(run.bundle, ignore_errors=True)
    partial.rename(run.bundle)
    return digest


def kept_record(record: TrialRecord, judgement: Judgement, value: float, digest: str) -> TrialRecord:
    """Return the record of a trial that keeps the judged policy."""
    skewness, kurtosis = judgement.shape
    return replace(
        record, value=value, sharpe=judgement.sharpe, skewness=skewness, kurtosis=kurtosis, bars=len(judgement.returns),
        bundle=digest,
    )  # fmt: skip
