"""What an agent sees: a window of market rows or a reference to it, the parts of the account, what the reward adds."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from gymnasium.spaces import Box, Dict, Space

from ..encoders.form import PAGE, REFERENCE_SIZE, dict_of_flat
from ..encoders.table import FeatureTable
from ..market.desk import Books
from ..market.kernel import kernel
from .parts.part import Part
from .parts.registry import columns_of
from .rewards.reward import Reward
from .window import MarketWindow

__all__ = ["FORMS", "Form", "View"]

Form = Literal["flat", "dict", "reference"]
FORMS: tuple[str, ...] = get_args(Form)


@kernel(inline=True)
def write_reference(e: int, row: int, page: int, out: np.ndarray) -> None:
    """Write where the newest row stands: its page and its place there, both exact as float32."""
    out[e, 0] = row // page
    out[e, 1] = row % page


@kernel
def write_references(active: np.ndarray, rows: np.ndarray, page: int, out: np.ndarray) -> None:
    """Write the reference of every active environment."""
    for e in range(rows.shape[0]):
        if active[e]:
            write_reference(e, rows[e], page, out)


class View:
    """Writes observations, float32 (E, `width`), and shows them in one of the forms.

    - `flat`: W x F market numbers, oldest row first, then the P private ones; `layout` names every number.
    - `dict`: the same numbers by parts (`encoders.form.dict_of_flat`), as views.
    - `reference`: row // 4096, row % 4096 of the newest row, then the P private ones; whoever has the feature table gathers the
      window (`encoders.form.flat_of_reference`).

    Attributes:
        layout: What a flat observation holds, whatever the form.
        form: `flat`, `dict` or `reference`.
        width: Numbers that are written for one observation.
        private_at: Column at which the private ones begin.
        reward_at: Column at which those of the reward begin.
    """

    def __init__(self, table: FeatureTable, window: int, parts: Sequence[Part], reward: Reward, form: Form = "flat") -> None:
        self.market, self.parts, self.reward, self.form = MarketWindow(table, window), tuple(parts), reward, form
        self.layout = table.layout.with_private((*columns_of(parts), *reward.columns), window)
        self.private_at = REFERENCE_SIZE if form == "reference" else self.market.size
        self.reward_at = self.private_at + len(columns_of(parts))
        self.width = self.private_at + self.layout.n_private
        self._n_rows = table.n_rows

    @property
    def history(self) -> int:
        """Rows that the first observation of a tape needs, its own included: window and warm-up of the features."""
        return max(self.market.window, self.layout.warmup + 1)

    def space(self) -> Space[Any]:
        """Return the space of one observation."""
        low, high = self.layout.flat_bounds
        if self.form == "flat":
            return Box(low, high, dtype=np.float32)
        if self.form == "reference":
            private_low, private_high = low[self.market.size :], high[self.market.size :]
            pages = np.float32((self._n_rows - 1) // PAGE)
            return Box(np.concatenate([np.zeros(REFERENCE_SIZE, np.float32), private_low]),
                       np.concatenate([np.array([pages, PAGE - 1], np.float32), private_high]), dtype=np.float32)
        return self._dict_space(low, high)

    def _dict_space(self, low: np.ndarray, high: np.ndarray) -> Dict:
        lows, highs = (dict_of_flat(bound[None], self.layout) for bound in (low, high))
        spaces: dict[str, Space[Any]] = {}
        for name, values in lows.items():
            if name in ("mask", "action_mask"):
                spaces[name] = Box(0, 1, values.shape[1:], np.int8)
            elif name == "edge_index":
                spaces[name] = Box(0, self.layout.n_assets - 1, values.shape[1:], np.int64)
            else:
                spaces[name] = Box(values[0].copy(), highs[name][0].copy(), dtype=np.float32)
        return Dict(spaces)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray) -> None:
        """Write the observations of the environments in `active` (E,) into `out` float32 (E, `width`)."""
        if self.form == "reference":
            write_references(active, books.rows, PAGE, out)
        else:
            self.market.write(active, books.rows, out)
        self.write_private(active, books, out)

    def write_private(self, active: np.ndarray, books: Books, out: np.ndarray, n_written: int = 0, paid: bool = False) -> None:
        """Write the private columns of the environments in `active` (E,).

        Args:
            active: bool (E,).
            books: What the parts read.
            out: float32 (E, `width`).
            n_written: The first so many parts are written already.
            paid: Whether the columns of the reward are, too.
        """
        at = self.private_at
        for index, part in enumerate(self.parts):
            if index >= n_written:
                part.write(active, books, out, at)
            at += len(part.columns)
        if self.reward.columns and not paid:
            self.reward.write(out, self.reward_at)

    def show(self, written: np.ndarray) -> Any:
        """Return what was written, (E, `width`), in the form asked for; parts are views of it."""
        return dict_of_flat(written, self.layout) if self.form == "dict" else written

    def show_one(self, written: np.ndarray) -> Any:
        """Return one observation, (`width`,), in the form asked for."""
        if self.form != "dict":
            return written
        return {name: values[0] for name, values in dict_of_flat(written[None], self.layout).items()}
