"""TensorBoard's event file: scalars of a step in one record, histograms, pictures, text, layouts and HParams."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .record_file import RecordFile

__all__ = ["EventFile"]

BINS = 32


class EventFile:
    """Appends to a new event file of a folder; TensorBoard reads all files of one as one run.

    Args:
        folder: Where the file goes.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2

        self._event, self._summary = event_pb2, summary_pb2
        self._writer = RecordFile(folder)

    def cut(self, step: int) -> None:
        """Say that training goes on from `step`: what earlier files of the folder hold after it is not shown any more."""
        start = self._event.SessionLog(status=self._event.SessionLog.START)
        self._writer.add_event(self._event.Event(file_version="brain.Event:2"), step + 1)
        self._writer.add_event(self._event.Event(session_log=start), step + 1)

    def scalars(self, figures: Mapping[str, float], step: int) -> None:
        """Write figures by tag, together."""
        value = self._summary.Summary.Value
        self._add([value(tag=tag, simple_value=number) for tag, number in figures.items()], step)

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """Write how finite values of any shape are spread, in 32 bins of equal width; nothing where there are none."""
        flat = np.asarray(values, np.float64).ravel()
        flat = flat[np.isfinite(flat)]
        if not flat.size:
            return
        counts, edges = np.histogram(flat, BINS)
        spread = self._summary.HistogramProto(
            min=float(flat.min()), max=float(flat.max()), num=flat.size, sum=float(flat.sum()), sum_squares=float(flat @ flat),
            bucket_limit=edges.tolist(), bucket=[0.0, *counts.tolist()],
        )  # fmt: skip
        self._add([self._summary.Summary.Value(tag=tag, histo=spread)], step)

    def image(self, tag: str, png: bytes, width: int, height: int, step: int) -> None:
        """Write a PNG of `width` x `height`."""
        image = self._summary.Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=png)
        self._add([self._summary.Summary.Value(tag=tag, image=image)], step)

    def text(self, tag: str, markdown: str) -> None:
        """Write text for the tab `Text`, at step 0."""
        from torch.utils.tensorboard.summary import text

        self._writer.add_summary(text(tag, markdown), 0)  # type: ignore[no-untyped-call]

    def layout(self, charts: Mapping[str, Mapping[str, list[str]]]) -> None:
        """Write which tags stand together on the tab `Custom Scalars`: group, title, tags."""
        from torch.utils.tensorboard.summary import custom_scalars

        layout = {group: {title: ["Multiline", tags] for title, tags in titles.items()} for group, titles in charts.items()}
        self._writer.add_summary(custom_scalars(layout), 0)  # type: ignore[no-untyped-call]

    def hparams(self, settings: Mapping[str, Any], metrics: Mapping[str, float], step: int) -> None:
        """Write a line of the tab `HParams`: settings (numbers, bools, text), and metrics, which are scalars at `step` too."""
        from torch.utils.tensorboard.summary import hparams

        for summary in hparams(dict(settings), dict(metrics)):  # type: ignore[no-untyped-call]
            self._writer.add_summary(summary, 0)
        self.scalars(metrics, step)

    def flush(self) -> None:
        """Hand everything to the file system."""
        self._writer.flush()

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()

    def _add(self, values: list[Any], step: int) -> None:
        if values:
            self._writer.add_summary(self._summary.Summary(value=values), step)


def finite(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what has a tag (`group/name`) and is a finite number."""
    return {tag: float(value) for tag, value in figures.items()
            if "/" in tag and isinstance(value, int | float) and math.isfinite(value)}
