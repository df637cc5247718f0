"""What the two implementations do not agree on after a step."""

from quantgym.market.order import OrderKind, OrderState, Refusal

SUMS = ("spread", "slippage", "impact", "commission", "fees", "borrow", "funding", "dividends", "interest", "liquidation")
COSTS = ("spread", "slippage", "impact", "commission", "fees", "risk", "cash", "equity")
KINDS, STATES, REASONS = ([kind.name for kind in enum] for enum in (OrderKind, OrderState, Refusal))
RELATIVE = 1e-12  # of prices
MICROSECOND = 1_000


def difference(sim, e, slow):
    """Words for what differs first: states, lots and reasons exactly, money to 1e-9 of the traded notional; None: nothing."""
    book, account = slow.book, sim.account[e]
    gap = 1e-9 * max(slow.initial, book.sums.get("traded", 0.0))
    for compare in (of_fills, of_refusals, of_log, of_orders, of_positions, of_account, of_record):
        what = compare(sim, e, slow, book, account, gap)
        if what:
            return what
    return None


def of_fills(sim, e, slow, book, account, gap):
    log = [entry for entry in sim.log_of_step(e) if entry["lots"]]
    fast = [(int(f["order_id"]), int(f["asset"]), int(f["lots"]), KINDS[f["kind"]], bool(f["maker"])) for f in log]
    plain = [(f.order_id, f.asset, f.lots, f.kind, f.maker) for f in book.fills]
    if fast != plain:
        return f"fills {fast}, not {plain}"
    for f, p in zip(log, book.fills, strict=True):
        prices = [(float(f[name]), getattr(p, name)) for name in ("reference", "price")]
        apart = {name: (float(f[name]), getattr(p, name)) for name in COSTS if not abs(f[name] - getattr(p, name)) <= gap}
        if not all(abs(fast - plain) <= RELATIVE * p.reference for fast, plain in prices) or apart:
            return f"fill of order {p.order_id}: prices {prices}, costs {apart}"
        if abs(int(f["filled_at"]) - p.at) > MICROSECOND:
            return f"fill of order {p.order_id} at {f['filled_at']}, not {p.at}"
        if not abs(f["attribution"] - p.equity) <= gap:
            return f"fill of order {p.order_id}: attribution {f['attribution']}, not {p.equity}"
    return None


def of_log(sim, e, slow, book, account, gap):
    """The states that each order went through, with their reasons."""
    logged = int(sim.record["n_logged"][e])
    if not slow.rules.log_orders:
        return None if logged == len(book.fills) else f"{logged} entries in the log, not {len(book.fills)}"
    fast, plain = {}, {}
    for entry in sim.log_of_step(e):
        if entry["order_id"]:
            fast.setdefault(int(entry["order_id"]), []).append((STATES[entry["state"]], REASONS[entry["reason"]]))
    for number, state, reason in book.log:
        plain.setdefault(number, []).append((state, reason))
    apart = {number: (fast.get(number), plain.get(number)) for number in {*fast, *plain} if fast.get(number) != plain.get(number)}
    return f"states {apart}" if apart else None


def of_refusals(sim, e, slow, book, account, gap):
    refused = {REASONS[i]: int(count) for i, count in enumerate(sim.refused[e]) if count}
    return None if refused == book.refused else f"refused {refused}, not {book.refused}"


def of_orders(sim, e, slow, book, account, gap):
    fast = []
    for o in sim.orders[e, : account["n_working"]]:
        stop = int(o["stop_ticks"]) if o["kind"] in (OrderKind.STOP, OrderKind.STOP_LIMIT, OrderKind.TRAILING_STOP) else 0
        fast.append((int(o["id"]), int(o["lots"] - o["filled"]), KINDS[o["kind"]], STATES[o["state"]], stop))
    stops = ("STOP", "STOP_LIMIT", "TRAILING_STOP")
    plain = [(o.id, o.left, o.kind, o.state, o.stop if o.kind in stops else 0) for o in book.orders]
    return None if fast == plain else f"working {fast}, not {plain}"


def of_positions(sim, e, slow, book, account, gap):
    for a, held in enumerate(book.holdings):
        kind, fast = slow.kinds[a], sim.position[e, a]
        if fast["units"] != held.lots * kind.lot:
            return f"asset {a}: units {fast['units']}, not {held.lots * kind.lot}"
        if int(fast["opened_row"]) != held.since:
            return f"asset {a}: opened at row {fast['opened_row']}, not {held.since}"
        pairs = {name: (float(fast[name]), getattr(held, name)) for name in ("realised", "margin", "risk")}
        apart = {name: pair for name, pair in pairs.items() if not abs(pair[0] - pair[1]) <= gap}
        pairs = {"mark": (float(fast["mark"]), held.mark), "average": (float(fast["average_price"]), held.average)}
        pairs["displacement"] = (float(fast["displacement"]), held.shift)
        apart |= {name: pair for name, pair in pairs.items() if not abs(pair[0] - pair[1]) <= 1e-9 * max(1.0, abs(pair[1]))}
        if apart:
            return f"asset {a}: {apart}"
    return None


def of_account(sim, e, slow, book, account, gap):
    if bool(account["ruined"]) != slow.ruined or int(account["n_liquidations"]) != book.liquidations:
        return f"ruined {account['ruined']}, liquidations {account['n_liquidations']}; not {slow.ruined}, {book.liquidations}"
    if int(account["trade_row"]) != book.since or int(account["n_open"]) != sum(held.lots != 0 for held in book.holdings):
        return f"trade of row {account['trade_row']} with {account['n_open']} open positions, not of row {book.since}"
    worth = sum(slow.value(book, a) for a in slow.assets)
    sums = {"cash": book.cash, "equity": book.cash + worth, "gross": book.ideal + worth - slow.initial}
    sums["peak_equity"], sums["initial_equity"] = slow.peak, slow.initial
    sums["traded_notional"] = book.sums.get("traded", 0.0)
    sums |= {line: book.sums.get(line, 0.0) for line in SUMS}
    apart = {line: (float(account[line]), amount) for line, amount in sums.items() if not abs(account[line] - amount) <= gap}
    return f"money {apart}" if apart else None


def of_record(sim, e, slow, book, account, gap):
    record = sim.record[e]
    steps = {line: book.sums.get(line, 0.0) - slow.before.get(line, 0.0) for line in SUMS}
    steps |= {"cash": book.cash, "path_gap": slow.path_gap, "equity": slow.equity(book), "attribution": slow.equity(book)}
    apart = {line: (float(record[line]), amount) for line, amount in steps.items() if not abs(record[line] - amount) <= gap}
    if apart or not abs(record["equity_before"] - slow.equity_before) <= gap:
        return f"step {apart}, equity before {record['equity_before']}, not {slow.equity_before}"
    fast = tuple(int(record[name]) for name in ("row", "ruined", "liquidated", "n_refused", "n_fills"))
    liquidated = book.liquidations > slow.liquidations_before
    plain = (slow.row, slow.ruining, liquidated, sum(book.refused.values()), len(book.fills))
    return None if fast == plain else f"row, ruined, liquidated, refusals and fills of the step {fast}, not {plain}"
