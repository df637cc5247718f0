"""The session: each closed row becomes an observation, a decision, orders, fills and books; after a crash by the same path."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from ..agents.policy import Policy
from ..data.row import Row
from ..envs.observer import Observer
from ..evaluation.candidate import Candidate
from ..evaluation.recorder import Recorder
from ..evaluation.session import Session
from ..market.actions.scheme import ActionScheme
from ..market.cost import CostSettings, rules_records
from ..market.desk import new_desk
from ..market.errors import ConfigError, IntegrityError, QuantgymError
from ..market.instrument import Instrument
from ..market.order import Refusal
from .books import Books
from .desk import News, OrderDesk
from .gateway import Gateway
from .guard import Guard
from .intent import wanted_orders
from .journal import Journal
from .record import DecisionRecord, OrderRecord, observation_digest
from .stage import Stage

__all__ = ["LiveSession", "Strategy"]

WORKING = (Stage.PENDING, Stage.OPEN, Stage.PARTIALLY_FILLED)
NO_NEWS: News = ((), (), 0)
log = structlog.get_logger("quantgym.live")


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """Who decides, what it sees, what its decisions mean, under which rules.

    Attributes:
        policy: Decides, deterministically.
        observer: Builds what it sees; its stream holds the rows before the session already.
        scheme: Meaning of the decisions.
        costs: Rules of the account: sizing, leverage, shorts, borrow, ruin.
        instruments: What is traded, in the order of the observer's assets.
        cash: At the start, account currency.
    """

    policy: Policy
    observer: Observer
    scheme: ActionScheme
    costs: CostSettings
    instruments: tuple[Instrument, ...]
    cash: float

    @classmethod
    def of(cls, candidate: Candidate) -> "Strategy":
        """Return the strategy of a bundle's policy."""
        c = candidate
        return cls(
            policy=c.policy, observer=c.observer, scheme=c.scheme, costs=c.costs, instruments=c.traded.instruments, cash=c.cash
        )


@dataclass
class Taken:
    """The last decision, until the row that follows it has closed."""

    row: int
    observation: np.ndarray
    action: np.ndarray
    lots: np.ndarray
    refused: np.ndarray


class LiveSession:
    """One deployment from its first row to its last.

    The rows that the journal knows are played again first: the same observations, decisions and books must come out, bit for bit,
    or the session stops. Nothing is decided twice and nothing that has an outcome is sent again; what was written down but has no
    outcome is brought to one. Then it goes on. A session that was never stopped knows no such rows.

    Args:
        gateway: The broker, before its first row.
        journal: The deployment's.
        books: Ours, before the first row; the guard holds orders against the same.
        guard: What every order passes.
        strategy: Who decides.
        facts: JSON values for the recording.
        last_close: Close of the row that ends the session: marked, not decided; None: the session ends with the rows.
        wait: Sleeps for so many ns.
        progress: Called with the number of decisions after each one.
    """

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        books: Books,
        guard: Guard,
        strategy: Strategy,
        *,
        facts: Mapping[str, Any],
        last_close: int | None,
        wait: Callable[[int], None],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._gateway, self._journal, self._guard, self._strategy = gateway, journal, guard, strategy
        self._facts, self._last_close, self._progress = dict(facts), last_close, progress
        self._desk = OrderDesk(gateway, journal, guard, wait)
        self.books = books
        self._rules = rules_records(strategy.costs)
        self._state = strategy.policy.initial_state(1)
        self._sequence, self._cursor = 0, 0
        self._known = {fill.execution_id for fill in journal.fills()}
        self._taken: Taken | None = None
        self._recorder: Recorder | None = None
        symbols = tuple(instrument.symbol for instrument in strategy.instruments)
        if symbols != gateway.symbols or symbols != strategy.observer.layout.assets:
            raise ConfigError(
                f"the policy trades {', '.join(strategy.observer.layout.assets)}, the instruments are {', '.join(symbols)} "
                f"and {gateway.name} trades {', '.join(gateway.symbols)}; they must be the same, in the same order"
            )
        self._traded = None if gateway.assets == symbols else np.array([gateway.assets.index(symbol) for symbol in symbols])

    def run(self) -> Session:
        """Trade until the rows end, the account is ruined or something does not agree.

        Returns:
            The recording, in the form of a backtest's.

        Raises:
            IntegrityError: Journal, broker and books do not agree; nothing more is sent, and what differs is named.
            ConfigError: The policy decided something that cannot be decoded (NaN, out of range): the deployment is halted.
            GatewayError: The broker cannot be reached.
        """
        while (row := self._gateway.next_row()) is not None:
            flaw = self._guard.admit(row)
            if flaw:
                log.warning(flaw, close_at=row.close_at)
                with self._journal.commit():
                    self._journal.note(flaw, str(row.close_at))
            elif self._close(row, self._cut(row)):
                break
        with self._journal.commit():
            if self._journal.state()[0] == "running":
                self._journal.set_state("ended")
        if self._recorder is None:
            raise IntegrityError(f"{self._gateway.name} delivered no row")
        return self._recorder.finish()

    def _close(self, row: Row, traded: Row) -> bool:
        # one row has closed: books first, then the next decision; True where there is none
        news = NO_NEWS
        if self._recorder is None:
            self.books.open(traded)
            multiplier = self.books.instruments["multiplier"]
            self._recorder = Recorder(self._facts, row.close_at, multiplier)
            self._strategy.observer.begin()
            self.books.verify(self._gateway.account(), self._gateway.exact)
        else:
            news = self._desk.news(self._cursor)
            self._cursor = news[2]
            self._book(traded, news)
        self._guard.watch(row)
        if row.close_at == self._last_close or self.books.account["ruined"][0]:
            self._desk.keep(news)
            return True
        self._decide(row, traded, news)
        if self._progress is not None:
            self._progress(self._sequence)
        return False

    def _book(self, traded: Row, news: News) -> None:
        reports, fills, _ = news
        n_working = sum(report.stage in WORKING for report in reports)
        step = self.books.advance(traded, fills, n_working, self._gateway.exact)
        account = self._gateway.account()
        self.books.verify(account, self._gateway.exact)
        taken = self._taken
        assert taken is not None
        assert self._recorder is not None
        for reason, count in account.refused:
            taken.refused[reason] += count
        step["n_refused"], step["path_gap"] = taken.refused.sum(), account.path_gap
        self._recorder.record(
            row=taken.row,
            observation=taken.observation,
            action=taken.action,
            lots=taken.lots,
            step=step[0],
            fills=self.books.records(fills),
            position=self.books.position[0],
            refused=taken.refused,
            closed_at=traded.close_at,
        )

    def _decide(self, row: Row, traded: Row, news: News) -> None:
        with structlog.contextvars.bound_contextvars(decision=self._sequence):
            self._take_decision(row, traded, news)

    def _take_decision(self, row: Row, traded: Row, news: News) -> None:
        strategy, sequence = self._strategy, self._sequence
        observation = strategy.observer.observe(row, self.books.account, self.books.position, self.books.row)
        flat = observation.flat()
        decision, self._state = strategy.policy.act(observation, self._state)
        try:
            intents, declined = self._decoded(traded, decision.values)
        except QuantgymError as error:
            self._desk.keep(news)
            self._guard.halt(f"decision {sequence} cannot be decoded: {error}")
            raise
        record = DecisionRecord(
            sequence=sequence,
            close_at=row.close_at,
            observation_digest=observation_digest(flat),
            action=decision.values,
            output=self._output(flat),
            equity=float(self.books.account["equity"][0]),
            cancels=self._cancels(intents),
        )
        wanted = wanted_orders(self._journal.deployment, sequence, strategy.instruments, intents[0])
        known = self._journal.decision(sequence)
        if known is None:
            self._all_seen()
            known = self._desk.place(row, record, wanted, news)
        else:
            self._agree(known, record, wanted)
            self._guard.note(row, known.orders)
            self._desk.keep(news)
            self._desk.drive(known)
        for refusal in known.refusals:
            name = refusal.reason.upper()
            if name in Refusal.__members__:
                declined[Refusal[name]] += 1
        self._taken = Taken(self.books.row, flat[0], decision.values[0], intents["lots"][0].copy(), declined)
        self._sequence += 1
        log.info("decision_taken", close_at=row.close_at, orders=len(known.orders), refusals=len(known.refusals))

    def _decoded(self, traded: Row, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        strategy = self._strategy
        books = self.books
        desk = new_desk(np.zeros(1, np.int64), traded.bars[None], books.instruments, self._rules, books.account, books.position)
        strategy.scheme.decide(values, desk)
        desk.declined[0, Refusal.NONE] = 0  # where decoders may count their total
        return desk.intents, desk.declined[0]

    def _cancels(self, intents: np.ndarray) -> tuple[str, ...]:
        # what a decision asks to cancel; everything that works, where trading is halted
        halted = bool(self._guard.halted())
        cancelled = {
            instrument.symbol
            for instrument, intent in zip(self._strategy.instruments, intents[0], strict=True)
            if intent["cancel"] or halted
        }
        if not cancelled:
            return ()
        return tuple(request.client_id for request in self._desk.working() if request.symbol in cancelled)

    def _agree(self, known: DecisionRecord, record: DecisionRecord, wanted: tuple[OrderRecord, ...]) -> None:
        # a row that the journal knows must come out again as it was
        was = {(order.request.symbol, order.request.lots) for order in known.orders}
        was |= {(refusal.symbol, refusal.lots) for refusal in known.refusals}
        pairs = {
            "close": (known.close_at, record.close_at),
            "observation": (known.observation_digest, record.observation_digest),
            "action": (known.action.tobytes(), np.ascontiguousarray(record.action).tobytes()),
            "orders": (sorted(was), sorted((order.request.symbol, order.request.lots) for order in wanted)),
        }
        different = [f"{name} was {was!r}, is {now!r}" for name, (was, now) in pairs.items() if was != now]
        if different:
            raise IntegrityError(
                f"{self._journal.path}: decision {known.sequence} does not come out again as it was taken: {'; '.join(different)}; "
                "bundle, rows or code have changed under a running deployment"
            )

    def _all_seen(self) -> None:
        # once the journal's rows have been played, the broker must have told every fill that the journal knows
        lost = self._known - self._desk.told.keys()
        if lost:
            raise IntegrityError(
                f"{self._journal.path}: {len(lost)} fills of the journal are unknown to {self._gateway.name}, "
                f"first {min(lost)}; compare both before going on"
            )
        self._known = set()

    def _output(self, flat: np.ndarray) -> str:
        answer = getattr(self._strategy.policy, "answer", None)
        return "" if answer is None else json.dumps(np.asarray(answer(flat))[0].astype(float).tolist())

    def _cut(self, row: Row) -> Row:
        if self._traded is None:
            return row
        return Row(row.open_at, row.close_at, row.bars[self._traded], row.terms[self._traded])
