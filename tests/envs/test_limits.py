"""The guard's limits inside an environment: what breaks one is dropped before the step and counted."""

import numpy as np
import pytest

from quantgym.data.record import bar_records, clock_records
from quantgym.data.tape import Tape
from quantgym.envs.limit_screen import screen_batch
from quantgym.envs.limits import Limits, limit_settings
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument
from quantgym.market.limits import LimitSettings
from quantgym.market.order import Refusal
from quantgym.simulator.order import Order, bracket, oco, oto
from quantgym.simulator.simulator import Simulator

HOUR = 3_600_000_000_000
FREE = {"fee_rate": 0.0, "half_spread_rate": 0.0, "impact_coefficient": 0.0, "borrow_rate": 0.0, "margin_interest_rate": 0.0}


def tape_at(price=10.0, n_rows=40, n_assets=2, reach=0.0):
    """Bars that open and close at one price and reach so far above and below."""
    opened, flat = np.arange(n_rows) * HOUR, np.full((n_rows, n_assets), price)
    bars = bar_records(flat, flat + reach, flat - reach, flat, np.full((n_rows, n_assets), 1e6))
    return Tape.build("flat", [Instrument(symbol=s) for s in "ABC"[:n_assets]], clock_records(opened, opened + HOUR), bars)


class Room:
    """Accounts of 1,000 that may go short, at prices of 10, under limits."""

    def __init__(self, n_envs=1, tape=None, latency_ms=0.0, **limits):
        costs = CostSettings(**FREE, allow_short=True, max_leverage=100.0, limit_touch=True, latency_ms=latency_ms)
        self.sim = Simulator(tape or tape_at(), costs, n_envs=n_envs, max_tickets=6)
        self.limits = Limits(LimitSettings(**limits), n_envs, self.sim.n_assets)
        self.sim.open_accounts(1_000.0, np.zeros(n_envs, np.int64))
        self.limits.begin(np.ones(n_envs, bool))

    def ask(self, *lots):
        self.sim.intents["lots"][0, : len(lots)] = lots
        return self

    def place(self, order, **settings):
        self.sim.place(order, **settings)
        return self

    def step(self):
        """Screen and step -> reasons declined, positions."""
        self.limits.screen(self.sim)
        self.sim.step()
        counted = {Refusal(r).name: int(n) for r, n in enumerate(self.sim.refused[0]) if n}
        return counted, self.sim.position["units"][0].tolist()


def test_what_breaks_a_limit_is_dropped_and_counted_and_the_rest_is_played():
    room = Room(max_position=50.0)
    assert room.ask(6, 5).step() == ({"LIMIT_POSITION": 1}, [0.0, 5.0])
    assert room.sim.record["n_refused"][0] == 1
    assert room.ask(5, 0).step() == ({}, [5.0, 5.0])


@pytest.mark.parametrize(("limits", "reason"), [
    ({"max_gross": 99.0}, "LIMIT_GROSS"),  # 5 x 10 + 5 x 10 = 100
    ({"max_net": 99.0}, "LIMIT_NET"),
    ({"max_leverage": 0.099}, "LEVERAGE"),
    ({"max_orders_per_minute": 1}, "LIMIT_ORDER_RATE"),
])  # fmt: skip
def test_orders_of_one_decision_count_together(limits, reason):
    assert Room(**limits).ask(5, 5).step() == ({reason: 1}, [5.0, 0.0])


def test_orders_are_counted_by_the_minute_of_the_decision():
    room = Room(max_orders_per_minute=1)
    assert room.ask(1, 1).step() == ({"LIMIT_ORDER_RATE": 1}, [1.0, 0.0])
    assert room.ask(1, 1).step() == ({"LIMIT_ORDER_RATE": 1}, [2.0, 0.0])  # another hour


def test_a_loss_stops_what_opens_and_never_what_closes_and_a_new_episode_forgets_it():
    room = Room(max_drawdown=0.1)
    room.ask(5).step()
    room.sim.account["equity"], room.sim.account["peak_equity"] = 890.0, 1_000.0
    assert room.ask(1, 1).step() == ({"LIMIT_DRAWDOWN": 2}, [5.0, 0.0])
    room.sim.account["peak_equity"] = 2_000.0
    assert room.ask(-5).step() == ({}, [0.0, 0.0])
    room.sim.open_accounts(1_000.0, np.zeros(1, np.int64))
    room.limits.begin(np.ones(1, bool))
    assert room.ask(1).step() == ({}, [1.0, 0.0])


def test_the_day_of_the_daily_loss_begins_at_its_first_decision():
    room = Room(max_daily_loss=0.1)
    room.ask(1).step()
    room.sim.account["equity"] = 899.0
    assert room.ask(1).step() == ({"LIMIT_DAILY_LOSS": 1}, [1.0, 0.0])
    for _ in range(21):
        room.step()
    # row 23 closes at midnight: the next day, whose first equity is what the account has then
    room.sim.account["equity"] = 899.0
    assert room.ask(1).step() == ({}, [2.0, 0.0])


def test_working_orders_count_until_they_are_cancelled():
    room = Room(max_position=50.0)
    room.place(Order("A", 5, "limit", limit=9.0)).step()
    assert room.ask(1).step() == ({"LIMIT_POSITION": 1}, [0.0, 0.0])
    room.sim.cancel(1)
    assert room.ask(5).step() == ({}, [5.0, 0.0])
    room.place(Order("A", -5, "stop", stop=9.0)).step()
    assert room.sim.account["n_working"][0] == 1
    room.sim.intents["cancel"][0, 0] = 1
    assert room.ask(-10).step() == ({}, [-5.0, 0.0])


def test_a_second_sale_of_what_is_held_is_no_way_out():
    room = Room(max_drawdown=0.1)
    room.ask(5).step()
    room.place(Order("A", -5, "stop", stop=9.0)).step()
    room.sim.account["peak_equity"] = 2_000.0
    assert room.ask(-5).step() == ({"LIMIT_DRAWDOWN": 1}, [5.0, 0.0])
    room.sim.intents["cancel"][0, 0] = 1
    assert room.ask(-5).step() == ({}, [0.0, 0.0])


def test_a_reduce_only_order_passes_and_counts_for_nothing():
    room = Room(max_drawdown=0.1)
    room.ask(5).step()
    room.place(Order("A", -5, "stop", stop=9.0, reduce_only=True)).step()
    room.sim.account["peak_equity"] = 2_000.0
    assert room.ask(-5).step() == ({}, [0.0, 0.0])


def test_a_stop_and_a_target_that_take_from_each_other_count_once():
    room = Room(max_position=50.0)
    room.ask(5).step()
    exits = oco(Order("A", -5, "stop", stop=9.0), Order("A", -5, "limit", limit=11.0))
    assert room.place(exits).step() == ({}, [5.0, 0.0])
    assert room.ask(-1).step() == ({}, [4.0, 0.0])  # it may come to stand at -1
    assert room.ask(-5).step() == ({"LIMIT_POSITION": 1}, [4.0, 0.0])  # 4 - 5 - 5 = -6


def test_a_bracket_passes_whole_or_not_at_all():
    room = Room(max_position=50.0)
    # its target of 12 x 5 = 60 only takes back what the entry buys
    whole = bracket(Order("A", 5), stop=9.0, target=12.0)
    assert room.place(whole).step() == ({}, [5.0, 0.0])
    assert room.sim.account["n_working"][0] == 2
    assert room.place(bracket(Order("B", 6), stop=9.0, target=12.0)).step() == ({"LIMIT_POSITION": 3}, [5.0, 0.0])
    assert room.sim.account["n_working"][0] == 2


def test_what_breaks_a_limit_takes_its_parent_with_it_and_leaves_the_tickets_around_it():
    room = Room(max_position=50.0)
    room.place(Order("A", 1))
    room.place(oto(Order("B", 5), Order("B", 1)))  # 6 x 10 once both are filled
    room.place(oto(Order("A", 2), Order("A", 2)))
    room.place(Order("B", 4))  # there is room for it again
    assert room.step() == ({"LIMIT_POSITION": 2}, [3.0, 4.0])
    assert room.place(Order("B", 1)).step() == ({}, [5.0, 5.0])  # what waited for A's purchase buys two more


def test_two_orders_that_would_each_take_back_the_entry_are_no_bracket():
    room = Room(max_position=50.0)
    twice = oto(Order("A", 5), Order("A", -5, "stop", stop=9.0), Order("A", -5, "limit", limit=12.0))
    # without a group both may be filled: the second one sells short 5 at 12
    assert room.place(twice).step() == ({"LIMIT_POSITION": 3}, [0.0, 0.0])


def test_what_only_takes_back_an_entry_that_waits_is_no_sale_yet():
    room = Room(max_position=50.0)
    assert room.place(bracket(Order("A", 5, "limit", limit=9.0), stop=8.0, target=12.0)).step() == ({}, [0.0, 0.0])
    assert room.sim.account["n_working"][0] == 3
    assert room.ask(-6).step() == ({"LIMIT_POSITION": 1}, [0.0, 0.0])
    assert room.ask(-5).step() == ({}, [-5.0, 0.0])


def test_an_order_whose_cancel_is_on_its_way_may_still_be_filled():
    room = Room(max_position=50.0, latency_ms=5_400_000.0)  # an hour and a half: a bar and a half
    room.place(Order("A", 5, "limit", limit=9.0)).step()
    room.sim.cancel(1)
    assert room.ask(5).step() == ({"LIMIT_POSITION": 1}, [0.0, 0.0])
    assert room.sim.orders["cancelled"][0, 0] == 1
    assert room.ask(5).step() == ({"LIMIT_POSITION": 1}, [0.0, 0.0])
    assert room.sim.account["n_working"][0] == 0  # it has gone
    assert room.ask(5).step() == ({}, [0.0, 0.0])
    assert room.step() == ({}, [5.0, 0.0])


def test_a_bracket_that_the_order_rate_would_cut_is_not_sent():
    room = Room(max_orders_per_minute=2)
    assert room.place(bracket(Order("A", 5), stop=9.0, target=12.0)).place(Order("B", 1)).step() == (
        {"LIMIT_ORDER_RATE": 3}, [0.0, 1.0])  # fmt: skip


def test_an_environment_that_does_not_step_remembers_nothing():
    room = Room(n_envs=2, max_orders_per_minute=1)
    room.sim.intents["lots"][:, 0] = 1
    room.limits.screen(room.sim, np.array([True, False]))
    assert room.limits.use["n_orders"].tolist() == [1, 0]


def test_what_is_remembered_can_be_kept():
    room = Room(max_orders_per_minute=1)
    state = room.limits.state()
    room.ask(1).limits.screen(room.sim)
    assert room.limits.use["n_orders"][0] == 1
    room.limits.load(state)
    assert room.limits.use["n_orders"][0] == 0


def test_closing_one_side_of_a_hedge_passes_though_the_net_value_grows():
    room = Room(max_net=50.0)
    assert room.ask(5).step() == ({}, [5.0, 0.0])
    assert room.ask(0, -5).step() == ({}, [5.0, -5.0])
    assert room.ask(1).step() == ({}, [6.0, -5.0])
    assert room.ask(0, 5).step() == ({}, [6.0, 0.0])
    assert room.ask(1).step() == ({"LIMIT_NET": 1}, [6.0, 0.0])


def random_order(rng):
    """One of what can be asked: any kind, bracket, group or parent, on either side."""
    def one(side=None, symbol=None, reduce=False):
        kind = rng.choice(["market", "limit", "stop"])
        price = {} if kind == "market" else {kind: float(rng.choice([9.0, 9.5, 10.0]))}
        lots = int(rng.integers(1, 5)) * (side or int(rng.choice([-1, 1])))
        return Order(symbol or str(rng.choice(["A", "B"])), lots, kind, **price, reduce_only=reduce)

    pick = rng.random()
    if pick < 0.5:
        return one(reduce=rng.random() < 0.2)
    if pick < 0.65:
        return oco(one(), one())
    first = one()
    if pick < 0.8:
        return oto(first, one(symbol=first.symbol))
    away = int(-np.sign(first.units))
    return oto(first, oco(*(Order(first.symbol, away * abs(first.units), "limit", limit=p) for p in (9.5, 10.0))), arm_delay=0)


@pytest.mark.parametrize(("latency_ms", "reduce"), [(0.0, True), (3_000_000.0, False), (5_400_000.0, False)])
def test_no_fill_ever_leads_beyond_a_limit(latency_ms, reduce):
    """Whatever is asked, filled or left working: marks stand at 10, so only orders could break the limits."""
    passed = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        room = Room(tape=tape_at(reach=1.0, n_rows=60), latency_ms=latency_ms, max_position=60.0, max_gross=90.0)
        for _ in range(58):
            room.sim.intents["lots"][0] = rng.integers(-4, 5, 2) * (rng.random(2) < 0.3)
            room.sim.intents["cancel"][0] = rng.random(2) < 0.1
            if rng.random() < 0.6:
                room.place(random_order(rng))
            room.sim.tickets["reduce_only"] *= reduce
            _, held = room.step()
            worth = 10.0 * np.array(held)
            assert np.abs(worth).max() <= 60.0
            assert np.abs(worth).sum() <= 90.0
            passed += int(room.sim.record["n_fills"][0])
    assert passed > 200


def test_the_kernel_does_what_its_python_does():
    rng = np.random.default_rng(3)
    fast = Room(tape=tape_at(reach=1.0), max_position=60.0, max_gross=90.0, max_orders_per_minute=3)
    for _ in range(30):
        fast.sim.intents["lots"][0] = rng.integers(-4, 5, 2)
        fast.place(random_order(rng)).place(random_order(rng))
        sim, limits = fast.sim, fast.limits
        arguments = (sim.clock, sim.instruments, limits._records, sim.account, sim.position, sim.orders, sim.intents, sim.tickets,
                     sim.declined, sim.rules, limits._pending, limits.use)  # fmt: skip
        slow = [array.copy() for array in arguments]
        screen_batch.py_func(sim.rows, np.ones(1, bool), *[a.view(np.recarray) if a.dtype.names else a for a in slow])
        limits.screen(sim)
        for ours, theirs in zip(arguments, slow, strict=True):
            assert np.array_equal(ours, theirs)
        sim.step()


@pytest.mark.parametrize(("limits", "says"), [
    ({"max_groos": 1.0}, "max_groos; did you mean .*max_gross"),
    ({"max_gross": -1.0}, "limits.max_gross must be positive"),
    ({"max_gross": "much"}, "limits"),
    (7, "limits must be a LimitSettings, a mapping of its settings, or None, was 7"),
])  # fmt: skip
def test_wrong_settings_are_refused(limits, says):
    with pytest.raises(ConfigError, match=says):
        limit_settings(limits)


def test_settings_may_be_a_mapping():
    assert limit_settings({"max_gross": 5.0}) == LimitSettings(max_gross=5.0)
    assert limit_settings(None) is None
