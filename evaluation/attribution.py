"""Where the money came from and where it went: the lines of the ATTRIBUTION ledger over a session."""

from dataclasses import dataclass

import numpy as np

from ..market.account import COSTS, INCOME
from ..market.errors import IntegrityError

__all__ = ["Attribution"]


@dataclass(frozen=True)
class Attribution:
    """The lines of a session in account currency.

    Attributes:
        initial: Equity at the first decision.
        lines: Sum of every line of INCOME and COSTS over the session.
        final: Equity at the last close.
        traded_notional: Money of all fills.
    """

    initial: float
    lines: dict[str, float]
    final: float
    traded_notional: float

    @classmethod
    def of_steps(cls, steps: np.ndarray) -> "Attribution":
        """Sum the step records (n,) of one account.

        Raises:
            IntegrityError: The lines do not lead from the first equity to the last within 1e-9 of max(initial, traded notional).
        """
        lines = {name: float(np.sum(steps[name])) for name in (*INCOME, *COSTS)}
        result = cls(float(steps["equity_before"][0]), lines, float(steps["equity"][-1]), float(np.sum(steps["traded_notional"])))
        gap = result.initial + sum(result.signed.values()) - result.final
        allowed = 1e-9 * max(result.initial, result.traded_notional)
        if abs(gap) > allowed:
            raise IntegrityError(f"attribution misses the final equity by {gap:.3g}; the two ledgers may differ by {allowed:.3g}")
        return result

    @property
    def signed(self) -> dict[str, float]:
        """Every line with the sign it has in equity: charges are negative."""
        return {name: (-value if name in COSTS else value) for name, value in self.lines.items()}

    @property
    def costs(self) -> float:
        """Sum of all charges."""
        return sum(self.lines[name] for name in COSTS)

    @property
    def trading_costs(self) -> float:
        """Charges that trading causes: commission, fees, spread, slippage and impact."""
        return sum(self.lines[name] for name in ("commission", "fees", "spread", "slippage", "impact"))
