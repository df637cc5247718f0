"""`Simulator`: the exchange for a batch of accounts, the third of the five contracts."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numba
import numpy as np

from ..data.tape import Tape
from ..market.account import FILL, STEP, new_accounts
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings, rules_records
from ..market.desk import Desk, open_episodes
from ..market.errors import ConfigError, DataError, IntegrityError, ShapeError
from ..market.kernel import compiled
from ..market.ledger import check_ledgers
from ..market.order import INTENT, ORDER, TICKET, Refusal
from ..market.record import copied
from .batch import bad_cash, bad_start, open_batch, step_batch, step_batch_parallel
from .order import Order, OrderGroup, legs_of
from .placement import Rounding, free_slots, write_tickets
from .venue import check_counts, check_market, venue_arrays

__all__ = ["Simulator"]

STATE = ("account", "position", "orders", "record", "refused", "declined", "fills", "intents", "tickets", "rows", "rules")


class Simulator:
    """Accounts of E environments that trade the A assets of one tape under written rules (docs/simulator.md).

    A step: write intents (or `decode` actions into them, or `place` orders) for the decision at the closes of `rows`, call
    `step`, read `record`. All arrays are public and belong to the simulator: read them between steps, copy what must last.

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
        fills: The log of the last step, FILL records (E, C), `record.n_logged` of them; C is 0 where fills are not recorded.
        intents: INTENT records of the next decision, (E, A); all zero after a step.
        tickets: TICKET records of the next decision, (E, R), in the first slots (`place`); after a step none asks for anything.
        tariff: TARIFF records of the fee schedule, (F,), read-only.
        brackets: BRACKET records, (B,), read-only.
        rows: Tape row of each environment's next decision, int64 (E,).
    """

    schema_version: ClassVar[int] = 2

    def __init__(
        self,
        tape: Tape,
        costs: CostSettings,
        *,
        n_envs: int = 1,
        max_orders: int = 8,
        max_tickets: int = 0,
        record_fills: bool = False,
        record_orders: bool = False,
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
            record_orders: Whether changes of an order's state are written there, too.
            threads: 1 runs the serial loop; more run the parallel one, with the same bytes.

        Raises:
            ConfigError: A number is not positive, or a setting by symbol leaves out an asset.
            DataError: The tape is too short, or has not what a rule needs (`venue.venue_arrays`).
        """
        check_counts(n_envs=n_envs, max_orders=max_orders, max_tickets=max_tickets, threads=threads)
        check_market(tape, costs)
        self.tape, self.costs, self.n_envs, self.threads = tape, costs, n_envs, min(threads, numba.config.NUMBA_NUM_THREADS)
        venue = venue_arrays(tape, costs)
        self.bars, self.terms, self.clock = venue.bars, venue.terms, venue.clock
        self.instruments, self.tariff, self.brackets = venue.instruments, venue.tariff, venue.brackets
        self.rules = rules_records(costs, n_envs)
        self.rules["close_only"], self.rules["log_orders"] = tape.close_only, record_orders
        self.account, self.position = new_accounts(n_envs, tape.n_assets)
        if costs.latency_ms > 0.0 or costs.participation is not None:
            max_orders += tape.n_assets
        self.orders = np.zeros((n_envs, max_orders), ORDER)
        self.record = np.zeros(n_envs, STEP)
        self.refused = np.zeros((n_envs, len(Refusal)), np.int64)
        self.declined = np.zeros_like(self.refused)
        logged = record_fills or record_orders
        self.fills = np.zeros((n_envs, self._most_logged(max_orders, max_tickets, record_orders) if logged else 0), FILL)
        self.intents = np.zeros((n_envs, tape.n_assets), INTENT)
        self.tickets = np.zeros((n_envs, max_tickets), TICKET)
        self.rows = np.full(n_envs, -1, np.int64)
        self._everyone = np.ones(n_envs, np.bool_)
        self._open: Callable[..., None] | None = None
        self._loop = step_batch if self.threads == 1 else step_batch_parallel

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}  # what is compiled stays in its process

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in self.market:  # copies forget it: kernels would be compiled anew, for arrays of another type
            array.flags.writeable = False

    @property
    def market(self) -> tuple[np.ndarray, ...]:
        """What the kernels read and never write: bars, terms, clock, instruments, tariff, brackets."""
        return self.bars, self.terms, self.clock, self.instruments, self.tariff, self.brackets

    @cached_property
    def desk(self) -> Desk:
        """What action schemes read and write: views of the arrays above. Whoever plays episodes writes their ends into it."""
        return Desk(
            self.rows, self.instruments, self.account, self.position, open_episodes(self.n_envs),
            self.bars, self.rules, self.intents, self.tickets, self.declined,
        )  # fmt: skip

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
            ConfigError: Cash is no number, or not positive and finite.
        """
        chosen = self._mask(envs)
        asked, given = np.asarray(rows), np.asarray(cash)
        if given.dtype.kind not in "iuf":
            raise ConfigError(f"cash must be a number, or numbers of shape (n_envs,) = ({self.n_envs},), was {cash!r}")
        amounts = given.astype(np.float64)
        if asked.shape != (self.n_envs,):
            raise ShapeError(f"rows must have shape (n_envs,) = ({self.n_envs},), was {asked.shape}")
        if asked.dtype.kind not in "iu":
            raise ShapeError(f"rows must be integers, was {asked.dtype}")
        if amounts.shape not in ((), (self.n_envs,)):
            raise ShapeError(f"cash must be a number or have shape (n_envs,) = ({self.n_envs},), was {amounts.shape}")
        start, last = np.ascontiguousarray(asked, np.int64), self.n_rows - 2
        money = np.ascontiguousarray(amounts) if amounts.ndim else np.full(self.n_envs, amounts)
        if (bad := bad_start(start, chosen, last)) >= 0:
            raise DataError(f"{self.tape.name}: the first row of environment {bad} must lie in [0, {last}], was {start[bad]}")
        if (bad := bad_cash(money, chosen)) >= 0:
            raise ConfigError(f"cash of environment {bad} must be positive and finite, was {money[bad]}")
        arguments = (
            start, money, chosen, self.rows, self.intents, self.tickets, self.declined, *self.market,
            self.account, self.position, self.orders, self.record, self.refused,
        )  # fmt: skip
        if self._open is None:
            like = (np.zeros(1, np.int64), np.zeros(1), self._everyone, *arguments[3:])
            self._open = compiled(open_batch, *like)
        self._open(*arguments)

    def decode(self, scheme: ActionScheme, actions: np.ndarray) -> None:
        """Check actions and write the intents they stand for, for the decision at the closes of `rows`.

        Args:
            scheme: What the actions mean.
            actions: (E,) integers for a discrete scheme, (E, size) floats for a continuous one.

        Raises:
            ShapeError, ConfigError: See `ActionScheme.decide`.
        """
        scheme.decide(actions, self.desk)

    def order_ids(self, e: int = 0) -> np.ndarray:
        """Return the ids that the next step gives to the intents of environment `e`: int64 (A,), 0 where there is none."""
        self._check_env(e)
        asked = self.intents[e]["lots"] != 0
        return np.where(asked, self.account["next_order_id"][e] + np.cumsum(asked) - 1, 0)

    def ticket_ids(self, e: int = 0) -> np.ndarray:
        """Return the ids that the next step gives to the tickets of environment `e`: int64 (R,), 0 where there is none.

        Intents come first: look when they are written.
        """
        self._check_env(e)
        asked = (self.tickets[e]["lots"] != 0) & (self.tickets[e]["cancels"] == 0)
        before = self.account["next_order_id"][e] + (self.intents[e]["lots"] != 0).sum()
        return np.where(asked, before + np.cumsum(asked) - 1, 0)

    def place(self, order: Order | OrderGroup, env: int = 0, *, rounding: Rounding = "refuse") -> np.ndarray:
        """Add an order, or a group of them, to the next decision of environment `env`.

        Args:
            order: An `Order`, or what `bracket`, `oco` and `oto` make.
            env: Index of the environment.
            rounding: `refuse` prices off the tick grid and quantities off the lot grid, or `conservative`: lots towards zero,
                limits no more generous, stops no earlier, trails no shorter.

        Returns:
            Slots of `tickets[env]`, int64, one an order; `ticket_ids` says which ids they get.

        Raises:
            ConfigError: A price or quantity is no positive finite number, off the grid or beyond 1e15 steps; or the decision
                holds `max_tickets` already.
            UnknownNameError: The symbol is not on the tape, or `rounding` unknown.
            DataError: The index of an asset or an environment lies outside.
        """
        tickets = self._tickets_of(env)
        labels = tickets["group"][tickets["lots"] != 0]
        return write_tickets(self.tape, legs_of(order), tickets, env, int(labels.max(initial=0)), rounding)

    def cancel(self, order_id: int, env: int = 0) -> int:
        """Cancel a working order, and its group with it, in the next decision of environment `env`; return the slot.

        Raises:
            ConfigError: The id is no whole number of at least 1, or the decision holds `max_tickets` already.
            DataError: There is no such environment.
        """
        if isinstance(order_id, bool) or not isinstance(order_id, (int, np.integer)) or not 1 <= order_id < 2**63:
            raise ConfigError(f"cancel needs the id of an order, a whole number of at least 1, was {order_id!r}")
        tickets = self._tickets_of(env)
        slot = int(free_slots(tickets, 1, env)[0])
        tickets[slot] = np.zeros((), TICKET)
        tickets[slot]["cancels"] = order_id
        return slot

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
            raise self.no_bar(bad)
        return self.record

    def no_bar(self, env: int) -> DataError:
        """Return the error of a step of environment `env` from where there is no bar to play."""
        return DataError(
            f"{self.tape.name}: environment {env} cannot step from row {self.rows[env]}: decisions stand at rows 0 to "
            f"{self.n_rows - 2} (row -1: the account was never opened)"
        )

    def fills_of_step(self, e: int = 0) -> np.ndarray:
        """Return a copy of the fills of environment `e` in the last step, FILL records in the order in which they happened."""
        log = self.log_of_step(e)
        return log if not self.rules["log_orders"][e] else copied(log[log["lots"] != 0])

    def log_of_step(self, e: int = 0) -> np.ndarray:
        """Return a copy of the log of environment `e` in the last step: fills and, with `record_orders`, changes of states."""
        self._check_env(e)
        capacity, logged = self.fills.shape[1], int(self.record["n_logged"][e])
        if capacity == 0:
            raise ConfigError("fills were not recorded; make the simulator with record_fills=True")
        if logged > capacity:
            raise IntegrityError(f"the log of a step holds {capacity} entries, environment {e} wrote {logged}; raise max_orders")
        return copied(self.fills[e, :logged])

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
            own, given = getattr(self, name), state.get(name) if isinstance(state, dict) else None
            if not isinstance(given, np.ndarray) or given.shape != own.shape or given.dtype != own.dtype:
                found = f"{given.shape} of another kind" if isinstance(given, np.ndarray) else "missing"
                raise ShapeError(f"state {name} must have shape {own.shape}, was {found}; load it into a simulator of that shape")
        for name in STATE:
            getattr(self, name)[...] = state[name]

    def _mask(self, envs: np.ndarray | None) -> np.ndarray:
        if envs is None:
            return self._everyone
        mask = np.asarray(envs)
        if mask.dtype != np.bool_:
            raise ShapeError(f"the mask of environments must be bool, one an environment and no list of indices, was {mask.dtype}")
        if not (mask.flags.c_contiguous and mask.flags.aligned):
            mask = np.require(mask, requirements=("C", "A"))
        if mask.shape != (self.n_envs,):
            raise ShapeError(f"the mask of environments must have shape (n_envs,) = ({self.n_envs},), was {mask.shape}")
        return mask

    def _check_env(self, env: int) -> None:
        if isinstance(env, bool) or not isinstance(env, (int, np.integer)) or not 0 <= env < self.n_envs:
            raise DataError(f"{self.tape.name}: environments are 0 to {self.n_envs - 1}, was {env!r}")

    def _tickets_of(self, env: int) -> np.ndarray:
        self._check_env(env)
        tickets: np.ndarray = self.tickets[env]
        return tickets

    def _most_logged(self, max_orders: int, max_tickets: int, states: bool) -> int:
        """Return the most entries that one step can log: each order fills once a bar, positions are closed by force once."""
        n_assets = self.n_assets
        leaving = n_assets if (self.bars["present"][-1] == 0).any() else 0
        fills = 2 * n_assets + max_orders + leaving
        # a change of state: taken, opened, filled in part, left
        return fills + 4 * (n_assets + max_orders + max_tickets) if states else fills
