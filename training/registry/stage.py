"""The stages of a run, and the promotions that lead there."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from ...market.errors import IntegrityError, UnknownNameError

__all__ = ["DEPLOYED", "STAGES", "Promotion", "Stage", "check_stage", "replay_promotions"]

Stage = Literal["none", "candidate", "paper", "live", "archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)
DEPLOYED: tuple[Stage, ...] = ("paper", "live")
"""Stages that one run of a name holds at a time, and in which it cannot be deleted."""


@dataclass(frozen=True)
class Promotion:
    """One step of a run from stage to stage.

    Attributes:
        number: Place in the history of its name, from 1.
        run: Id of the run.
        stage: Where it went.
        before: Where it was.
        at_ns: When, ns UTC.
        reason: Why, as somebody said it.
        bundle: Digest of the bundle that was checked; None where none was needed.
    """

    number: int
    run: str
    stage: Stage
    before: Stage
    at_ns: int
    reason: str
    bundle: str | None

    def text(self) -> str:
        """Return the promotion as one line of JSON."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def of(cls, text: str, where: str) -> "Promotion":
        """Read what `text` wrote.

        Raises:
            IntegrityError: It is something else.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise IntegrityError(f"{where}: unreadable promotion ({error})") from None


def check_stage(stage: str) -> Stage:
    """Return `stage`.

    Raises:
        UnknownNameError: There is no such stage.
    """
    for known in STAGES:
        if stage == known:
            return known
    raise UnknownNameError("stage", stage, STAGES)


def replay_promotions(promotions: Iterable[Promotion]) -> dict[str, Stage]:
    """Return the stage of every run that was ever promoted, from the history of one name.

    Whoever is promoted to `paper` or `live` archives the one that was there, so that each holds one run at most: by construction,
    whatever moment a process was killed at.
    """
    stages: dict[str, Stage] = {}
    for promotion in sorted(promotions, key=lambda one: one.number):
        if promotion.stage in DEPLOYED:
            stages |= {run: "archived" for run, stage in stages.items() if stage == promotion.stage}
        stages[promotion.run] = promotion.stage
    return stages
