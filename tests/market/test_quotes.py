"""Quotes: offsets and sizes become a bid and an ask, by hand."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.actions.quotes import QuoteGrid, Quotes, decode_quotes, decode_quotes_batch
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import new_desk
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.order import OrderKind, Refusal


def desk_of(units=0.0, *, close=100.0, equity=1_000.0, tick=0.01, lot=1.0, present=1, n_tickets=1):
    closes = np.full((1, 1), close)
    bars = bar_records(closes, closes, closes, closes, None, np.full((1, 1), present))
    account, position = new_accounts(1, 1)
    account["equity"], position["units"], position["mark"] = equity, units, close
    instruments = instrument_records((Instrument(symbol="S0", lot=lot, tick=tick),))
    return new_desk(np.zeros(1, np.int64), bars, instruments, rules_records(CostSettings(), 1), account, position, n_tickets)


def written(scheme, action, **world):
    """Bid and ask as (lots, price), and reasons."""
    desk = desk_of(**world)
    action = np.array([action]) if scheme.discrete else np.array([action], float)
    scheme.decode(scheme.check_actions(action, 1), desk)
    bid, ask, tick = desk.intents[0, 0], desk.tickets[0, 0], desk.instruments["tick"][0]
    orders = [(int(order["lots"]), round(float(order["price_ticks"]) * tick, 6)) for order in (bid, ask)]
    assert desk.intents["cancel"][0, 0] == 1
    reasons = {Refusal(i).name: int(n) for i, n in enumerate(desk.declined[0]) if n and i}
    assert desk.declined[0, 0] == sum(reasons.values())
    return orders, reasons


def test_an_inventory_bound_beyond_all_counting_leaves_room_on_both_sides():
    # 10^10 lots of 10^-6 x 10^9 full quotes: ten times what 64 bits can count
    wide = Quotes(n_assets=1, relative=False, narrowest=1.0, widest=2.0, largest=10**9, equity_share=1.0)
    for equity in (1e6, 7e5, 1.3e6):
        full = int(equity * 1e4)
        orders, reasons = written(wide, [0.0, 0.0], equity=equity, lot=1e-6)
        assert orders == [(full, 98.5), (-full, 101.5)]
        assert reasons == {}


PRICES = {"relative": False, "narrowest": -0.5, "widest": 1.5, "lots": 2, "largest": 3}


def test_offsets_lie_between_the_narrowest_and_the_widest():
    # -1 is -0.5, 0 is 0.5, 1 is 1.5: a bid at 99.5, an ask at 101.5
    assert written(Quotes(**PRICES), [0.0, 1.0]) == ([(2, 99.5), (-2, 101.5)], {})
    # beyond the mid: a bid at 100.5
    assert written(Quotes(**PRICES), [-1.0, -1.0]) == ([(2, 100.5), (-2, 99.5)], {})


def test_relative_offsets_are_fractions_of_the_close():
    assert written(Quotes(widest=0.01, lots=1), [1.0, 0.0], close=200.0) == ([(1, 198.0), (-1, 201.0)], {})


def test_limits_stand_on_the_tick_further_from_the_mid():
    # 100 -+ 0.13 on a grid of 0.25: 99.75 and 100.25
    scheme = Quotes(relative=False, narrowest=0.13, widest=1.0, lots=1)
    assert written(scheme, [-1.0, -1.0], tick=0.25) == ([(1, 99.75), (-1, 100.25)], {})
    # on the grid it stays there, however it is computed: 100 - 0.3
    scheme = Quotes(relative=False, narrowest=0.3, widest=1.0, lots=1)
    assert written(scheme, [-1.0, -1.0], tick=0.1) == ([(1, 99.7), (-1, 100.3)], {})


def test_sizes_are_parts_of_a_full_quote():
    scheme = Quotes(**{**PRICES, "lots": 10}, sizes=True)
    assert scheme.size == 4
    # 0.75 x 10 is 7.5: seven; -1: no ask, and nothing is declined
    assert written(scheme, [0.0, 0.0, 0.5, -1.0])[0] == [(7, 99.5), (0, 0.0)]
    assert written(scheme, [0.0, 0.0, 0.5, -1.0])[1] == {}
    assert written(scheme, [0.0, 0.0, 1.0, -0.9]) == ([(10, 99.5), (0, 0.0)], {"BELOW_MINIMUM": 1})


def test_a_full_quote_may_be_a_share_of_equity():
    # a tenth of 2,550 at 100 is 2 lots; inventory up to five times that
    scheme = Quotes(relative=False, narrowest=0.0, widest=1.0)
    assert written(scheme, [1.0, 1.0], equity=2_550.0) == ([(2, 99.0), (-2, 101.0)], {})
    assert written(scheme, [1.0, 1.0], equity=2_550.0, units=9.0) == ([(1, 99.0), (-2, 101.0)], {"LIMIT_POSITION": 1})
    assert written(scheme, [1.0, 1.0], equity=-5.0) == ([(0, 0.0), (0, 0.0)], {"BELOW_MINIMUM": 2})


def test_inventory_leaves_room_on_one_side():
    # at most 3 full quotes of 2: with 5 held there is room for one more, with 6 for none, sales are free
    assert written(Quotes(**PRICES), [0.0, 0.0], units=5.0) == ([(1, 99.5), (-2, 100.5)], {"LIMIT_POSITION": 1})
    assert written(Quotes(**PRICES), [0.0, 0.0], units=6.0) == ([(0, 0.0), (-2, 100.5)], {"LIMIT_POSITION": 1})
    assert written(Quotes(**PRICES), [0.0, 0.0], units=-7.0) == ([(2, 99.5), (0, 0.0)], {"LIMIT_POSITION": 1})


def test_a_ticket_is_written_whole():
    desk = desk_of()
    for name in desk.tickets.dtype.names:
        desk.tickets[name] = 0 if name in ("lots", "cancels") else 7  # what an earlier decision left
    scheme = Quotes(**PRICES, post_only=True)
    scheme.decode(scheme.check_actions(np.zeros((1, 2)), 1), desk)
    ticket = desk.tickets[0, 0]
    assert (ticket["lots"], ticket["price_ticks"], ticket["kind"], ticket["post_only"]) == (-2, 10_050, OrderKind.LIMIT, 1)
    others = set(desk.tickets.dtype.names) - {"lots", "price_ticks", "kind", "post_only"}
    assert {name: float(ticket[name]) for name in others} == dict.fromkeys(others, 0.0)


def test_what_cannot_be_quoted_is_declined():
    assert written(Quotes(**PRICES), [0.0, 0.0], present=0)[1] == {"NOT_TRADABLE": 1}
    # a bid 0.5 below a price of 0.25 does not exist
    assert written(Quotes(**PRICES), [0.0, 0.0], close=0.25) == ([(0, 0.0), (-2, 0.75)], {"BAD_PRICE": 1})


def test_a_grid_holds_every_pair():
    grid = QuoteGrid(**PRICES, levels=3)
    assert (grid.n, grid.labels[5]) == (9, "bid 0.5 ask 1.5")
    assert written(grid, 5) == ([(2, 99.5), (-2, 101.5)], {})
    assert grid.actions_for(np.array([[0.6, 1.4], [-9.0, 9.0]])).tolist() == [5, 2]


def test_actions_and_offsets_are_inverse():
    scheme, offsets = Quotes(**PRICES), np.linspace(-0.5, 1.5, 7)
    assert scheme.offsets_of(scheme.actions_for(offsets)) == pytest.approx(offsets, abs=1e-15)
    assert scheme.actions_for(np.array([-2.0, 2.0])).tolist() == [-1.0, 1.0]


def test_a_desk_without_tickets_is_refused():
    with pytest.raises(ConfigError, match="max_tickets of at least 1"):
        Quotes().decode(np.zeros((1, 2)), desk_of(n_tickets=0))


@pytest.mark.parametrize(("wrong", "words"), [
    ({"n_assets": 2}, "one asset"), ({"narrowest": 1.0, "widest": 1.0}, "narrowest"), ({"widest": float("inf")}, "finite"),
    ({"lots": -1}, "lots"), ({"largest": 0}, "largest"), ({"equity_share": 0.0}, "equity_share"), ({"lots": 1.5}, "lots"),
])  # fmt: skip
def test_wrong_settings_are_refused(wrong, words):
    with pytest.raises(ConfigError, match=words):
        Quotes(**wrong)


def test_a_grid_refuses_what_it_has_not():
    with pytest.raises(ConfigError, match="sizes"):
        QuoteGrid(sizes=True)
    with pytest.raises(ConfigError, match="levels"):
        QuoteGrid(levels=1)


def test_the_kernel_equals_its_own_python():
    draw, n = np.random.default_rng(2), 60
    closes = np.round(draw.uniform(0.3, 3.0, (5, 1)), 2)
    bars = bar_records(closes, closes, closes, closes, None, np.array([[1], [1], [0], [1], [1]]))
    instruments = instrument_records((Instrument(symbol="S0", lot=0.1, tick=0.01),))
    desks = []
    for _ in range(2):
        account, position = new_accounts(n, 1)
        account["equity"], position["units"][:, 0] = np.linspace(-5.0, 200.0, n), np.round(np.linspace(-30.0, 30.0, n), 1)
        position["mark"] = 1.0
        desks.append(new_desk(np.arange(n) % 5, bars, instruments, rules_records(CostSettings(), n), account, position, 1))
    quotes = draw.uniform(-0.5, 1.0, (n, 4))
    settings = (True, 0, 0.1, 3, False)
    rest = [[getattr(desk, name) for name in ("bars", "instruments", "account", "position", "intents", "declined", "tickets")]
            for desk in desks]
    decode_quotes_batch(quotes, *settings, desks[0].rows, *rest[0])
    plain = [array.view(np.recarray) if array.dtype.names else array for array in rest[1]]
    for e in range(n):
        getattr(decode_quotes, "py_func", decode_quotes)(e, quotes, *settings, desks[1].rows[e], *plain)
    for name in ("intents", "tickets", "declined"):
        assert getattr(desks[0], name).tobytes() == getattr(desks[1], name).tobytes()
    assert len(set(desks[0].intents["lots"].ravel().tolist())) > 5
