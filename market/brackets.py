"""Named tables of maintenance brackets, with their source, and their records for the kernel."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .bracket import BRACKET
from .errors import ConfigError, UnknownNameError
from .fees.source import Source
from .instrument import Instrument

__all__ = ["BRACKETS", "BracketTable", "bracket_names", "bracket_records", "bracket_table"]

ROUNDING = 1e-9  # how far a deduction may lie from the one that its rates ask for, as a fraction of the floor


@dataclass(frozen=True, kw_only=True)
class BracketTable:
    """Maintenance by notional of one product of a venue.

    Attributes:
        name: `venue/product`.
        rows: (floor, maintenance rate, deduction, largest leverage), floors rising from 0; floors and deductions in the
            currency of the contract, which an account must share.
        source: Where the numbers come from; None: no venue's.
        confirmed: Whether they were read at the venue itself.

    Raises:
        ConfigError: A row has not four numbers, floors do not rise from 0, rates fall, a leverage rises, or a deduction leaves
            a step at a floor.
    """

    name: str
    rows: tuple[tuple[float, float, float, float], ...]
    source: Source | None
    confirmed: bool

    def __post_init__(self) -> None:
        for i, row in enumerate(self.rows):
            if len(row) != 4 or not all(math.isfinite(number) for number in row):
                rule = "floor, maintenance rate, deduction and largest leverage, all finite"
                raise ConfigError(f"brackets {self.name}, row {i}: must be {rule}, was {row}")
        if not self.rows or self.rows[0][0] != 0.0 or self.rows[0][2] != 0.0:
            raise ConfigError(f"brackets {self.name}: the first floor and its deduction must be 0, was {self.rows[:1]}")
        for i, (floor, rate, deduction, leverage) in enumerate(self.rows):
            if not (0.0 < rate <= 1.0 and leverage > 0.0):
                what = f"was {rate} and {leverage}"
                raise ConfigError(f"brackets {self.name}, row {i}: rate must lie in (0, 1] and leverage be positive, {what}")
            if i == 0:
                continue
            before = self.rows[i - 1]
            if not (floor > before[0] and rate >= before[1] and leverage <= before[3]):
                raise ConfigError(
                    f"brackets {self.name}, row {i}: floors must rise, rates not fall and leverages not rise, was {self.rows[i]} "
                    f"after {before}"
                )
            wanted = before[2] + floor * (rate - before[1])
            if abs(deduction - wanted) > ROUNDING * floor:
                raise ConfigError(
                    f"brackets {self.name}, row {i}: the deduction must be {wanted:g}, that of the row before and floor x the "
                    f"difference of the rates, so that the margin has no step; was {deduction:g}"
                )


COLLECTED = Source(
    "freqtrade: binance_leverage_tiers.json",
    "github.com/freqtrade/freqtrade",
    "a copy of mid 2024 of what the venue's leverageBracket answered; the venue's own page could not be read",
)
TABLES = (
    BracketTable(
        name="binance/btcusdt",
        rows=(
            (0.0, 0.004, 0.0, 125.0),
            (50_000.0, 0.005, 50.0, 100.0),
            (600_000.0, 0.0065, 950.0, 75.0),
            (3_000_000.0, 0.01, 11_450.0, 50.0),
            (12_000_000.0, 0.02, 131_450.0, 25.0),
            (70_000_000.0, 0.025, 481_450.0, 20.0),
            (100_000_000.0, 0.05, 2_981_450.0, 10.0),
            (230_000_000.0, 0.1, 14_481_450.0, 5.0),
            (480_000_000.0, 0.125, 26_481_450.0, 4.0),
            (600_000_000.0, 0.15, 41_481_450.0, 3.0),
            (800_000_000.0, 0.25, 121_481_450.0, 2.0),
            (1_200_000_000.0, 0.5, 421_481_450.0, 1.0),
        ),
        source=COLLECTED,
        confirmed=False,
    ),
    BracketTable(
        name="binance/ethusdt",
        rows=(
            (0.0, 0.004, 0.0, 125.0),
            (50_000.0, 0.005, 50.0, 100.0),
            (600_000.0, 0.0065, 950.0, 75.0),
            (3_000_000.0, 0.01, 11_450.0, 50.0),
            (12_000_000.0, 0.02, 131_450.0, 25.0),
            (50_000_000.0, 0.025, 381_450.0, 20.0),
            (65_000_000.0, 0.05, 2_006_450.0, 10.0),
            (150_000_000.0, 0.1, 9_506_450.0, 5.0),
            (320_000_000.0, 0.125, 17_506_450.0, 4.0),
            (400_000_000.0, 0.15, 27_506_450.0, 3.0),
            (530_000_000.0, 0.25, 80_506_450.0, 2.0),
            (800_000_000.0, 0.5, 280_506_450.0, 1.0),
        ),
        source=COLLECTED,
        confirmed=False,
    ),
    BracketTable(
        name="perpetual",
        rows=(
            (0.0, 0.01, 0.0, 50.0),
            (50_000.0, 0.02, 500.0, 25.0),
            (250_000.0, 0.05, 8_000.0, 10.0),
            (1_000_000.0, 0.1, 58_000.0, 5.0),
            (5_000_000.0, 0.25, 808_000.0, 2.0),
            (10_000_000.0, 0.5, 3_308_000.0, 1.0),
        ),
        source=None,  # round numbers in the range of smaller perpetuals
        confirmed=False,
    ),
)
BRACKETS: dict[str, BracketTable] = {table.name: table for table in TABLES}


def bracket_names() -> tuple[str, ...]:
    """Return the names of every table."""
    return tuple(sorted(BRACKETS))


def bracket_table(name: str) -> BracketTable:
    """Return the table called `name`; UnknownNameError with a suggestion where there is none."""
    if name not in BRACKETS:
        raise UnknownNameError("costs.brackets", name, BRACKETS)
    return BRACKETS[name]


def bracket_records(
    setting: str | Mapping[str, str] | None, instruments: Sequence[Instrument], max_leverage: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return brackets as kernels read them, and which rows are whose.

    Args:
        setting: Name of one table for all, or a table by symbol (others have none), or None.
        instruments: The assets, in the order of the tape.
        max_leverage: The account's; a table that allows it nowhere is refused, since no position could grow.

    Returns:
        BRACKET records (B,); first row and number of rows of each asset, int64 (A,): count 0 where it has none.

    Raises:
        UnknownNameError: No such table, or a symbol that is not traded.
        ConfigError: A table does not allow `max_leverage` in its first bracket.
    """
    symbols = [instrument.symbol for instrument in instruments]
    if isinstance(setting, Mapping):
        for symbol in setting:
            if symbol not in symbols:
                raise UnknownNameError("symbol of costs.brackets", symbol, symbols)
        names = [setting.get(symbol) for symbol in symbols]
    else:
        names = [setting] * len(symbols)
    records, places = np.zeros(0, BRACKET), {}
    for name in dict.fromkeys(name for name in names if name is not None):
        table = bracket_table(name)
        if table.rows[0][3] < max_leverage:
            raise ConfigError(
                f"costs.max_leverage must be at most {table.rows[0][3]:g} with brackets {name}, was {max_leverage:g}"
            )
        places[name] = (len(records), len(table.rows))
        records = np.concatenate([records, np.array(list(table.rows), BRACKET)])
    first = np.array([0 if name is None else places[name][0] for name in names], np.int64)
    count = np.array([0 if name is None else places[name][1] for name in names], np.int64)
    return records, first, count
