"""An episode while it is being recorded, and how it becomes files."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..encoders.form import REFERENCE_SIZE
from ..encoders.layout import Layout
from ..market.account import FILL
from ..market.record import joined
from .info import ATTRIBUTION

if TYPE_CHECKING:
    from .batch import TradingVectorEnv

__all__ = ["RECORDING_VERSION", "STEP_COLUMNS", "EpisodeDraft", "observation_names"]

RECORDING_VERSION = 1
STEP_COLUMNS = (*ATTRIBUTION, "traded_notional")


def observation_names(layout: Layout, form: str) -> list[str]:
    """Return a name for every number that `View` writes, in order; an earlier row of the window is `name[-1]`, `name[-2]`, ..."""
    private = [column.name for column in layout.private]
    if form == "reference":
        return ["row_page", "row_in_page", *private][: REFERENCE_SIZE + len(private)]
    back = range(layout.window - 1, -1, -1)
    return [name if lag == 0 else f"{name}[-{lag}]" for lag in back for name in layout.names] + private


@dataclass
class EpisodeDraft:
    """What was seen of one episode so far.

    Attributes:
        row: Tape row that has been reached.
        rows: Tape row of each decision.
        observations: What each saw, float32 (width,).
        actions: What each said.
        results: Reward, terminated, truncated of each.
        equity: After each.
        lines: `STEP_COLUMNS` of each.
        units: Positions after each, (A,).
        fills: FILL records of each.
    """

    row: int
    rows: list[int] = field(default_factory=list)
    observations: list[np.ndarray] = field(default_factory=list)
    actions: list[np.ndarray] = field(default_factory=list)
    results: list[tuple[float, bool, bool]] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)
    lines: list[list[float]] = field(default_factory=list)
    units: list[np.ndarray] = field(default_factory=list)
    fills: list[np.ndarray] = field(default_factory=list)

    def note(self, env: "TradingVectorEnv", index: int) -> None:
        """Take note of a bar that was played; nothing, where this sub-environment did not move."""
        sim = env.simulator
        if int(sim.rows[index]) == self.row:
            return
        record = sim.record[index]
        self.row = int(sim.rows[index])
        self.equity.append(float(record["equity"]))
        self.lines.append([float(record[name]) for name in STEP_COLUMNS])
        self.units.append(sim.position["units"][index].copy())
        self.fills.append(sim.fills_of_step(index))

    def decided(self, observation: np.ndarray, action: np.ndarray, reward: float, terminated: bool, truncated: bool) -> None:
        """Take note of the decision that led there."""
        self.rows.append(self.row - 1)
        self.observations.append(observation)
        self.actions.append(action)
        self.results.append((reward, terminated, truncated))

    def write(self, place: Path, env: "TradingVectorEnv", index: int, last: np.ndarray | None) -> None:
        """Write the episode into the new folder `place`; `last` is its last observation, None where it was cut short."""
        import polars as pl

        place.mkdir()
        tape, layout, closes = env.tape, env.layout, env.tape.close_at
        shown = np.array([*self.observations, *([] if last is None else [last])], np.float32)
        rows = np.array([*self.rows, *([] if last is None else [self.row])], np.int64)
        steps: dict[str, Any] = {"step": np.arange(len(rows)), "row": rows}
        steps["time"] = pl.Series(closes[rows]).cast(pl.Datetime("ns", "UTC"))
        steps |= {f"obs.{name}": shown[:, at] for at, name in enumerate(observation_names(layout, env.view.form))}
        led = pl.DataFrame({"step": np.arange(len(self.rows))} | self._results(env))
        frame = pl.DataFrame(steps).join(led, on="step", how="left", maintain_order="left")
        frame.write_parquet(place / "steps.parquet")
        log = joined(self.fills, FILL)
        own = {name: log[name].copy() for name in FILL.names or ()}
        own["symbol"] = np.array(tape.symbols)[log["asset"]]
        pl.DataFrame(own).write_parquet(place / "fills.parquet")
        about = {
            "version": RECORDING_VERSION, "env": env.name, "sub_environment": index, "ended": last is not None, "tape": tape.name,
            "tape_digest": tape.digest if env.world.source is not None else "", "assets": list(tape.symbols),
            "currency": tape.currency, "observation": env.view.form, "layout": layout.to_json(),
        }
        (place / "episode.json").write_text(json.dumps(about, indent=1))

    def _results(self, env: "TradingVectorEnv") -> dict[str, Any]:
        actions, scheme = np.array(self.actions), env.scheme
        led: dict[str, Any] = {}
        if actions.ndim == 1:
            led["action"] = actions
        else:
            led |= {f"action.{label}": actions[:, at] for at, label in enumerate(scheme.labels)}
        reward, terminated, truncated = zip(*self.results, strict=True)
        led |= {"reward": np.array(reward), "terminated": np.array(terminated), "truncated": np.array(truncated)}
        led["equity"] = np.array(self.equity)
        lines, units = np.array(self.lines), np.array(self.units)
        led |= {name: lines[:, at] for at, name in enumerate(STEP_COLUMNS)}
        return led | {f"units.{symbol}": units[:, at] for at, symbol in enumerate(env.tape.symbols)}
