from dataclasses import replace

import numpy as np
import pytest

from quantgym.live.gateway import UnknownOutcomeError
from quantgym.live.parity import compare_sessions
from quantgym.live.stage import Stage
from quantgym.market.decision import Decision
from quantgym.market.errors import ConfigError, IntegrityError
from quantgym.market.limits import LimitSettings
from quantgym.market.order import Refusal


class Wrapped:
    """A gateway in front of the paper gateway; subclasses misbehave."""

    def __init__(self, inner):
        self.inner, self.calls = inner, 0

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Stuttering(Wrapped):
    """Delivers every third row twice, and then the one before it."""

    last = again = None

    def next_row(self):
        self.calls += 1
        if self.calls % 5 == 3:
            return self.last
        if self.calls % 5 == 4:
            return self.again
        self.again, self.last = self.last, self.inner.next_row()
        return self.last


class Repeating(Wrapped):
    """Tells every fill at every row: a stream that forgets its place."""

    def fills(self, cursor=0):
        return self.inner.fills(0)


class Losing(Wrapped):
    """Loses the answer to every other request: sometimes it was taken, sometimes not."""

    def submit(self, request):
        self.calls += 1
        if self.calls % 4 == 1:
            raise UnknownOutcomeError("timeout before it arrived")
        report = self.inner.submit(request)
        if self.calls % 4 == 3:
            raise UnknownOutcomeError("timeout after it was taken")
        return report


@pytest.mark.parametrize("wrap", [Stuttering, Repeating, Losing])
def test_a_stammering_broker_changes_no_byte(world, tmp_path, wrap):
    paper = world.trade(tmp_path, wrap)
    assert compare_sessions(paper, world.backtest()).equal


def test_rows_that_came_twice_or_late_are_written_down(world, tmp_path):
    world.trade(tmp_path, Stuttering)
    journal = world.journal(tmp_path)
    kinds = [kind for kind, _, _ in journal.events()]
    journal.close()
    assert kinds.count("duplicate_row") > 10
    assert kinds.count("late_row") > 10


class Lying(Wrapped):
    """From row 20 on its cash is off by the last bit."""

    def account(self):
        self.calls += 1
        report = self.inner.account()
        return replace(report, cash=np.nextafter(report.cash, 0.0)) if self.calls > 20 else report


def test_an_account_that_differs_by_one_bit_stops_the_session(world, tmp_path):
    with pytest.raises(IntegrityError, match=r"row 50 .* our books and the broker's differ: cash is .* here and .* at the broker"):
        world.trade(tmp_path, Lying)
    journal = world.journal(tmp_path)
    assert journal.n_decisions() == 20  # rows 30 to 49
    journal.close()


class Swallowing(Wrapped):
    """Keeps one fill to itself."""

    def fills(self, cursor=0):
        fills, end = self.inner.fills(cursor)
        return tuple(fill for fill in fills if not fill.execution_id.startswith(min(self.inner._orders))), end


def test_a_fill_that_was_not_told_stops_the_session(world, tmp_path):
    with pytest.raises(IntegrityError, match=r"differ: .*units is"):
        world.trade(tmp_path, Swallowing)


class Editing(Wrapped):
    """Tells a fill again at another price."""

    def fills(self, cursor=0):
        fills, end = self.inner.fills(0)
        self.calls += 1
        return tuple(replace(fill, price=fill.price + 1.0) if self.calls > 9 else fill for fill in fills), end


def test_a_fill_that_changed_stops_the_session(world, tmp_path):
    with pytest.raises(IntegrityError, match="again with other numbers"):
        world.trade(tmp_path, Editing)


def test_the_kill_switch_stops_orders_at_once_and_for_good(world, tmp_path):
    class Switching(Wrapped):
        def next_row(self):
            self.calls += 1
            if self.calls == 25:
                (tmp_path / "HALT").touch()
            return self.inner.next_row()

    halted = world.trade(tmp_path, Switching)
    straight = world.backtest()
    assert halted.n_decisions == straight.n_decisions
    # rows 30 to 53 were decided before the switch was seen; orders of the 24th are filled in the bar after it
    assert halted.fills["row"].max() == 54
    assert compare_sessions(cut(halted, 24), cut(straight, 24)).equal
    (tmp_path / "HALT").unlink()
    again = world.trade(tmp_path)  # taking the file away does not resume
    assert compare_sessions(again, halted).equal
    journal = world.journal(tmp_path)
    assert journal.state() == ("halted", "kill switch HALT")
    assert {refusal.reason for refusal in journal.refusals()} == {"halted"}
    journal.close()


def cut(session, n):
    parts = {
        name: getattr(session, name)[:n]
        for name in ("rows", "observations", "actions", "lots", "steps", "units", "weights", "refused")
    }
    fills = session.fills[session.fills["row"] <= session.rows[n - 1] + 1]
    return replace(session, closes=session.closes[: n + 1], fills=fills, **parts)


def test_orders_written_but_not_sent_before_a_halt_are_withheld(world, tmp_path, monkeypatch):
    class Dying(Wrapped):
        def submit(self, request):
            self.calls += 1
            if self.calls == 10:
                raise KeyboardInterrupt
            return self.inner.submit(request)

    with pytest.raises(KeyboardInterrupt):
        world.trade(tmp_path, Dying)
    (tmp_path / "HALT").touch()
    session = world.trade(tmp_path)
    journal = world.journal(tmp_path)
    withheld = [order for order in journal.orders() if order.stage is Stage.WITHHELD]
    journal.close()
    assert {order.reason for order in withheld} == {"kill switch HALT"}
    assert len(session.fills) < 10


class Nonsense:
    """A policy that decides NaN at its eighth decision."""

    name, scheme, requires = "nonsense", "target_weights", ()

    def initial_state(self, batch):
        return {"count": np.zeros(batch, np.int64)}

    def act(self, observation, state, deterministic=True):
        values = np.full((1, 3), 0.2)
        values[0, 1] = np.nan if state["count"][0] == 7 else 0.1
        return Decision(self.scheme, values), {"count": state["count"] + 1}


def test_a_decision_that_is_not_a_number_halts_and_sends_nothing(world, tmp_path):
    world.policy = Nonsense()
    with pytest.raises(ConfigError, match=r"was nan at index \[0, 1\]"):
        world.trade(tmp_path)
    journal = world.journal(tmp_path)
    assert journal.n_decisions() == 7
    assert journal.state()[0] == "halted"
    assert "decision 7 cannot be decoded" in journal.state()[1]
    journal.close()


def test_limits_hold_orders_back_and_are_counted(world, tmp_path):
    world.limits = LimitSettings(max_order=30_000.0)
    session, free = world.trade(tmp_path), world.backtest()
    refused = int(session.refused[:, Refusal.LIMIT_ORDER_SIZE].sum())
    journal = world.journal(tmp_path)
    assert {refusal.reason for refusal in journal.refusals()} == {"limit_order_size"}
    assert refused == len(journal.refusals()) > 0
    journal.close()
    assert session.steps["n_refused"].sum() >= refused
    assert not compare_sessions(session, free).equal
    world.limits = None  # what was decided under the limits stays as it was decided
    assert compare_sessions(world.trade(tmp_path), session).equal


def test_a_policy_that_changed_under_a_running_deployment_stops(world, tmp_path):
    world.trade(tmp_path)
    own = world.strategy().policy
    with pytest.raises(IntegrityError, match="decision 0 does not come out again as it was taken: action was"):
        world.trade(tmp_path, policy=type(own)(3, seed=1))


def test_a_broker_that_forgot_an_order_stops(world, tmp_path):
    world.trade(tmp_path)

    class Forgetful(Wrapped):
        def order(self, client_id):
            return None

    with pytest.raises(IntegrityError, match=r"does not know order .* which it had confirmed"):
        world.trade(tmp_path, Forgetful)


def test_a_policy_for_other_assets_is_refused(world, tmp_path):
    world.assets = ("S1",)
    one = world.strategy()
    world.assets = None
    with pytest.raises(ConfigError, match="the policy trades S1, the instruments are S0, S1, S2"):
        world.trade(tmp_path, observer=one.observer)
