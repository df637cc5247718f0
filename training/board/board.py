"""`Board`: what a researcher finds in TensorBoard, the same in every backend; every tag is explained in docs/tensorboard.md."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import yaml

from ...configs.job import Job
from ..progress import Iteration
from ..validation import Showing
from .charts import charts_of
from .event_file import EventFile, finite
from .figure import entropy_picture, equity_picture
from .picture import Picture
from .setting import job_settings

__all__ = ["Board"]

MOST_PICTURES = 10  # of a tag: TensorBoard's slider shows no more by default


class Board:
    """Writes a run's events; the horizontal axis is environment steps.

    Args:
        folder: Where the event file goes.
        job: What is trained; shown as text and, at the end, as HParams.
        earlier: The iterations before a resume, for the figure of entropy against turnover.
        varied: Paths of the settings that a search varies; HParams then tells them alone.
    """

    def __init__(self, folder: Path, job: Job, earlier: Sequence[Iteration] = (), varied: Sequence[str] = ()) -> None:
        self.job, self._varied = job, varied
        self._events = EventFile(folder)
        self._path: list[tuple[int, float, float]] = []
        for iteration in earlier:
            self._note(iteration)
        self._step = earlier[-1].steps if earlier else 0
        planned = math.ceil(job.training.iterations / job.training.validate_every)
        self._every = math.ceil(planned / MOST_PICTURES)
        self._shown = sum(1 for iteration in earlier if "validation/equity" in iteration.figures)
        self._waiting: tuple[Showing, Mapping[str, Showing], int] | None = None
        text = yaml.safe_dump(job.plain(), sort_keys=False)
        self._events.text("job", "".join(f"    {line}\n" for line in text.splitlines()))
        self._events.layout(charts_of(job))
        self._events.flush()

    def cut(self, step: int) -> None:
        """Say that training goes on from `step` of an earlier process, whose later work was lost and is not shown twice."""
        self._events.cut(step)
        self._path = [one for one in self._path if one[0] <= step]

    def iteration(self, iteration: Iteration, distributions: Mapping[str, np.ndarray]) -> None:
        """Write an iteration.

        Args:
            iteration: Its finite figures with a tag `group/name` are written.
            distributions: By name, such as actions and weights: any shape; shown as `histogram/<name>`.
        """
        self._step = iteration.steps
        self._events.scalars(finite(iteration.figures), iteration.steps)
        for name, values in distributions.items():
            self._events.histogram(f"histogram/{name}", values, iteration.steps)
        self._note(iteration)
        self._events.flush()

    def validation(self, showing: Showing, baselines: Mapping[str, Showing], step: int) -> None:
        """Draw a validation: equity and drawdown against baselines, and entropy against turnover so far.

        Of a run with more than ten validations about ten are drawn, evenly spread, and the last.
        """
        self._shown += 1
        self._waiting = (showing, baselines, step)
        if self._shown == 1 or self._shown % self._every == 0:
            self._draw()

    def finish(self, metrics: Mapping[str, float]) -> None:
        """Write the line of the tab `HParams`: the job's settings and `final/*`.

        Args:
            metrics: Of the policy that the run leaves, by name or `validation/<name>`; TensorBoard shows the first one unasked.
        """
        self._draw()
        self.reached(metrics)

    def reached(self, metrics: Mapping[str, float]) -> None:
        """Write that line for the policy that is kept so far, for a run that may be ended from outside; the last one counts."""
        final = {f"final/{name.rpartition('/')[2]}": value for name, value in metrics.items()}
        self._events.hparams(job_settings(self.job, self._varied), finite(final), self._step)
        self._events.flush()

    def close(self) -> None:
        """Draw what waits, flush and close the event file."""
        self._draw()
        self._events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _note(self, iteration: Iteration) -> None:
        entropy, turnover = (iteration.figures.get(tag, math.nan) for tag in ("learn/entropy", "train/turnover"))
        if math.isfinite(entropy) and math.isfinite(turnover):
            self._path.append((iteration.steps, entropy, 100.0 * turnover))

    def _draw(self) -> None:
        if self._waiting is None:
            return
        showing, baselines, step = self._waiting
        self._waiting = None
        self._show("figures/equity_and_drawdown", equity_picture(showing, baselines, step), step)
        if (picture := entropy_picture(self._path)) is not None:
            self._show("figures/entropy_against_turnover", picture, step)
        self._events.flush()

    def _show(self, tag: str, picture: Picture, step: int) -> None:
        self._events.image(tag, picture.png(), picture.width, picture.height, step)
