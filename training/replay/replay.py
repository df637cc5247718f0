"""The replay of an off-policy learner: a ring, the draw from it, and what it takes to go on after a stop."""

import json
from contextlib import suppress
from pathlib import Path

import numpy as np

from ...agents.array_file import read_arrays, write_arrays
from ...market.errors import IntegrityError
from ...market.seeding import generator
from .chunks import Chunks
from .priorities import Priorities
from .ring import Ring, RingShape
from .steps import Batch, Steps

__all__ = ["CHUNKS", "Replay"]

CHUNKS = "replay"
"""Folder of the rows, beside the folders that `save` is given."""

FACTS, PRIORITIES = "replay.json", "priorities.npz"


class Replay:
    """Transitions of E environments that step together, drawn uniformly or by priority, with returns over n steps.

    Args:
        shape: How much it holds.
        n_step: Steps of a return, 1 or more.
        gamma: Discount of a step.
        seed: Of the draws.
        exponent: Of the priorities; None: draws are uniform.

    Raises:
        ConfigError: It does not fit into memory; nothing was allocated.
    """

    def __init__(
        self, shape: RingShape, *, n_step: int, gamma: float, seed: int | np.random.SeedSequence, exponent: float | None = None
    ) -> None:
        self.ring = Ring(shape)
        self.n_step, self.gamma = n_step, gamma
        self.priorities = None if exponent is None else Priorities(shape.n_rows * shape.n_envs, exponent)
        self._random = generator(seed)
        self._cuts: list[list[int]] = []  # row after which, from and to which environment other episodes began, unsaid by any
        self._chunks: Chunks | None = None

    def __len__(self) -> int:
        """Return how many transitions can be drawn."""
        return len(self.ring)

    def add(self, steps: Steps) -> None:
        """Append what was played; the oldest is overwritten. ShapeError where an array has another shape or dtype."""
        slots = self.ring.append(steps)
        if self.priorities is not None:
            missing = self.ring.missing(slots)
            self.priorities.begin(slots[~missing])
            self.priorities.forget(slots[missing])

    def cut(self, first: int = 0, stop: int | None = None) -> None:
        """Note that environments `first` to `stop` begin anew: no return reaches from what was played before into what comes."""
        if not self.ring.written:
            return
        newest, stop = self.ring.written - 1, self.ring.shape.n_envs if stop is None else stop
        self.ring.cut(newest, first, stop)
        self._cuts = [cut for cut in (*self._cuts, [newest, first, stop]) if cut[0] >= self.ring.oldest]

    def sample(self, n: int, correction: float = 1.0) -> Batch:
        """Draw `n` transitions, with replacement.

        Args:
            n: How many.
            correction: beta of the importance weights, where there are priorities.

        Raises:
            IndexError: Nothing was added yet.
        """
        if not len(self.ring):
            raise IndexError("nothing can be drawn from an empty replay; add steps first")
        if self.priorities is None:
            slots = self._random.integers(0, self.ring.n_slots, n)
            while self.ring.n_missing and len(odd := np.flatnonzero(self.ring.missing(slots))):
                slots[odd] = self._random.integers(0, self.ring.n_slots, len(odd))
            weights = np.ones(n, np.float32)
        else:
            slots = self.priorities.draw(self._random.random(n))
            weights = self.priorities.weights(slots, len(self.ring), correction)
        obs, actions, rewards, discounts, next_obs, terminated = self.ring.read(slots, self.n_step, self.gamma)
        return Batch(obs, actions, rewards, discounts, next_obs, terminated, weights, slots)

    def update(self, slots: np.ndarray, errors: np.ndarray) -> None:
        """Tell the errors (B,) of what was drawn from `slots` (B,); without priorities nothing happens."""
        if self.priorities is not None:
            self.priorities.update(slots, errors)

    def save(self, folder: Path) -> None:
        """Write the state into an existing folder, and rows that came since the last call into `CHUNKS` beside it.

        Files that neither this state nor one in another folder beside it names are deleted.

        Raises:
            OSError: Something cannot be written; the state before is as good as it was.
        """
        place = folder.parent / CHUNKS
        if self._chunks is None or self._chunks.folder != place:
            self._chunks = Chunks(place)
        chunks = Chunks.plain(self._chunks.save(self.ring))
        self._chunks.sweep(_named_beside(folder))
        if self.priorities is not None:
            write_arrays(folder / PRIORITIES, self.priorities.state())
        facts = {"written": self.ring.written, "chunks": chunks, "cuts": self._cuts, "random": self._random.bit_generator.state}
        (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, bit for bit; the ring must be empty.

        Raises:
            IntegrityError: A file is missing or damaged, or the state is of another replay.
        """
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            chunks, written, cuts, state = (facts[name] for name in ("chunks", "written", "cuts", "random"))
        except (OSError, ValueError, KeyError) as error:
            raise IntegrityError(f"{folder / FACTS}: unreadable ({error})") from None
        self._chunks = Chunks(folder.parent / CHUNKS)
        self._chunks.load(chunks, self.ring, written)
        whole = self.ring.shape.n_envs
        self._cuts = [[cut, 0, whole] if isinstance(cut, int) else cut for cut in cuts]  # as earlier checkpoints have them
        for row, first, stop in self._cuts:
            if row >= self.ring.oldest:
                self.ring.cut(row, first, stop)
        if self.priorities is not None:
            self.priorities.load(read_arrays(folder / PRIORITIES))
        self._random.bit_generator.state = state


def _named_beside(folder: Path) -> list[str]:
    """Return the files that states in the folders beside `folder` name; a state that cannot be read cannot be loaded either."""
    names: list[str] = []
    for facts in folder.parent.glob(f"*/{FACTS}"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            names += [chunk["name"] for chunk in json.loads(facts.read_text(encoding="utf-8"))["chunks"]]
    return names
