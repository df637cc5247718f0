"""`Simulator`: the exchange for a batch of accounts, the third of the five contracts."""

from typing import ClassVar

import numba
import numpy as np

from ..data.tape import Tape
from ..market.account import FILL, STEP, new_accounts
from ..market.actions.scheme import ActionScheme
from ..market.bracket import BRACKET
from ..market.cost import CostSettings, rules_records
from ..market.errors import ConfigError, DataError, ShapeError
from ..market.instrument import instrument_records
from ..market.ledger import check_ledgers
from ..market.order import INTENT, ORDER, TICKET, Refusal
from ..market.record import copied
from ..market.tariff import TARIFF
from .batch import open_batch, step_batch, step_batch_parallel

__all__ = ["Simulator"]

STATE = ("account", "position", "orders", "record", "refused", "declined", "intents", "tickets", "rows", "rules")


class Simulator:
    """Accounts of E environments that trade the A assets of one tape under written rules (docs/simulator.md).

    A step: write intents (or `decode` actions into them) for the decision at the closes of `rows`, call `step`, read
    `record`. All arrays are public and belong to the simulator: read them between steps, copy what must last.

    Attributes:
        bars: BAR records, (T, A), read-only.
        terms: TERMS records, (T, A) or (0, A), read-only.
        clock: CLOCK records, (T,), read-only.
        instruments: INSTRUMENT records, (A,), read-only.
        rules: RULES records, (E,): may be changed between steps, one environment at a time.
        account: ACCOUNT records, (E,).
        position: POSITION records, (E, A).
        orders: ORDER records, (E, M); the first `account.n_working` of each row are working, in order of id.
        record: STEP records of the last step, (E,).
        refused: Counts by `Refusal` of the last step, int64 (E, len(Refusal)).
        declined: Counts that a decoder adds before the step (`market.actions.sizing.decline`; column 0 counts all of them);
            the step moves them into `refused`.
        fills: FILL records of the last step, (E, C); C is 0 where fills are not recorded.
        intents: INTENT records of the next decision, (E, A); all zero after a step.
        tickets: TICKET records of the next decision, (E, R), in the first slots (`place`); all zero after a step.
        tariff: TARIFF records of the fee schedule, (F,), read-only.
        brackets: BRACKET records, (B,), read-only.
        rows: Tape row of each environment's next decision, int64 (E,).
    """

    schema_version: ClassVar[int] = 1

    def __init__(
        self,
        tape: Tape,
        costs: CostSettings,
        *,
        n_envs: int = 1,
        max_orders: int = 8,
        max_tickets: int = 0,
        record_fills: bool = False,
        threads: int = 1,
    ) -> None:
        """Set up arrays; no account is open before `open_accounts`.

        Args:
            tape: Market data; must hold at least two rows.
            costs: Frictions and rules of every account.
            n_envs: Accounts, E.
            max_orders: Working orders of one account, M; raised by A where latency or participation may keep a market
                order of every asset working.
            max_tickets: Orders that one decision may place beside its intents, R (`place`).
            record_fills: Whether `fills` is written.
            threads: 1 runs the serial loop; more run the parallel one, with the same bytes.

        Raises:
            ConfigError: A number is not positive.
            DataError: The tape is too short, or has not what a rule needs.
        """
        for name, value in (("n_envs", n_envs), ("max_orders", max_orders), ("max_tickets", max_tickets), ("threads", threads)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise ConfigError(f"simulator.{name} must be a whole number, was {value!r}")
            least = 0 if name == "max_tickets" else 1
            if value < least:
                raise ConfigError(f"simulator.{name} must be at least {least}, was {value}")
        if tape.n_rows < 2:
            raise DataError(f"{tape.name}: a simulator needs 2 rows, a decision and a bar after it; the tape has {tape.n_rows}")
        unknown = [instrument.symbol for instrument in tape.instruments if instrument.volume_unit is None]
        if costs.participation is not None and unknown:
            raise DataError(
                f"{tape.name}: costs.participation needs a volume unit, {', '.join(unknown[:5])} has none; "
                "set instrument.volume_unit or leave participation null"
            )
        self.tape, self.costs, self.n_envs, self.threads = tape, costs, n_envs, min(threads, numba.config.NUMBA_NUM_THREADS)
        self.bars, self.terms, self.clock = frozen(tape.bars), frozen(tape.terms), frozen(tape.clock)
        self.instruments = frozen(instrument_records(tape.instruments))
        if tape.close_only:
            self.bars, self.clock = closes_of(self.bars), closing_clock(self.clock)
        self.tariff, self.brackets = frozen(np.zeros(0, TARIFF)), frozen(np.zeros(0, BRACKET))
        self.rules = rules_records(costs, n_envs)
        self.rules["close_only"] = tape.close_only
        self.account, self.position = new_accounts(n_envs, tape.n_assets)
        if costs.latency_ms > 0.0 or costs.participation is not None:
            max_orders += tape.n_assets
        self.orders = np.zeros((n_envs, max_orders), ORDER)
        self.record = np.zeros(n_envs, STEP)
        self.refused = np.zeros((n_envs, len(Refusal)), np.int64)
        self.declined = np.zeros_like(self.refused)
        self.fills = np.zeros((n_envs, tape.n_assets + max_orders if record_fills else 0), FILL)
        self.intents = np.zeros((n_envs, tape.n_assets), INTENT)
        self.tickets = np.zeros((n_envs, max_tickets), TICKET)
        self.rows = np.full(n_envs, -1, np.int64)
        self._everyone = np.ones(n_envs, np.bool_)
        self._loop = step_batch if self.threads == 1 else step_batch_parallel

    @property
    def market(self) -> tuple[np.ndarray, ...]:
        """What the kernels read and never write: bars, terms, clock, instruments, tariff, brackets."""
        return self.bars, self.terms, self.clock, self.instruments, self.tariff, self.brackets

    @property
    def n_assets(self) -> int:
        """Assets, A."""
        return int(self.bars.shape[1])

    @property
    def n_rows(self) -> int:
        """Rows of the tape, T; the last decision row is T - 2."""
        return int(self.bars.shape[0])

    def open_accounts(self, cash: float | np.ndarray, rows: np.ndarray, envs: np.ndarray | None = None) -> None:
        """Open fresh accounts; whatever they held before is forgotten.

        Args:
            cash: Initial equity, account currency, > 0; a number or float64 (E,).
            rows: Tape row of the first decision, int64 (E,), in [0, T - 2].
            envs: Which environments, bool (E,); None: all.

        Raises:
            ShapeError: An argument has not the shape (E,), or rows are no integers.
            DataError: A row leaves no bar to trade.
            ConfigError: Cash is not positive and finite.
        """
        chosen = self._mask(envs)
        asked, amounts = np.asarray(rows), np.asarray(cash, np.float64)
        if asked.shape != (self.n_envs,):
            raise ShapeError(f"rows must have shape (n_envs,) = ({self.n_envs},), was {asked.shape}")
        if asked.dtype.kind not in "iu":
            raise ShapeError(f"rows must be integers, was {asked.dtype}")
        if amounts.shape not in ((), (self.n_envs,)):
            raise ShapeError(f"cash must be a number or have shape (n_envs,) = ({self.n_envs},), was {amounts.shape}")
        start, money = np.ascontiguousarray(asked, np.int64), np.ascontiguousarray(np.broadcast_to(amounts, (self.n_envs,)))
        last = self.n_rows - 2
        bad = np.flatnonzero(chosen & ((start < 0) | (start > last)))
        if bad.size:
            value = start[bad[0]]
            raise DataError(f"{self.tape.name}: the first row of environment {bad[0]} must lie in [0, {last}], was {value}")
        poor = np.flatnonzero(chosen & ~((money > 0.0) & np.isfinite(money)))
        if poor.size:
            raise ConfigError(f"cash of environment {poor[0]} must be positive and finite, was {money[poor[0]]}")
        open_batch(
            start, money, chosen, self.rows, self.intents, self.tickets, self.declined, *self.market,
            self.account, self.position, self.orders, self.record, self.refused,
        )  # fmt: skip

    def decode(self, scheme: ActionScheme, actions: np.ndarray) -> None:
        """Check actions and write the intents they stand for, for the decision at the closes of `rows`.

        Args:
            scheme: What the actions mean.
            actions: (E,) integers for a discrete scheme, (E, size) floats for a continuous one.

        Raises:
            ShapeError, ConfigError: See `ActionScheme.check_actions`.
        """
        scheme.decode(
            scheme.check_actions(actions, self.n_envs), self.rows, self.bars, self.instruments, self.rules,
            self.account, self.position, self.intents, self.declined,
        )  # fmt: skip

    def order_ids(self, e: int = 0) -> np.ndarray:
        """Return the ids that the next step gives to the intents of environment `e`: int64 (A,), 0 where there is none."""
        asked = self.intents[e]["lots"] != 0
        return np.where(asked, self.account["next_order_id"][e] + np.cumsum(asked) - 1, 0)

    def step(self, active: np.ndarray | None = None) -> np.ndarray:
        """Play the bar after each row of `rows` and go on to it.

        Args:
            active: Which environments, bool (E,); None: all. The others stay as they are; their intents are dropped.

        Returns:
            STEP records, (E,), the simulator's own array; those of environments that are not active are the old ones.

        Raises:
            DataError: An active environment stands at the tape's last row, or its account was never opened.
            ShapeError: `active` has not the shape (E,).
        """
        if self.threads > 1:
            numba.set_num_threads(self.threads)
        bad = self._loop(
            self.rows, self._everyone if active is None else self._mask(active), self.intents, self.tickets, self.declined,
            *self.market, self.rules,
            self.account, self.position, self.orders, self.record, self.refused, self.fills,
        )  # fmt: skip
        if bad >= 0:
            raise DataError(
                f"{self.tape.name}: environment {bad} cannot step from row {self.rows[bad]}: decisions stand at rows 0 to "
                f"{self.n_rows - 2} (row -1: the account was never opened)"
            )
        return self.record

    def fills_of_step(self, e: int = 0) -> np.ndarray:
        """Return a copy of the FILL records of environment `e` in the last step, in the order in which they happened."""
        if self.fills.shape[1] == 0:
            raise ConfigError("fills were not recorded; make the simulator with record_fills=True")
        return copied(self.fills[e, : self.record["n_fills"][e]])

    def check(self) -> None:
        """Raise IntegrityError where the two ledgers of an account differ by more than 1e-9 of its traded notional."""
        check_ledgers(self.account, self.position, self.instruments)

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of everything that changes; `load` brings it back."""
        return {name: copied(getattr(self, name)) for name in STATE}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go back to a state that `state` returned.

        Raises:
            ShapeError: An array is missing, or has not the shape and dtype of this simulator.
        """
        for name in STATE:
            own = getattr(self, name)
            if name not in state or state[name].shape != own.shape or state[name].dtype != own.dtype:
                found = "missing" if name not in state else f"{state[name].shape} of another kind"
                raise ShapeError(f"state {name} must have shape {own.shape}, was {found}; load it into a simulator of that shape")
        for name in STATE:
            getattr(self, name)[...] = state[name]

    def _mask(self, envs: np.ndarray | None) -> np.ndarray:
        if envs is None:
            return self._everyone
        mask = np.ascontiguousarray(envs, np.bool_)
        if mask.shape != (self.n_envs,):
            raise ShapeError(f"the mask of environments must have shape (n_envs,) = ({self.n_envs},), was {mask.shape}")
        return mask


def frozen(records: np.ndarray) -> np.ndarray:
    """Return a read-only C-contiguous view: one array type, so that the kernels compile once."""
    view = np.ascontiguousarray(records).view(np.ndarray)
    view.flags.writeable = False
    return view


def closes_of(bars: np.ndarray) -> np.ndarray:
    """Return bars whose four points are their close: a close-only tape fills at the close of t + 1."""
    closes = copied(bars)
    for name in ("open", "high", "low"):
        closes[name] = bars["close"]
    return frozen(closes)


def closing_clock(clock: np.ndarray) -> np.ndarray:
    """Return a clock whose bars last no time: everything happens at their close."""
    instants = clock.copy()
    instants["open_at"] = clock["close_at"]
    return frozen(instants)
