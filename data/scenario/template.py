"""Crashes that happened, as returns of one index or contract, rounded by us to a tenth of a percent or finer."""

from dataclasses import dataclass

import numpy as np

from ...market.errors import UnknownNameError

__all__ = ["TEMPLATES", "CrashTemplate", "crash_template"]


@dataclass(frozen=True, kw_only=True)
class CrashTemplate:
    """One crash.

    Attributes:
        name: Year and month, or day.
        step: Length of a step, as `parse_timeframe` reads it.
        percent: Simple returns of consecutive steps, percent.
        volume: Rough multiple of usual volume during them.
        source: Where the returns come from, and how sure they are.
    """

    name: str
    step: str
    percent: tuple[float, ...]
    volume: float
    source: str

    @property
    def log_moves(self) -> np.ndarray:
        """Log returns of the steps, (N,)."""
        moves: np.ndarray = np.log1p(np.array(self.percent) / 100.0)
        return moves

    @property
    def depth(self) -> float:
        """Lowest price at the end of a step as a fraction of the price before, less 1."""
        return float(np.exp(np.cumsum(self.log_moves).min()) - 1.0)


TEMPLATES = {
    template.name: template
    for template in (
        CrashTemplate(
            name="1987-10",
            step="1d",
            percent=(-2.95, -2.34, -5.16, -20.47, 5.33, 9.10, -3.92, -0.01, -8.28),
            volume=2.5,
            source="S&P 500 closes, 14 to 26 October 1987, from 314.52 to 227.67; 282.70 to 224.84 on the 19th",
        ),
        CrashTemplate(
            name="2008-09",
            step="1d",
            percent=(-4.71, 1.75, -4.71, 4.33, 4.03, -3.82, -1.56, -0.20, 1.97, 0.34, -8.81, 5.42, -0.45, -4.03, -1.35, -3.85,
                     -5.74, -1.13, -7.62, -1.18, 11.58, -0.53, -9.03),
            volume=1.6,
            source="S&P 500 closes, 15 September to 15 October 2008, from 1251.70 to 907.84",
        ),
        CrashTemplate(
            name="2010-05-06",
            step="1m",
            percent=(-0.3, -0.4, -0.7, -0.9, -1.2, -1.7, 1.4, 1.0, 0.6, 0.8, 0.4, 0.3, 0.2, 0.1, 0.2),
            volume=5.0,
            source="E-mini S&P 500, 14:40 to 14:55 New York time; the fall to the low of 14:45:28, its pace in the last minutes "
            "and the recovery after CFTC & SEC, Findings Regarding the Market Events of May 6, 2010; the minutes are drawn by us",
        ),
        CrashTemplate(
            name="2020-03",
            step="1d",
            percent=(-0.38, -1.05, -3.35, -3.03, -0.38, -4.42, -0.82, 4.60, -2.81, 4.22, -3.39, -1.71, -7.60, 4.94, -4.89, -9.51,
                     9.29, -11.98, 6.00, -5.18, 0.47, -4.34, -2.93, 9.38),
            volume=1.8,
            source="S&P 500 closes, 20 February to 24 March 2020, from 3386.15 to 2447.33",
        ),
        CrashTemplate(
            name="2021-05",
            step="1d",
            percent=(-12.42, 0.08, 0.34, -6.18, -0.71, -6.23, -1.58, -14.38, 10.46, -8.08, 0.53, -7.46, 11.95),
            volume=2.3,
            source="bitcoin in dollars on one large venue at midnight UTC, 12 to 24 May 2021, from 56,670 to 34,655 on the 23rd",
        ),
        CrashTemplate(
            name="2022-11",
            step="1d",
            percent=(-1.7, -1.5, -10.0, -14.4, 10.7, -3.1, -1.4, -2.7, 1.6),
            volume=2.5,
            source="bitcoin in dollars at midnight UTC, 6 to 14 November 2022, about 21,280 to 16,620 (venues differ by tenths)",
        ),
        CrashTemplate(
            name="2025-10-10",
            step="15m",
            percent=(-0.6, -1.1, -0.7, -0.4, 0.3, -0.4, -0.2, 0.4, -0.3, -0.2, 0.2, -0.3, -0.2, 0.1, -0.3, 0.2, -0.3, -0.1, 0.2,
                     -0.2, -0.2, 0.1, -0.3, -0.5, -3.3, -7.2, 3.8, 1.9, 1.2, 0.6, -0.3, 0.4),
            volume=6.0,
            source="bitcoin in dollars, 10 October 2025, 15:00 to 23:00 UTC: about 122,570 before, the fall from 20:50 to 21:20 to "
            "about 104,780 and the recovery to about 113,000 as widely reported (venues differ by thousands); the quarter hours "
            "are drawn by us",
        ),
    )
}  # fmt: skip
"""Templates by name."""


def crash_template(name: str) -> CrashTemplate:
    """Return the template `name`; an unknown one raises `UnknownNameError`."""
    if not isinstance(name, str) or name not in TEMPLATES:
        raise UnknownNameError("crash template", str(name), TEMPLATES)
    return TEMPLATES[name]
