"""TensorBoard events of a run; every tag is explained in docs/training.md."""

import math
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["CHARTS", "TensorBoardLog"]

CHARTS = {
    "validation": {
        "equity against baselines": ("validation/equity", "validation/equity_buy_and_hold", "validation/equity_equal_weight"),
        "drawdown": ("validation/drawdown", "train/drawdown"),
    },
    "trading": {
        "exposure and turnover": ("train/exposure", "train/turnover"),
        "costs, basis points of equity a bar": tuple(f"costs/{line}_bp" for line in ("commission", "spread", "impact", "borrow")),
    },
    "learning": {
        "losses": ("learn/policy_loss", "learn/value_loss", "learn/q_loss"),
        "entropy": ("learn/entropy",),
        "explained variance": ("learn/explained_variance",),
    },
}
"""Charts that stand together on the tab `Custom Scalars`."""


class TensorBoardLog:
    """Writes scalars by step; the step is the number of environment steps sampled so far.

    Args:
        folder: Where the event file goes.
        job_text: YAML of the job, shown on the tab `Text`.
    """

    def __init__(self, folder: Path, job_text: str) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))  # type: ignore[no-untyped-call]
        self._writer.add_text("job", "".join(f"    {line}\n" for line in job_text.splitlines()))  # type: ignore[no-untyped-call]
        layout = {group: {title: ["Multiline", list(tags)] for title, tags in charts.items()} for group, charts in CHARTS.items()}
        self._writer.add_custom_scalars(layout)  # type: ignore[no-untyped-call]

    def log(self, figures: Mapping[str, float | int | None], step: int) -> None:
        """Write every figure that is a finite number."""
        for tag, value in figures.items():
            if "/" in tag and isinstance(value, int | float) and math.isfinite(value):
                self._writer.add_scalar(tag, value, step)  # type: ignore[no-untyped-call]
        self._writer.flush()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Flush and close the event file."""
        self._writer.close()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
