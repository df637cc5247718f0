import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.live.books import COSTS, LINES, Books
from quantgym.live.gateway import OrderRequest
from quantgym.live.order_id import order_id
from quantgym.live.paper import PaperGateway
from quantgym.live.stage import Stage
from quantgym.market.bar import TERMS
from quantgym.market.cost import CostSettings
from quantgym.market.order import OrderKind, TimeInForce
from quantgym.market.seeding import generator
from quantgym.simulator.simulator import Simulator

WORKING = (Stage.PENDING, Stage.OPEN, Stage.PARTIALLY_FILLED)
MONEY = ("cash", "equity", "peak_equity", *LINES, "n_fills", "n_open", "n_working", "opened_row", "trade_row", "ruined")
HELD = ("units", "mark", "fx", "average_price", "realised", "opened_row")
RULES = {
    "cash account": CostSettings(limit_touch=True),
    "margin": CostSettings(allow_short=True, max_leverage=3.0, path="adaptive", slippage_rate=0.0003),
    "slow and thin": CostSettings(allow_short=True, max_leverage=2.0, latency_ms=9e7, participation=0.0005),
}


def drawn(draw, bar, tick):
    kind = OrderKind(int(draw.integers(3)))
    level = round(bar["close"] / tick * (1.0 + 0.02 * draw.standard_normal()))
    return {
        "lots": int(draw.integers(-60, 61)), "kind": kind, "tif": TimeInForce(int(draw.integers(3))),
        "price_ticks": level if kind == OrderKind.LIMIT else 0, "stop_ticks": level if kind == OrderKind.STOP else 0,
        "reduce_only": bool(draw.random() < 0.2), "cancel": bool(draw.random() < 0.15),
    }  # fmt: skip


@pytest.mark.parametrize("costs", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("seed", [1, 2])
def test_orders_of_every_kind_meet_the_same_fate_as_in_the_simulator(tape, costs, seed):
    rows = (5, 95)
    simulator = Simulator(tape, costs, record_fills=True)
    simulator.open_accounts(50_000.0, np.array([rows[0]]))
    gateway = PaperGateway(tape, costs, 50_000.0, rows)
    books, draw, cursor, taken = Books(tape.instruments, costs, 50_000.0, rows[0]), generator(seed), 0, []
    books.open(gateway.next_row())
    for row in range(rows[0], rows[1] - 1):
        standing = [gateway.order(client_id) for client_id in taken]
        for asset, symbol in enumerate(tape.symbols):
            wish = drawn(draw, tape.bars[row, asset], tape.instruments[asset].tick)
            for name, value in wish.items():
                simulator.intents[0, asset][name] = value
            if wish.pop("cancel"):
                for report in standing:
                    if report.symbol == symbol and report.stage in WORKING:
                        gateway.cancel(report.client_id)
            if wish["lots"] != 0:
                taken.append(order_id("demo", row, symbol))
                gateway.submit(OrderRequest(client_id=taken[-1], symbol=symbol, **wish))
        simulator.step()
        played = gateway.next_row()
        fills, cursor = gateway.fills(cursor)
        reports = [gateway.order(client_id) for client_id in taken]
        books.advance(played, fills, sum(report.stage in WORKING for report in reports), exact=True)
        books.verify(gateway.account(), exact=True)
        theirs = simulator.fills_of_step(0)
        assert [books.records(fills)[name].tobytes() for name in theirs.dtype.names] == [
            theirs[name].tobytes() for name in theirs.dtype.names
        ]
        assert {name: books.account[name][0] for name in MONEY} == {name: simulator.account[name][0] for name in MONEY}
        for name in HELD:
            assert books.position[name].tobytes() == simulator.position[name].tobytes()
    assert cursor > 60
    assert len(set(COSTS)) == 5
    ends = {gateway.order(client_id).stage for client_id in taken}
    assert {Stage.FILLED, Stage.CANCELLED, Stage.REJECTED, Stage.EXPIRED} <= ends


def test_a_partly_filled_order_that_a_split_rescales_and_the_rest_of_which_fills_is_filled():
    plain = gbm_tape(3, 12, 1)
    bars, terms = plain.bars.copy(), np.zeros(plain.bars.shape, TERMS)
    terms["split"] = terms["fx"] = 1.0
    terms["spread"] = terms["borrow_rate"] = terms["mark"] = terms["roll"] = np.nan
    terms["split"][5, 0] = 1.5
    for name in ("open", "high", "low", "close"):
        bars[name][5:, 0] /= 1.5
    bars["volume"], bars["volume"][4] = 1e6, 10.0
    tape = Tape.build("split", plain.instruments, plain.clock, bars, terms)
    gateway = PaperGateway(tape, CostSettings(participation=0.1), 100_000.0, (3, 10))
    gateway.next_row()
    gateway.submit(OrderRequest(client_id="a" * 32, symbol=tape.symbols[0], lots=4))
    gateway.next_row()  # a tenth of 10 units: 1 of 4 lots
    part = gateway.order("a" * 32)
    assert (part.stage, part.filled_lots) == (Stage.PARTIALLY_FILLED, 1)
    gateway.next_row()  # 3 lots are left, 4.5 after the split: 4 of them can be traded, and are
    whole = gateway.order("a" * 32)
    assert (whole.stage, whole.filled_lots, whole.reason) == (Stage.FILLED, 5, "")
