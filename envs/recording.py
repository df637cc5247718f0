"""Recordings of episodes in Parquet: what was seen, decided, paid and filled, one folder an episode."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ..market.errors import ConfigError, IntegrityError
from .batch import TradingVectorEnv
from .episode_draft import RECORDING_VERSION, EpisodeDraft
from .single import SingleEnv

if TYPE_CHECKING:
    import polars as pl

__all__ = ["RecordedEpisode", "Recorder", "read_episode", "record_episodes", "recorded_episodes"]


@dataclass(frozen=True)
class RecordedEpisode:
    """One episode as it was written.

    Attributes:
        steps: A row for each decision and one for the last observation: `step`, `row` (of the tape, at whose close the observation
            was made), `time`, the observation (`obs.<name>`; earlier rows of a window `obs.<name>[-1]`, ...), `action` (or
            `action.<label>`), and what the decision led to: `reward`, `terminated`, `truncated`, `equity`, every line of
            `envs.info.ATTRIBUTION`, `traded_notional`, `units.<symbol>`; null in the last row.
        fills: FILL records, one a row, with `symbol`.
        about: Environment, tape, layout, assets, currency and whether the episode ended or was cut short.
    """

    steps: "pl.DataFrame"
    fills: "pl.DataFrame"
    about: dict[str, Any]


def record_episodes(env: Any, folder: str | Path, envs: Sequence[int] = (0,)) -> "Recorder":
    """Begin to record the episodes of the sub-environments `envs`, from the next reset of each on; return the recorder.

    Args:
        env: A batch or a single environment of ours, made with `record_fills=True`.
        folder: Where episodes are written, `env0000-episode000000` and on; those of earlier recordings stay.
        envs: Which sub-environments.

    Raises:
        ConfigError: It is no environment of ours, keeps no fills, or has no such sub-environment.
    """
    made = getattr(env, "unwrapped", env)
    batch = made.batch if isinstance(made, SingleEnv) else made
    if not isinstance(batch, TradingVectorEnv):
        raise ConfigError(f"recording needs an environment of quantgym, was {type(made).__name__}")
    if batch.simulator.fills.shape[1] == 0:
        raise ConfigError(f"recording {batch.name} needs the fills of its steps; make it with record_fills=True")
    wrong = [index for index in envs if not 0 <= index < batch.num_envs]
    if wrong or not len(envs):
        raise ConfigError(f"envs must be indices from 0 to {batch.num_envs - 1}, was {list(envs)}")
    recorder = Recorder(batch, Path(folder), tuple(dict.fromkeys(int(index) for index in envs)))
    batch.watchers.append(recorder)
    return recorder


def recorded_episodes(folder: str | Path) -> list[Path]:
    """Return the folders of the recorded episodes, by sub-environment and then in order; what is unfinished is left out."""
    return sorted(path for path in Path(folder).glob("env*-episode*") if (path / "episode.json").exists())


def read_episode(path: str | Path) -> RecordedEpisode:
    """Return a recorded episode; IntegrityError where it cannot be read or is of another version."""
    import polars as pl

    place = Path(path)
    try:
        about = json.loads((place / "episode.json").read_text())
        steps, fills = pl.read_parquet(place / "steps.parquet"), pl.read_parquet(place / "fills.parquet")
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise IntegrityError(f"recording {place} cannot be read: {error}") from None
    if about.get("version") != RECORDING_VERSION:
        raise IntegrityError(f"recording {place} must be of version {RECORDING_VERSION}, was {about.get('version')}")
    return RecordedEpisode(steps, fills, about)


class Recorder:
    """Looks on and writes every episode when it ends. One that is reset before, or open at `close`, is written as cut short."""

    def __init__(self, env: TradingVectorEnv, folder: Path, envs: tuple[int, ...]) -> None:
        self.env, self.folder, self.envs = env, folder, envs
        self._seen: dict[int, np.ndarray] = {}  # copies: what was returned is the caller's, who may write into it
        self._running: dict[int, EpisodeDraft] = {}
        self._next = dict.fromkeys(envs, 0)
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, envs: np.ndarray, env: TradingVectorEnv) -> None:
        """See `Watcher.begin`."""
        for index in self.envs:
            if envs[index]:
                self._finish(index, None)
                self._running[index] = EpisodeDraft(int(env.books.rows[index]))

    def note(self, env: TradingVectorEnv) -> None:
        """See `Watcher.note`."""
        for index, draft in self._running.items():
            draft.note(env, index)

    def observed(self, written: np.ndarray) -> None:
        """See `Watcher.observed`."""
        self._seen = {index: written[index].copy() for index in self.envs}

    def stepped(self, env: TradingVectorEnv, actions: np.ndarray, written: np.ndarray, rewards: np.ndarray,
                terminated: np.ndarray, truncated: np.ndarray, resetting: np.ndarray | None) -> None:  # fmt: skip
        """See `Watcher.stepped`."""
        for index, draft in list(self._running.items()):
            if index not in self._seen or (resetting is not None and resetting[index]):
                continue
            ended = bool(terminated[index]), bool(truncated[index])
            draft.decided(self._seen[index], np.array(actions[index]), float(rewards[index]), *ended)
            if any(ended):
                self._finish(index, written[index])
        self.observed(written)

    def close(self) -> None:
        """Write what is running as cut short, and look no more."""
        for index in self.envs:
            self._finish(index, None)
        if self in self.env.watchers:
            self.env.watchers.remove(self)

    def _finish(self, index: int, last: np.ndarray | None) -> None:
        draft = self._running.pop(index, None)
        if draft is None or not draft.rows:
            return
        while (place := self.folder / f"env{index:04d}-episode{self._next[index]:06d}").exists():
            self._next[index] += 1
        with TemporaryDirectory(dir=self.folder, prefix=".writing-") as made:
            draft.write(Path(made) / "episode", self.env, index, last)
            os.replace(Path(made) / "episode", place)
