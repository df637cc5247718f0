"""Faults of money: the two ledgers, marks, and what a row does to an account before anyone trades."""

from .fault import Fault

__all__ = ["MONEY_FAULTS"]

MONEY_FAULTS = (
    Fault(
        "an account without shorts goes short",
        "simulator/fill.py",
        "lots = -max(held, 0)",
        "lots = lots",
    ),
    Fault(
        "positions are marked at the close of the next bar",
        "simulator/closing.py",
        "price = closing_mark(e, a, tape.bars[row, a].close,",
        "price = closing_mark(e, a, tape.bars[min(row + 1, tape.bars.shape[0] - 1), a].close,",
    ),
    Fault(
        "positions are marked without their multiplier",
        "market/ledger.py",
        "account[e].gross += units * change * instruments[asset].multiplier",
        "account[e].gross += units * change",
    ),
    Fault(
        "fills convert at the rate of the row before",
        "simulator/fill.py",
        "fx = fx_at(tape.terms, row, asset)\n    before",
        "fx = fx_at(tape.terms, row - 1, asset)\n    before",
    ),
    Fault(
        "dividends convert at the rate of the row before",
        "simulator/carry.py",
        "tape.terms[row, a].dividend, fx_at(tape.terms, row, a)",
        "tape.terms[row, a].dividend, fx_at(tape.terms, row - 1, a)",
    ),
    Fault(
        "borrow is charged for the bar, not for the night and the weekend before it",
        "simulator/carry.py",
        "accrue_borrow(e, account, position, tape.instruments, a, rate, elapsed)",
        "accrue_borrow(e, account, position, tape.instruments, a, rate, tape.clock[row].close_at - tape.clock[row].open_at)",
    ),
    Fault(
        "the proceeds of shorts earn interest",
        "market/ledger.py",
        "balance += position[e, a].units",
        "balance += 0.0 * position[e, a].units",
    ),
    Fault(
        "borrowed money pays the rate of cash",
        "market/ledger.py",
        "margin_rate if balance < 0.0 else cash_rate",
        "cash_rate",
    ),
    Fault(
        "longs receive the funding that they owe",
        "market/ledger.py",
        "amount = -position[e, asset].units * price",
        "amount = position[e, asset].units * price",
    ),
    Fault(
        "funding is paid on the last close where the venue has a mark",
        "simulator/carry.py",
        "        if math.isnan(price):\n",
        "        if True:\n",
    ),
    Fault(
        "shorts owe no dividend",
        "market/ledger.py",
        "amount = position[e, asset].units * dividend * fx",
        "amount = max(position[e, asset].units, 0.0) * dividend * fx",
    ),
    Fault(
        "the part of a lot that a split leaves over is lost",
        "market/ledger.py",
        "account[e].cash += left * position[e, asset].mark * scale",
        "account[e].cash += 0.0",
    ),
    Fault(
        "a roll is booked as profit",
        "market/ledger.py",
        "account[e].cash -= moved * fx + spread + slippage + commission + fees\n"
        "    account[e].gross += moved * (position[e, asset].fx - fx)",
        "account[e].cash -= spread + slippage + commission + fees\n    account[e].gross += moved * position[e, asset].fx",
    ),
    Fault(
        "a roll pays the costs of one order, not of two",
        "simulator/carry.py",
        "for _ in range(2):",
        "for _ in range(1):",
    ),
    Fault(
        "a delisted asset is worth what it cost, not its last price",
        "simulator/carry.py",
        "price = tape.bars[row, asset].close * (1.0 + rules[e].delisting_return)",
        "price = position[e, asset].average_price * (1.0 + rules[e].delisting_return)",
    ),
    Fault(
        "a delisted asset is paid out whole, whatever the rules leave of it",
        "simulator/carry.py",
        "price = tape.bars[row, asset].close * (1.0 + rules[e].delisting_return)",
        "price = tape.bars[row, asset].close",
    ),
    Fault(
        "a transient displacement does not decay",
        "simulator/carry.py",
        "decay(e, elapsed, rules, position)",
        "pass",
    ),
    Fault(
        "a line of the ledger moves without cash",
        "market/ledger.py",
        "account[e].cash += amount\n    account[e].funding += amount",
        "account[e].funding += amount",
    ),
    Fault(
        "cash moves without a line of the ledger",
        "market/ledger.py",
        "account[e].slippage += slippage\n    account[e].impact",
        "account[e].impact",
    ),
    Fault(
        "a position that turns keeps its average price",
        "market/ledger.py",
        "            position[e, asset].opened_row = row\n            position[e, asset].average_price = price\n",
        "            position[e, asset].opened_row = row\n",
    ),
    Fault(
        "a ruined account trades on",
        "simulator/closing.py",
        "        account[e].ruined = 1\n",
        "        account[e].ruined = 0\n",
    ),
    Fault(
        "the step that ruins an account loses its loss",
        "simulator/closing.py",
        "    record[e].equity = equity\n",
        "    ruins = equity <= rules[e].ruin_equity_fraction * account[e].initial_equity\n"
        "    record[e].equity = record[e].equity_before if ruins else equity\n",
    ),
    Fault(
        "the rate of borrow that the tape has is not looked at",
        "simulator/carry.py",
        "rate = tape.terms[row, a].borrow_rate",
        "rate = rate",
    ),
    Fault(
        "a dividend is paid for the units before the split",
        "simulator/carry.py",
        "pay_dividend(e, account, position, a, tape.terms[row, a].dividend,",
        "pay_dividend(e, account, position, a, tape.terms[row, a].dividend / ratio,",
    ),
)
