"""Frictions of trading and what the account may do: the settings, and their records for the kernel."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

import numpy as np

from .errors import ConfigError, UnknownNameError
from .rules import ACCOUNTS, IMPACTS, PATHS, RULES, AccountKind, ImpactModel, PathPolicy

__all__ = ["RULES", "CostSettings", "Extension", "FundingRule", "PathPolicy", "SpreadModel", "rules_records"]

SpreadModel = Literal["tape", "fixed", "corwin_schultz", "abdi_ranaldo"]
FundingRule = Literal["tape", "required"]
Extension = Literal["refuse", "backward"]
LONGEST_MS = 1e12  # instants are int64 ns: a longer latency would wrap round into the past
NOT_NEGATIVE = ("fee_rate", "fee_per_unit", "fee_tier_volume", "half_spread_rate", "slippage_rate", "impact_coefficient",
                "impact_volatility", "impact_temporary", "impact_permanent", "borrow_rate", "margin_interest_rate", "sizing_margin",
                "liquidation_fee_rate", "latency_ms")  # fmt: skip
NUMBERS = (*NOT_NEGATIVE, "maker_fee_rate", "participation", "impact_half_life_s",
           "cash_interest_rate", "max_leverage", "maintenance_rate", "delisting_return",
           "ruin_equity_fraction")  # fmt: skip
OPTIONAL = ("maker_fee_rate", "participation", "maintenance_rate")
REG_T_LEVERAGE = 2.0  # Regulation T, 12 CFR 220.12: half of the value is put down
REG_T_LONG, REG_T_SHORT = 0.25, 0.30  # FINRA Rule 4210(c): maintenance of longs, and of shorts at 5 dollars or more


@dataclass(frozen=True, kw_only=True)
class CostSettings:
    """What trading costs and what the account may do.

    Attributes:
        fee_rate: Commission as a fraction of notional; 0.0005 is 5 basis points.
        maker_fee_rate: The same for orders that make liquidity, may be negative (a rebate); None: `fee_rate`.
        fee_per_unit: Commission per unit, account currency.
        fees: Name of a fee schedule that takes the place of the three above (`ibkr/us_stocks_fixed`; docs/fees.md), or one by
            symbol for every asset of the tape.
        fee_discount: Name of a discount of the schedule (`bnb` at Binance).
        fee_extend: `refuse` a tape that begins before the schedule, or use the schedule's first rows `backward`.
        fee_tier_volume: What the account trades elsewhere in 30 days; it counts for the schedule's tier.
        half_spread_rate: Half the bid-ask spread as a fraction of price, where no other spread is known.
        spread: `tape`: the tape's own where it has one; `fixed`: never; `corwin_schultz` or `abdi_ranaldo`: the tape's own,
            else estimated from the highs and lows of earlier rows.
        spread_window: Rows that an estimate looks back.
        slippage_rate: Further loss per fill as a fraction of price.
        impact: How own trades move the price (docs/simulator.md).
        impact_coefficient: Y of the square-root law, dimensionless; 0 switches it off.
            Source: Toth et al. 2011, Phys. Rev. X 1, 021006, eq. 1.
        impact_volatility: Volatility of one bar that the law multiplies, as a fraction of price.
        impact_temporary: Almgren-Chriss: price given up for trading `impact_volume` units in one fill, as a fraction.
        impact_permanent: Displacement of the price by `impact_volume` units, as a fraction: lasting (Almgren-Chriss) or decaying.
        impact_half_life_s: Seconds in which half of a transient displacement is gone.
        impact_volume: Units to which the three above are measured: one number, or one by symbol; None: not known.
        participation: Largest share of a bar's volume that is filled, in (0, 1]; None: no limit.
        borrow_rate: Fraction a year charged on shorts, by calendar days over 365.
        margin_interest_rate: Fraction a year charged on borrowed cash, by calendar days over 360.
        cash_interest_rate: Fraction a year paid on free cash, by calendar days over 360; may be negative.
        funding: `tape`: paid where the tape has a `funding_rate`; `required`: a tape without one is refused.
        sizing_margin: Part of the buffer kept free when orders are sized at the last close (the rest is fees and spread).
        account: `cash`, `leverage`, `reg_t`, `cross` or `isolated`; None: `cash` where `max_leverage` is 1 and there are no
            shorts, else `leverage`, which is never liquidated.
        max_leverage: Largest gross exposure as a multiple of equity when a position grows.
        allow_short: Whether positions may be negative.
        maintenance_rate: Equity that must remain, as a fraction of the positions' value, where no brackets are named;
            None: 0.25 and 0.30 (shorts) of a `reg_t` account, 0.005 of perpetuals and futures.
        brackets: Name of a table of maintenance brackets by notional (docs/simulator.md), or one by symbol, where assets without
            one have `maintenance_rate`; None: `maintenance_rate` for all.
        liquidation_fee_rate: Charged on the notional that is closed by force.
        delisting_return: What is lost (< 0) or won of the last close when an asset leaves the tape.
        latency_ms: Time from a decision to its arrival at the exchange, milliseconds.
        path: Order in which the points of a bar are visited; `adverse` keeps the worse of two.
        limit_touch: True: a limit fills when the price touches it; False: only when the price goes through it.
        ruin_equity_fraction: Equity, as a fraction of the initial, at or under which the account is ruined.

    Raises:
        ConfigError: A value is out of its range, or two do not go together.
    """

    fee_rate: float = 0.0005
    maker_fee_rate: float | None = None
    fee_per_unit: float = 0.0
    fees: str | Mapping[str, str] | None = None
    fee_discount: str | None = None
    fee_extend: Extension = "refuse"
    fee_tier_volume: float = 0.0
    half_spread_rate: float = 0.0002
    spread: SpreadModel = "tape"
    spread_window: int = 21
    slippage_rate: float = 0.0
    impact: ImpactModel = "square_root"
    impact_coefficient: float = 1.0
    impact_volatility: float = 0.02
    impact_temporary: float = 0.0
    impact_permanent: float = 0.0
    impact_half_life_s: float = 3_600.0
    impact_volume: float | Mapping[str, float] | None = None
    participation: float | None = None
    borrow_rate: float = 0.03
    margin_interest_rate: float = 0.06
    cash_interest_rate: float = 0.0
    funding: FundingRule = "tape"
    sizing_margin: float = 0.02
    account: AccountKind | None = None
    max_leverage: float = 1.0
    allow_short: bool = False
    maintenance_rate: float | None = None
    brackets: str | Mapping[str, str] | None = None
    liquidation_fee_rate: float = 0.0
    delisting_return: float = 0.0
    latency_ms: float = 0.0
    path: PathPolicy = "adverse"
    limit_touch: bool = False
    ruin_equity_fraction: float = 0.001

    def __post_init__(self) -> None:
        for name in ("fees", "impact_volume", "brackets"):
            if isinstance(getattr(self, name), Mapping):
                object.__setattr__(self, name, dict(getattr(self, name)))  # ours: the caller's may change afterwards
        self._check_kinds()
        for name in NOT_NEGATIVE:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"costs.{name} must be finite and not negative, was {value}")
        if self.latency_ms > LONGEST_MS:
            raise ConfigError(f"costs.latency_ms must be at most {LONGEST_MS:g} (31 years), was {self.latency_ms}")
        for name, low, high in (("participation", 0.0, 1.0), ("maintenance_rate", 0.0, 1.0)):
            value = getattr(self, name)
            if value is not None and not low < value <= high:
                raise ConfigError(f"costs.{name} must lie in (0, 1] or be null, was {value}")
        if self.maker_fee_rate is not None and not -0.1 <= self.maker_fee_rate <= 1.0:
            raise ConfigError(f"costs.maker_fee_rate must lie in [-0.1, 1] or be null, was {self.maker_fee_rate}")
        if self.fee_rate > 1.0:
            raise ConfigError(f"costs.fee_rate is a fraction of notional in [0, 1], was {self.fee_rate}")
        if not (math.isfinite(self.max_leverage) and self.max_leverage > 0.0):
            raise ConfigError(f"costs.max_leverage must be positive, was {self.max_leverage}")
        if not 0.0 < self.ruin_equity_fraction < 1.0:
            raise ConfigError(f"costs.ruin_equity_fraction must lie in (0, 1), was {self.ruin_equity_fraction}")
        if not -1.0 <= self.delisting_return <= 1.0:
            raise ConfigError(f"costs.delisting_return must lie in [-1, 1], was {self.delisting_return}")
        if not -1.0 < self.cash_interest_rate < 1.0:
            raise ConfigError(f"costs.cash_interest_rate must lie in (-1, 1), was {self.cash_interest_rate}")
        if not self.impact_half_life_s > 0.0:
            raise ConfigError(f"costs.impact_half_life_s must be positive, was {self.impact_half_life_s}")
        window = self.spread_window
        if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or window < 2:
            raise ConfigError(f"costs.spread_window must be a whole number of at least 2 rows, was {self.spread_window!r}")
        if self.fees is not None or self.fee_discount is not None or self.brackets is not None:
            self._check_tables()
        self._check_impact()
        self._check_account()

    def _check_kinds(self) -> None:
        for name, kinds in (("path", PATHS), ("impact", IMPACTS), ("spread", get_args(SpreadModel)), ("account", ACCOUNTS),
                            ("funding", get_args(FundingRule)), ("fee_extend", get_args(Extension))):  # fmt: skip
            value = getattr(self, name)
            known = isinstance(value, str) and value in kinds
            if not known and not (name == "account" and value is None):
                raise UnknownNameError(f"costs.{name}", str(value), kinds)
        for name in NUMBERS:
            value = getattr(self, name)
            if not is_number(value) and not (value is None and name in OPTIONAL):
                raise ConfigError(f"costs.{name} must be a number, was {value!r}")
        for name in ("allow_short", "limit_touch"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise ConfigError(f"costs.{name} must be true or false, was {getattr(self, name)!r}")

    def _check_tables(self) -> None:
        if self.fees is None and self.fee_discount is not None:
            raise ConfigError(f"costs.fee_discount needs a fee schedule in costs.fees, was {self.fee_discount!r} without one")
        from .brackets import bracket_table  # here, since both are long and most costs need neither
        from .fees.registry import fee_schedule

        for name in ("fees", "brackets"):
            setting = getattr(self, name)
            if setting is not None and not isinstance(setting, (str, Mapping)):
                raise ConfigError(f"costs.{name} must be a name, or one by symbol, was {setting!r}")
            for symbol, value in setting.items() if isinstance(setting, Mapping) else ():
                if not isinstance(value, str):
                    raise ConfigError(f"costs.{name}.{symbol} must be a name, was {value!r}")
        for name in named(self.fees):
            fee_schedule(name, discount=self.fee_discount)
        for name in named(self.brackets):
            bracket_table(name)

    def _check_impact(self) -> None:
        volumes = self.impact_volume
        amounts = () if volumes is None else volumes.values() if isinstance(volumes, Mapping) else (volumes,)
        if any(not (is_number(amount) and math.isfinite(amount) and amount > 0.0) for amount in amounts):
            raise ConfigError(f"costs.impact_volume must be positive and finite, was {volumes}")
        if self.impact != "square_root" and volumes is None:
            raise ConfigError(f"costs.impact {self.impact} needs costs.impact_volume, the units to which it is measured; was null")
        if self.impact == "almgren_chriss" and self.impact_temporary < self.impact_permanent / 2.0:
            raise ConfigError(
                f"costs.impact_temporary must be at least half of costs.impact_permanent ({self.impact_permanent}), or a round "
                f"trip would earn money, was {self.impact_temporary}"
            )

    def _check_account(self) -> None:
        kind, shorts = self.account_kind, self.allow_short
        if kind == "cash" and (self.max_leverage != 1.0 or shorts):
            what = f"max_leverage was {self.max_leverage}, allow_short {shorts}"
            raise ConfigError(f"costs.account cash neither borrows nor sells short: {what}; choose leverage or reg_t")
        if kind == "reg_t" and self.max_leverage > REG_T_LEVERAGE:
            raise ConfigError(f"costs.max_leverage of a reg_t account must be at most {REG_T_LEVERAGE}, was {self.max_leverage}")
        if kind in ("cash", "leverage") and (self.maintenance_rate is not None or self.brackets is not None):
            raise ConfigError(
                f"costs.maintenance_rate and costs.brackets mean nothing in a {kind} account; choose reg_t, cross or isolated"
            )

    @property
    def account_kind(self) -> AccountKind:
        """What `account` says, or what `max_leverage` and `allow_short` amount to."""
        if self.account is not None:
            return self.account
        return "cash" if self.max_leverage == 1.0 and not self.allow_short else "leverage"

    @property
    def maintenance(self) -> tuple[float, float]:
        """Maintenance of longs and of shorts, as fractions of their value."""
        if self.maintenance_rate is not None:
            return self.maintenance_rate, self.maintenance_rate
        if self.account_kind == "reg_t":
            return REG_T_LONG, REG_T_SHORT
        return (0.005, 0.005) if self.account_kind in ("cross", "isolated") else (0.0, 0.0)

    @property
    def sizing_buffer(self) -> float:
        """Fraction added to the price when an order is sized: fees, half spread, slippage and the margin."""
        return self.fee_rate + self.half_spread_rate + self.slippage_rate + self.sizing_margin

    @property
    def impact_rate(self) -> float:
        """Impact as a fraction of price when the whole volume of a bar is traded, by the square-root law."""
        return self.impact_coefficient * self.impact_volatility if self.impact == "square_root" else 0.0

    def without_costs(self) -> "CostSettings":
        """Return the same rules with every cost at zero: the zero-cost twin of evaluation."""
        names = {field.name for field in fields(self)}
        costs = ("fee_rate", "fee_per_unit", "fee_tier_volume", "half_spread_rate", "slippage_rate", "impact_coefficient",
                 "impact_temporary", "impact_permanent", "borrow_rate", "margin_interest_rate", "cash_interest_rate",
                 "liquidation_fee_rate")  # fmt: skip
        free = dict.fromkeys(names.intersection(costs), 0.0)
        return replace(self, **free, maker_fee_rate=None, fees=None, fee_discount=None, spread="fixed", impact="square_root")  # type: ignore[arg-type]


def is_number(value: object) -> bool:
    """Return whether a value is a number that a float can hold, truth values apart."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    return isinstance(value, (float, np.floating)) or abs(int(value)) < 2**1023


def named(setting: str | Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the names in a setting: one, or one by symbol."""
    if isinstance(setting, Mapping):
        return tuple(setting.values())
    return () if setting is None else (setting,)


def rules_records(costs: CostSettings, n_envs: int = 1) -> np.ndarray:
    """Return the kernel's records of `costs`, one an environment, shape (E,)."""
    records = np.zeros(n_envs, RULES)
    for name in ("fee_rate", "fee_per_unit", "half_spread_rate", "slippage_rate", "impact_rate", "impact_temporary",
                 "impact_permanent", "borrow_rate", "margin_interest_rate", "cash_interest_rate", "sizing_buffer", "max_leverage",
                 "liquidation_fee_rate", "delisting_return", "ruin_equity_fraction", "limit_touch", "allow_short"):  # fmt: skip
        records[name] = getattr(costs, name)
    records["maker_rate"] = costs.fee_rate if costs.maker_fee_rate is None else costs.maker_fee_rate
    records["volume_elsewhere"] = costs.fee_tier_volume
    records["impact_half_life_ns"] = costs.impact_half_life_s * 1e9 if costs.impact == "transient" else math.inf
    records["maintenance_long"], records["maintenance_short"] = costs.maintenance
    records["participation"] = math.inf if costs.participation is None else costs.participation
    records["latency_ns"] = round(costs.latency_ms * 1e6)
    records["path"], records["account"] = PATHS[costs.path], ACCOUNTS[costs.account_kind]
    records["impact"] = IMPACTS[costs.impact]
    return records
