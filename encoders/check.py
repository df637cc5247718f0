"""The checker of the encoder contract: causal, streaming, stateful, finite. Anybody's encoder can be given to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..market.errors import DataError, IntegrityError
from ..market.seeding import generator
from .base import Encoder, EncoderState, restore_encoder

if TYPE_CHECKING:
    from ..data.tape import Tape

__all__ = ["TOLERANCE", "EncoderReport", "check_encoder"]

TOLERANCE = 1e-5
"""Difference allowed to numeric encoders, as a fraction of the column's scale."""


@dataclass(frozen=True)
class EncoderReport:
    """What was compared.

    Attributes:
        n_rows: T of the tape.
        cuts: Rows from which on the future was cut off, corrupted and permuted.
        largest_difference: Between stream and batch, as a fraction of the column's scale; 0 for exact encoders.
    """

    n_rows: int
    cuts: tuple[int, ...]
    largest_difference: float


def check_encoder(
    encoder: Encoder,
    tape: "Tape",
    *,
    cuts: tuple[int, ...] | None = None,
    restore: Callable[[EncoderState], Encoder] = restore_encoder,
    seed: int = 0,
) -> EncoderReport:
    """Prove that a fitted encoder keeps the contract on `tape`; its stream is reset.

    1. Shape, dtype, finiteness, declared range, and zeros during warm-up.
    2. Causality: with the rows from a cut on cut off, corrupted or permuted, nothing before the cut changes.
    3. Streaming: `update` row by row gives the batch's rows, from the start and after `prime` up to a cut; `transform` in
       between does not disturb the stream.
    4. State: an encoder restored from `state()` goes on as the original does and transforms alike.

    Args:
        encoder: Fitted, if it needs to be.
        tape: At least twice as long as the warm-up, and 8 rows.
        cuts: Where the future begins; None: four rows spread over the part after the warm-up.
        restore: Makes an encoder from a state; the default knows the registry.
        seed: Of corruption and permutation.

    Raises:
        DataError: The tape is too short to prove anything.
        IntegrityError: The contract is broken; says how, at which row and column.
    """
    n_rows, warmup = tape.n_rows, encoder.warmup
    if n_rows < max(2 * warmup, warmup + 8):
        raise DataError(f"check_encoder: tape {tape.name} has {n_rows} rows, encoder {encoder.name} (warm-up {warmup}) needs "
                        f"{max(2 * warmup, warmup + 8)}")
    if cuts is None:
        cuts = tuple(int(cut) for cut in np.linspace(warmup + 2, n_rows - 2, 4))
    encoder.reset()
    batch = encoder.transform(tape)
    _check_values(encoder, tape, batch)
    scale = np.maximum(batch.reshape(-1, batch.shape[-1]).std(axis=0), 1e-12)
    compare = _Comparison(encoder, scale)
    compare.equal(encoder.transform(tape), batch, "a second transform of the same tape")
    for cut in cuts:
        for what, future in _futures(tape, cut, seed):
            changed = encoder.transform(future)[:cut]
            compare.equal(changed, batch[:cut], f"rows before {cut}, with the later ones {what}", "it looks into the future")
    stream = []
    for row in range(n_rows):
        stream.append(encoder.update(tape.row(row)))
        if row == cuts[0]:
            encoder.transform(tape)
    compare.equal(np.stack(stream), batch, "update row by row")
    middle = cuts[len(cuts) // 2]
    encoder.reset()
    encoder.prime(tape.slice(0, middle))
    twin = restore(encoder.state())
    for name, one in (("prime", encoder), ("a restored state", twin)):
        rest = np.stack([one.update(tape.row(row)) for row in range(middle, n_rows)])
        compare.equal(rest, batch[middle:], f"update after {name}, rows counted from {middle}")
    compare.equal(twin.transform(tape), batch, "transform by the restored encoder")
    encoder.reset()
    return EncoderReport(n_rows, cuts, compare.largest)


class _Comparison:
    """Equality as the encoder declares it: bits, or a fraction of each column's scale."""

    def __init__(self, encoder: Encoder, scale: np.ndarray) -> None:
        self.encoder, self.scale, self.largest = encoder, scale, 0.0

    def equal(self, given: np.ndarray, expected: np.ndarray, what: str, verdict: str = "batch and stream must agree") -> None:
        if given.shape != expected.shape or given.dtype != expected.dtype:
            raise IntegrityError(f"encoder {self.encoder.name}: {what}: shape and dtype must be {expected.shape} {expected.dtype}, "
                                 f"were {given.shape} {given.dtype}")
        difference = np.abs(given.astype(np.float64) - expected) / self.scale
        self.largest = max(self.largest, float(difference.max(initial=0.0)))
        wrong = given != expected if self.encoder.exact else ~(difference <= TOLERANCE)
        if wrong.any():
            place = tuple(int(index) for index in np.argwhere(wrong)[0])
            column = self.encoder.columns[place[-1]].name
            raise IntegrityError(f"encoder {self.encoder.name}: {what}: column {column} differs in {int(wrong.sum())} places, "
                                 f"first at row {place[0]}: {given[place]} against {expected[place]}; {verdict}")


def _check_values(encoder: Encoder, tape: "Tape", batch: np.ndarray) -> None:
    columns = encoder.columns
    shape = (tape.n_rows, tape.n_assets, len(columns)) if encoder.per_asset else (tape.n_rows, len(columns))
    where = f"encoder {encoder.name}"
    if batch.shape != shape or batch.dtype != np.float32:
        raise IntegrityError(f"{where}: transform must give float32 {shape}, gave {batch.dtype} {batch.shape}")
    if encoder.warmup != max(column.warmup for column in columns):
        raise IntegrityError(f"{where}: warmup must be the longest of its columns', was {encoder.warmup}")
    listed = np.cumsum(tape.close > 0.0, axis=0) - 1 if encoder.per_asset else np.arange(tape.n_rows)
    for index, column in enumerate(columns):
        values = batch[..., index]
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise IntegrityError(f"{where}: column {column.name} must be finite, was {values[row]} at row {row}")
        early = values[listed < column.warmup]
        if (early != 0.0).any():
            raise IntegrityError(f"{where}: column {column.name} must be 0 unlisted and in its warm-up of {column.warmup} rows")
        late = values[listed >= column.warmup]
        if late.size and not (late.min() >= np.float32(column.low) and late.max() <= np.float32(column.high)):
            raise IntegrityError(f"{where}: column {column.name} must lie in [{column.low}, {column.high}], "
                                 f"was in [{late.min()}, {late.max()}]")


def _futures(tape: "Tape", cut: int, seed: int) -> Iterator[tuple[str, "Tape"]]:
    """Yield tapes that agree with `tape` in the rows before `cut` and in nothing after."""
    yield "cut off", tape.slice(0, cut)
    draw = generator(np.random.SeedSequence(seed, spawn_key=(cut,)))
    corrupt = tape.bars.copy()
    future = corrupt[cut:]
    factor = np.exp(draw.normal(0.0, 0.5, future.shape))
    for name in ("open", "high", "low", "close"):
        future[name] *= factor
    future["volume"] *= np.exp(draw.normal(0.0, 1.0, future.shape))
    yield "corrupted", _with_bars(tape, corrupt)
    permuted = tape.bars.copy()
    for asset in range(tape.n_assets):
        listed = cut + np.flatnonzero(tape.close[cut:, asset] > 0.0)  # nobody is listed twice
        permuted[listed, asset] = permuted[draw.permutation(listed), asset]
    yield "permuted", _with_bars(tape, permuted)


def _with_bars(tape: "Tape", bars: np.ndarray) -> "Tape":
    # not through Tape.build: a shuffled future need not be a lawful market
    bars.flags.writeable = False
    return replace(tape, bars=bars)
