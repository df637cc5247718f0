"""Parent orders: what has to be bought or sold by the end of an episode, what is left of it, and what it has cost so far."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...data.tape import Tape
from ...market.actions.setting import is_number
from ...market.desk import Books, Desk
from ...market.errors import ConfigError, DataError, did_you_mean
from ...market.grid import on_grid, whole_lots
from ...market.order import INTENT, TICKET, OrderKind, TimeInForce

__all__ = ["BASIS_POINTS", "OrderSettings", "ParentOrders"]

BASIS_POINTS = 1e4
STATE = ("side", "total", "left", "arrival", "notional", "shortfall", "paid", "_mark", "_fx", "_held", "_row")
Side = Literal["buy", "sell", "random"]
Unit = Literal["notional", "units", "volume"]
SIDES, UNITS = get_args(Side), get_args(Unit)
TRADING_COSTS = ("commission", "fees", "spread", "slippage", "impact", "liquidation")


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    """The order of an episode.

    Attributes:
        side: `buy`, `sell` or `random`: either with probability 1/2.
        size: How large it is, positive; or a pair (low, high) between which it is drawn uniformly.
        size_in: What `size` counts: `notional` (account currency at the arrival price), `units`, or `volume`: a share of the
            average volume of one bar, times the bars of the episode, so that even execution takes part in trading with that share.
        volume_bars: Bars before the arrival, its own included, over which volume is averaged.
    """

    side: Side = "random"
    size: float | tuple[float, float] = 50_000.0
    size_in: Unit = "notional"
    volume_bars: int = 20

    def __post_init__(self) -> None:
        for name, known in (("side", SIDES), ("size_in", UNITS)):
            value = getattr(self, name)
            if value not in known:
                hint = did_you_mean(str(value), known)
                raise ConfigError(f"order.{name} must be one of {', '.join(known)}, was {value!r}{hint}")
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(self.size))
        pair = self.bounds
        if len(pair) != 2 or not (all(map(is_number, pair)) and 0.0 < pair[0] <= pair[1]):
            raise ConfigError(f"order.size must be positive and finite, or such a pair (low, high), was {self.size!r}")
        bars = self.volume_bars
        if isinstance(bars, bool) or not isinstance(bars, (int, np.integer)) or bars < 1:
            raise ConfigError(f"order.volume_bars must be 1 or more, a whole number, was {bars!r}")

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest size."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)


class ParentOrders:
    """The parent orders of a batch of E accounts, each in one asset.

    Implementation shortfall is what the account has lost against a paper portfolio that traded the whole order at the arrival
    price, the mark of the first decision: for fills of q units at p, fees c and a rest r valued at the last mark m,
    side x (sum q (p - arrival) + r (m - arrival)) + c. Source: Perold 1988, Journal of Portfolio Management 14(3). Dividends and
    splits count in both portfolios; funding, interest and borrow are prices of holding and count in none.

    Attributes:
        side: 1 buy, -1 sell, float64 (E,).
        total: Units of the order, as splits have left them, float64 (E,).
        left: Whole lots that are not filled, int64 (E,).
        arrival: Arrival price, quote currency, less what dividends, splits and rolls have taken from it since, (E,).
        notional: Worth of the order at the arrival price, account currency, (E,).
        shortfall: Implementation shortfall so far, basis points of `notional`, (E,).
        paid: What the last step has added to it, (E,).
        lot: Units of one lot.
        volume: Average volume of a bar at each row, units, (T,); zeros where its unit is unknown.
    """

    def __init__(self, settings: OrderSettings, tape: Tape, n_envs: int, segments: np.ndarray | None = None) -> None:
        """Make room; `segments` (S, 2) are the rows of each tape of a pool. DataError where a size counts unknown volume."""
        if settings.size_in == "volume" and tape.instruments[0].volume_unit is None:
            raise DataError(f"order.size_in volume needs volumes in units, that of {tape.symbols[0]} on tape {tape.name} has none; "
                            "count the size in notional or units")
        self.settings, self.tape = settings, tape
        known = 0.0 if tape.instruments[0].volume_unit is None else 1.0
        volume, parts = tape.bars["volume"][:, 0], np.array([[0, tape.n_rows]]) if segments is None else segments
        self.volume = known * np.concatenate([_trailing_mean(volume[start:stop], settings.volume_bars) for start, stop in parts])
        self.lot, self._multiplier = tape.instruments[0].lot, tape.instruments[0].multiplier
        self._tick, self._minimum = tape.instruments[0].tick, tape.instruments[0].min_notional
        self._orders: np.ndarray | None = None
        self.side, self.total, self.arrival, self.notional = (np.zeros(n_envs) for _ in range(4))
        self.shortfall, self.paid, self._mark, self._fx = (np.zeros(n_envs) for _ in range(4))
        self.left, self._held, self._row = (np.zeros(n_envs, np.int64) for _ in range(3))

    def bind(self, orders: np.ndarray) -> None:
        """Know the pool of working orders, ORDER (E, M): what is in flight is not sent again."""
        self._orders = orders

    def open(self, e: int, books: Books, side_draw: float, size_draw: float) -> None:
        """Give sub-environment `e` a new order; the draws lie in [0, 1)."""
        settings, row, held = self.settings, int(books.rows[e]), books.position[e, 0]
        listed = bool(self.tape.bars["present"][row, 0]) and held["mark"] > 0.0
        mark, fx = (float(held["mark"]), float(held["fx"])) if listed else (0.0, 1.0)
        low, high = settings.bounds
        size = low + (high - low) * size_draw
        if settings.size_in == "notional":
            size = size / (mark * self._multiplier * fx) if listed else 0.0
        elif settings.size_in == "volume":
            size *= float(self.volume[row]) * float(books.episode["last_row"][e] - row)
        lots = max(int(whole_lots(size, self.lot)), 1) if listed else 0
        self.side[e] = {"buy": 1.0, "sell": -1.0}.get(settings.side, 1.0 if side_draw < 0.5 else -1.0)
        self.left[e] = lots
        self._held[e] = lots if self.side[e] < 0.0 else 0
        self.total[e] = on_grid(lots, self.lot)
        self.arrival[e], self._mark[e], self._fx[e], self._row[e] = mark, mark, fx, row
        self.notional[e] = self.total[e] * self._multiplier * mark * fx
        self.shortfall[e] = self.paid[e] = 0.0

    def in_flight(self, books: Books) -> np.ndarray:
        """Return lots in orders that were sent and may still be filled, int64 (E,)."""
        flying = np.zeros(len(self.left), np.int64)
        working = books.account["n_working"]
        if self._orders is not None and working.any():
            used = np.arange(self._orders.shape[1]) < working[:, None]
            flying += np.where(used, np.abs(self._orders["lots"] - self._orders["filled"]), 0).sum(axis=1)
        return flying

    def send(self, share: np.ndarray, offset: np.ndarray, desk: Desk) -> None:
        """Write the child orders of a decision; never more than is left and not in flight.

        Args:
            share: Part of what is left, float64 (E,) in [0, 1]; at the last decision of an episode all of it.
            offset: Distance of a limit order from the mark, away from the market, as a fraction of it, (E,); negative: a market
                order. At the last decision it is a market order.
            desk: Where they are written: an intent (market, immediate or cancel) or a ticket (limit, until the bar's close).
        """
        rows, mark = desk.rows, desk.position["mark"][:, 0]
        left = np.maximum(self.left - self.in_flight(desk), 0)
        last = rows >= desk.episode["last_row"] - 1
        lots = np.where(last, left, np.floor(share * left + 1e-9).astype(np.int64))
        if self._minimum > 0.0:  # a rest that would be too small to send goes along
            lots = np.where((lots > 0) & ((left - lots) * self.lot * self._multiplier * mark < self._minimum), left, lots)
        signed = lots * self.side.astype(np.int64)
        market = (last | (offset < 0.0)) & (lots > 0)
        intent, ticket = np.zeros(len(lots), INTENT), np.zeros(len(lots), TICKET)
        intent["lots"], intent["kind"], intent["tif"] = signed, OrderKind.MARKET, TimeInForce.IOC
        desk.intents[market, 0] = intent[market]
        passive = (lots > 0) & ~market
        if passive.any():
            price = mark * (1.0 - self.side * offset) / self._tick
            ticks = np.where(self.side > 0.0, np.floor(price + 1e-9), np.ceil(price - 1e-9))
            ticket["lots"], ticket["kind"], ticket["tif"] = signed, OrderKind.LIMIT, TimeInForce.GTD
            ticket["price_ticks"] = np.maximum(ticks, 1.0).astype(np.int64)
            ticket["expires_at"] = self._first_close_after(desk)
            desk.tickets[passive, 0] = ticket[passive]

    def after(self, step: np.ndarray, books: Books) -> None:
        """Take note of a step, STEP records (E,): what was filled and what it has cost."""
        moved, rows, held = books.rows != self._row, books.rows, books.position[:, 0]
        ratio, dividend, roll = np.ones(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
        before, lots = self._held, np.rint(held["units"] / self.lot).astype(np.int64)
        if self.tape.has_terms:
            terms = self.tape.terms[rows, 0]
            ratio, dividend, roll = terms["split"], terms["dividend"], np.nan_to_num(terms["roll"])
            for e in np.flatnonzero(moved & (ratio != 1.0)):
                self.left[e], before[e] = whole_lots(self.left[e] * ratio[e], 1.0), whole_lots(before[e] * ratio[e], 1.0)
        listed = self.tape.bars["present"][rows, 0] != 0
        filled = np.where(moved & listed, self.side.astype(np.int64) * (lots - before), 0)
        self.left -= filled
        self.total = np.where(moved, self.total * ratio, self.total)
        self.arrival = np.where(moved, (self.arrival + roll) / ratio - dividend, self.arrival)
        growth = (held["mark"] * held["fx"] - (self._mark + roll) / ratio * self._fx) * self._multiplier + dividend * held["fx"]
        paper = np.where(self.side > 0.0, self.total * growth, 0.0)  # a paper sale is cash from the arrival on
        real = step["gross"] + step["dividends"]
        for line in TRADING_COSTS:
            real = real - step[line]
        cost = np.where(moved & (self.notional > 0.0), paper - real, 0.0)
        self.paid = BASIS_POINTS * cost / np.where(self.notional > 0.0, self.notional, 1.0)
        self.shortfall += self.paid
        self._mark, self._fx = np.where(moved, held["mark"], self._mark), np.where(moved, held["fx"], self._fx)
        self._held, self._row = np.where(moved, lots, before), rows.copy()

    def done(self, books: Books) -> np.ndarray:
        """Return where nothing is left to do, bool (E,): all filled, the time over, or the asset gone."""
        listed = self.tape.bars["present"][books.rows, 0] != 0
        over: np.ndarray = (self.left <= 0) | (books.rows >= books.episode["last_row"]) | ~listed
        return over

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything that changes; `load` takes them back."""
        return {name: getattr(self, name).copy() for name in STATE}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        for name in STATE:
            getattr(self, name)[...] = state[name]

    def _first_close_after(self, desk: Desk) -> np.ndarray:
        """Return the close of the bar in which an order that is sent now arrives, ns UTC (E,)."""
        closes, last = self.tape.close_at, np.minimum(desk.episode["last_row"], self.tape.n_rows - 1)
        due, at = closes[desk.rows] + desk.rules["latency_ns"], np.minimum(desk.rows + 1, last)
        while (early := (closes[at] <= due) & (at < last)).any():
            at = at + early
        return np.asarray(closes[at])


def _trailing_mean(volume: np.ndarray, bars: int) -> np.ndarray:
    """Return the mean of the last `bars` values of each row, its own included, float64 (T,); fewer where the tape begins."""
    summed = np.concatenate([[0.0], np.cumsum(volume)])
    first = np.maximum(np.arange(len(volume)) + 1 - bars, 0)
    mean: np.ndarray = (summed[1:] - summed[first]) / (np.arange(len(volume)) + 1 - first)
    return mean
