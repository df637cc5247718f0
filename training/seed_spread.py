"""What several seeds of one job say together: a mean and how far it can be trusted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["SeedSpread"]

T_975 = (
    12.70620, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814, 2.20099, 2.17881,
    2.16037, 2.14479, 2.13145, 2.11991, 2.10982, 2.10092, 2.09302, 2.08596, 2.07961, 2.07387, 2.06866, 2.06390, 2.05954,
    2.05553, 2.05183, 2.04841, 2.04523, 2.04227,
)
"""97.5 % quantiles of Student's t with 1 to 30 degrees of freedom; the last serves all above, which is a little too wide."""


@dataclass(frozen=True)
class SeedSpread:
    """Mean of one figure over seeds, with the 95 % interval `mean ± t s / sqrt(n)`.

    Attributes:
        mean: Of the seeds.
        low: Lower end; -inf for one seed.
        high: Upper end; inf for one seed.

    Source: Student 1908, Biometrika 6(1), 1-25.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "SeedSpread":
        """Return the spread of at least one value."""
        n = len(values)
        mean = math.fsum(values) / n
        if n == 1:
            return cls(mean, -math.inf, math.inf)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        half = T_975[min(n - 1, len(T_975)) - 1] * deviation / math.sqrt(n)
        return cls(mean, mean - half, mean + half)

    def plain(self) -> dict[str, float | None]:
        """Return it as JSON data; ends that are not finite are null."""
        ends = {"low": self.low, "high": self.high}
        return {"mean": self.mean, **{name: value if math.isfinite(value) else None for name, value in ends.items()}}

    def words(self, percent: bool = True) -> str:
        """Return `+1.20% [-0.40%, +2.80%]`, or plain numbers of three decimals."""
        mean, low, high = (f"{value:+.2%}" if percent else f"{value:.3f}" for value in (self.mean, self.low, self.high))
        return f"{mean} [{low}, {high}]"
