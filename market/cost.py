"""Frictions of trading: the settings and the record of them that the kernel reads."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .errors import ConfigError

__all__ = ["RULES", "CostSettings", "PathPolicy", "rules_records"]

PathPolicy = Literal["adverse", "adaptive", "ohlc", "olhc"]
PATHS: dict[str, int] = {"adverse": 0, "adaptive": 1, "ohlc": 2, "olhc": 3}

LONGEST_MS = 1e12  # instants are int64 ns: a longer latency would wrap round into the past

RULES = np.dtype(
    [
        ("fee_rate", "f8"),
        ("fee_per_unit", "f8"),
        ("half_spread_rate", "f8"),
        ("slippage_rate", "f8"),
        ("impact_rate", "f8"),
        ("participation", "f8"),  # share of the bar's volume; inf: no limit
        ("borrow_rate", "f8"),
        ("sizing_buffer", "f8"),  # fraction added to the price when an order is sized
        ("max_leverage", "f8"),
        ("ruin_equity_fraction", "f8"),
        ("latency_ns", "i8"),
        ("path", "i1"),
        ("limit_touch", "u1"),
        ("allow_short", "u1"),
        ("close_only", "u1"),  # the tape holds closes only: no order that needs a path inside the bar
    ],
    align=True,
)
"""Rules of one environment; shape (E,), so that friction randomisation costs nothing."""


@dataclass(frozen=True, kw_only=True)
class CostSettings:
    """What trading costs and what the account may do.

    Attributes:
        fee_rate: Commission as a fraction of notional; 0.0005 is 5 basis points.
        fee_per_unit: Commission per unit, account currency.
        half_spread_rate: Half the bid-ask spread as a fraction of price, where the tape has no spread.
        slippage_rate: Further loss per fill as a fraction of price.
        impact_coefficient: Y of the square-root law, dimensionless; 0 switches impact off.
            Source: Toth et al. 2011, Phys. Rev. X 1, 021006, eq. 1.
        impact_volatility: Volatility of one bar that the law multiplies, as a fraction of price.
        participation: Largest share of a bar's volume that is filled, in (0, 1]; None: no limit.
        borrow_rate: Fraction a year charged on shorts, by calendar days.
        sizing_margin: Part of the buffer kept free when orders are sized at the last close (the rest is fees and spread).
        max_leverage: Largest gross exposure as a multiple of equity; 1 is a cash account.
        allow_short: Whether positions may be negative.
        latency_ms: Time from a decision to its arrival at the exchange, milliseconds.
        path: Order in which the points of a bar are visited; `adverse` keeps the worse of two.
        limit_touch: True: a limit fills when the price touches it; False: only when the price goes through it.
        ruin_equity_fraction: Equity, as a fraction of the initial, at or under which the account is ruined.
    """

    fee_rate: float = 0.0005
    fee_per_unit: float = 0.0
    half_spread_rate: float = 0.0002
    slippage_rate: float = 0.0
    impact_coefficient: float = 1.0
    impact_volatility: float = 0.02
    participation: float | None = None
    borrow_rate: float = 0.03
    sizing_margin: float = 0.02
    max_leverage: float = 1.0
    allow_short: bool = False
    latency_ms: float = 0.0
    path: PathPolicy = "adverse"
    limit_touch: bool = False
    ruin_equity_fraction: float = 0.001

    def __post_init__(self) -> None:
        for name in ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_coefficient", "impact_volatility",
                     "borrow_rate", "sizing_margin", "latency_ms"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"costs.{name} must be finite and not negative, was {value}")
        if self.latency_ms > LONGEST_MS:
            raise ConfigError(f"costs.latency_ms must be at most {LONGEST_MS:g} (31 years), was {self.latency_ms}")
        if self.participation is not None and not 0.0 < self.participation <= 1.0:
            raise ConfigError(f"costs.participation must lie in (0, 1] or be null, was {self.participation}")
        if not (math.isfinite(self.max_leverage) and self.max_leverage > 0.0):
            raise ConfigError(f"costs.max_leverage must be positive, was {self.max_leverage}")
        if not 0.0 < self.ruin_equity_fraction < 1.0:
            raise ConfigError(f"costs.ruin_equity_fraction must lie in (0, 1), was {self.ruin_equity_fraction}")
        if self.path not in PATHS:
            raise ConfigError(f"costs.path must be one of {', '.join(PATHS)}, was {self.path!r}")

    @property
    def sizing_buffer(self) -> float:
        """Fraction added to the price when an order is sized: fees, half spread, slippage and the margin."""
        return self.fee_rate + self.half_spread_rate + self.slippage_rate + self.sizing_margin

    @property
    def impact_rate(self) -> float:
        """Impact as a fraction of price when the whole volume of a bar is traded."""
        return self.impact_coefficient * self.impact_volatility

    def without_costs(self) -> "CostSettings":
        """Return the same rules with every cost at zero: the zero-cost twin of evaluation."""
        from dataclasses import replace

        costs = ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_coefficient", "borrow_rate")
        free = dict.fromkeys(costs, 0.0)
        return replace(self, **free)  # type: ignore[arg-type]


def rules_records(costs: CostSettings, n_envs: int = 1) -> np.ndarray:
    """Return the kernel's records of `costs`, one an environment, shape (E,)."""
    records = np.zeros(n_envs, RULES)
    for name in ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_rate", "borrow_rate", "sizing_buffer",
                 "max_leverage", "ruin_equity_fraction", "limit_touch", "allow_short"):
        records[name] = getattr(costs, name)
    records["participation"] = math.inf if costs.participation is None else costs.participation
    records["latency_ns"] = round(costs.latency_ms * 1e6)
    records["path"] = PATHS[costs.path]
    return records
