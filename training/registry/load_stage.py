"""The bundle that holds a stage, for whoever deploys it."""

from pathlib import Path

from ...agents.bundle import Bundle, load_bundle
from ...market.errors import DataError, IntegrityError
from .registry import Registry
from .stage import check_stage

__all__ = ["load_stage"]


def load_stage(name: str, stage: str = "live", registry: Path | str | None = None) -> Bundle:
    """Return the bundle of the run that holds `stage` of `name`; neither MLflow nor Ray is needed.

    Args:
        name: Name of the job.
        stage: `live`, `paper`, or `candidate` where there is one alone.
        registry: See `registry_path`.

    Raises:
        UnknownNameError: No run has the name, or there is no such stage.
        DataError: No run holds the stage, or its folder is missing.
        IntegrityError: The bundle does not load, or is another than the one that was promoted.
    """
    entry, promotion = Registry(registry).held(name, check_stage(stage))
    if not entry.bundle.is_dir():
        raise DataError(f"{entry.bundle}: the bundle in stage {stage} of {name} is missing; promote another run, or bring it back")
    bundle = load_bundle(entry.bundle)
    if bundle.digest != promotion.bundle:
        found, was = bundle.digest[:12], (promotion.bundle or "none")[:12]
        raise IntegrityError(f"{entry.bundle}: is not the bundle that was promoted to {stage} (digest {found}, was {was})")
    return bundle
