"""Properties of orders: how they end, and what those that know of each other may do."""

import importlib
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings

from quantgym.market.order import OrderState

FOLDER = str(Path(__file__).parent)
sys.path.insert(0, FOLDER)
run, asking = importlib.import_module("world.run"), importlib.import_module("world.asking")
sys.path.remove(FOLDER)

SOME = settings(derandomize=True, max_examples=80, deadline=None)
STEADY = ("dividend", "funding_rate", "fx", "mark", "borrow_rate", "spread")
FINAL = {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED}


@SOME
@given(run.worlds(delistings=True))
def test_every_order_ends_in_exactly_one_state_or_still_works(world):
    steps = run.play(world)
    states = defaultdict(list)
    for step in steps:
        for entry in step.log[step.log["order_id"] > 0]:
            states[int(entry["order_id"])].append(OrderState(entry["state"]))
    working = set(steps[-1].working["id"].tolist())
    assert set(states) == set(run.orders_of(steps)) == set(range(1, int(steps[-1].account["next_order_id"][0])))
    for number, seen in states.items():
        ends = [state for state in seen if state in FINAL]
        assert len(ends) == (0 if number in working else 1)
        assert not ends or seen[-1] in FINAL


@SOME
@given(run.worlds(events=STEADY, delistings=True))
def test_fills_of_the_log_sum_to_what_the_pool_says_and_to_whole_orders_where_they_end_so(world):
    steps = run.play(world)
    asked, filled, ended = run.orders_of(steps), Counter(), {}
    for step in steps:
        for entry in step.log[step.log["order_id"] > 0]:
            filled[int(entry["order_id"])] += int(entry["lots"])
            ended[int(entry["order_id"])] = OrderState(entry["state"])
        for order in step.working:
            number = int(order["id"])
            assert filled[number] == order["filled"]
            assert OrderState(order["state"]) == ended[number]
            assert order["lots"] != order["filled"]
            assert (order["state"] == OrderState.PARTIALLY_FILLED) == (order["filled"] != 0)
    for number, state in ended.items():
        ask = asked[number][0]
        if state == OrderState.FILLED and not ask.group and not ask.parent:
            assert filled[number] == ask.lots
        if state == OrderState.REJECTED:
            assert filled[number] == 0
        if not ask.group and not ask.parent and filled[number] == ask.lots:
            assert state == OrderState.FILLED


@SOME
@given(run.worlds(delistings=True))
def test_the_pool_stands_in_order_of_id_and_holds_only_what_works(world):
    for step in run.play(world):
        assert (np.diff(step.working["id"]) > 0).all()
        assert set(step.working["state"].tolist()) <= {1, 2, 3}
        present = world.market.tape.bars["present"][step.row, step.working["asset"]]
        assert present.all()


@SOME
@given(run.worlds(events=STEADY, shape=asking.pairs))
def test_orders_that_cancel_one_another_never_fill_more_than_the_larger(world):
    steps = run.play(world)
    filled, asked = Counter(), run.orders_of(steps)
    for step in steps:
        for fill in step.fills:
            filled[int(fill["order_id"])] += abs(int(fill["lots"]))
    pairs = defaultdict(list)
    for number, (ask, row) in asked.items():
        pairs[row].append((number, abs(ask.lots)))
    for pair in pairs.values():
        assert sum(filled[number] for number, _ in pair) <= max(lots for _, lots in pair)


@SOME
@given(run.worlds(delistings=True))
def test_a_reduce_only_order_never_opens_nor_turns_a_position(world):
    turns = [[replace(ask, reduce_only=row % 2 == 1) for ask in asks] for row, asks in enumerate(world.decisions)]
    tape, steps = world.market.tape, run.play(replace(world, decisions=turns))
    asked, held = run.orders_of(steps), np.zeros(world.market.n_assets, np.int64)
    for step in steps:
        if tape.has_terms:
            held = np.trunc(held * tape.terms["split"][step.row]).astype(np.int64)
        for fill in step.fills:
            a, before = fill["asset"], int(held[fill["asset"]])
            held[a] += fill["lots"]
            number = int(fill["order_id"])
            if number and asked[number][0].reduce_only:
                assert abs(held[a]) < abs(before)
                assert held[a] * before >= 0


@SOME
@given(run.worlds(events=STEADY, shape=asking.brackets))
def test_a_bracket_never_leaves_more_exits_than_entries(world):
    steps = run.play(world)
    asked, entered, left = run.orders_of(steps), Counter(), Counter()
    family = {}
    for step in steps:
        for number, ask in step.placed:
            family[number] = number if not ask.parent else step.placed[0][0]
        for fill in step.fills:
            number, lots = int(fill["order_id"]), abs(int(fill["lots"]))
            if number == 0:
                continue
            entry = family[number]
            (entered if number == entry else left)[entry] += lots
            assert left[entry] <= entered[entry]
        for order in step.working:
            entry = family[int(order["id"])]
            if entry != order["id"] and order["parent"] == 0:
                # its parent has left: each child alone may still close what was entered and no more
                assert abs(int(order["lots"] - order["filled"])) <= entered[entry] - left[entry]
    assert all(asked[number][0].parent for number in family if family[number] != number)


@SOME
@given(run.worlds(shape=asking.brackets, delistings=True))
def test_a_child_never_fills_before_its_parent(world):
    steps, first = run.play(world), {}
    for n, step in enumerate(steps):
        for k, fill in enumerate(step.fills):
            first.setdefault(int(fill["order_id"]), (n, k))
    for step in steps:
        for number, ask in step.placed:
            if ask.parent and number in first:
                parent = step.placed[0][0]
                assert parent in first
                assert first[parent] < first[number]
                assert first[number][0] >= first[parent][0] + ask.delay


@SOME
@given(run.worlds(delistings=True))
def test_what_is_rejected_at_submission_is_counted_with_its_reason(world):
    for step in run.play(world):
        assert step.refused.sum() == step.record["n_refused"][0]
        reasons = Counter(step.log["reason"][(step.log["state"] == OrderState.REJECTED) & (step.log["lots"] == 0)].tolist())
        for reason, count in reasons.items():
            assert reason != 0
            assert step.refused[reason] >= count
