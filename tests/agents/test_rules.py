"""Agents that follow a written rule."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.agents.policy import Policy, check_policy, sample_observation
from quantgym.agents.rules.random_weights import turnover_of_a_draw
from quantgym.agents.rules.rule import RULES, build_rule
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.market.actions.registry import action_scheme
from quantgym.market.errors import ConfigError, UnknownNameError

LAYOUT = Layout(
    assets=("AAA", "BBB"),
    market_asset=(Column("ma_cross_20_50", "weight", 0.0, 1.0), Column("tradable", "flag", 0.0, 1.0)),
    private=(Column("cash_fraction", "fraction", -10.0, 10.0),),
)


def seen(mask, signal=((0.0, 0.0),)):
    """One account; the mask and the signals of both assets."""
    observation = sample_observation(LAYOUT, len(mask))
    market = observation.market.copy()
    market[:, -1, 0::2], market[:, -1, 1::2] = signal, mask
    return type(observation).from_parts(market, observation.private, LAYOUT)


def played(rule, observations):
    """Return the decisions of one account, a row (weights, switch) each."""
    state, decisions = rule.initial_state(1), []
    for observation in observations:
        decision, state = rule.act(observation, state)
        decisions.append(decision.values[0].tolist())
    return decisions


@pytest.mark.parametrize("kind", RULES)
def test_every_rule_keeps_the_contract_of_a_policy(kind):
    rule = build_rule(kind, {}, LAYOUT)
    assert isinstance(rule, Policy)
    check_policy(rule, LAYOUT)


@pytest.mark.parametrize("kind", RULES)
def test_every_decision_of_a_rule_is_valid_in_its_scheme(kind):
    rule = build_rule(kind, {}, LAYOUT)
    decision, _ = rule.act(sample_observation(LAYOUT, 50), rule.initial_state(50))
    checked = action_scheme(rule.scheme, n_assets=2).check_actions(decision.values, 50)
    assert (np.abs(checked[:, :2]).sum(axis=1) <= 1.0 + 1e-12).all()


def test_buy_and_hold_buys_once_what_can_be_traded_and_then_keeps_still():
    rule = build_rule("buy_and_hold", {}, LAYOUT)
    nothing, one, both = seen([[0, 0]]), seen([[1, 0]]), seen([[1, 1]])
    assert played(rule, [nothing, one, both, both]) == [[0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_equal_weight_rebalances_at_its_pace_and_waits_where_nothing_trades():
    rule = build_rule("equal_weight", {"every_bars": 3}, LAYOUT)
    nothing, one, both = seen([[0, 0]]), seen([[1, 0]]), seen([[1, 1]])
    # due at 0; then at 3, where nothing trades, so at 4; then at 7
    days = [one, both, both, nothing, both, both, both, both]
    half, rest = [0.5, 0.5, 1], [0, 0, 0]
    assert played(rule, days) == [[1, 0, 1], rest, rest, rest, half, rest, rest, half]


def test_the_moving_average_cross_holds_its_share_of_what_is_above_and_trades_on_changes_alone():
    rule = build_rule("ma_cross", {}, LAYOUT)
    up, down, frozen = seen([[1, 1]], [[1, 0]]), seen([[1, 1]], [[0, 0]]), seen([[0, 1]], [[0, 0]])
    # an asset that cannot be traded keeps its place
    assert played(rule, [down, up, up, frozen, down]) == [[0, 0, 0], [0.5, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(("n_assets", "expected"), [(1, 1 / 3), (2, 8 / 15)])
def test_turnover_of_a_random_draw_is_that_of_the_closed_form(n_assets, expected):
    # one asset: E|U - U'| = 1/3; two: 2 x 2 x (1/3 - 1/5)
    assert turnover_of_a_draw(n_assets) == pytest.approx(expected)
    rng = np.random.default_rng(0)
    drawn = rng.dirichlet(np.ones(n_assets + 1), (2, 20_000))[:, :, :n_assets]
    assert np.abs(drawn[0] - drawn[1]).sum(axis=1).mean() == pytest.approx(expected, rel=0.02)


def test_random_weights_trade_as_much_as_they_were_told():
    rule = build_rule("random", {"turnover": 0.1, "seed": 3}, LAYOUT)
    accounts, weights, traded = 400, np.zeros((400, 2)), 0.0
    observation, state = seen([[1, 1]] * accounts), rule.initial_state(accounts)
    for bar in range(101):
        decision, state = rule.act(observation, state)
        target = np.where(decision.values[:, -1:] > 0, decision.values[:, :-1], weights)
        traded += np.abs(target - weights).sum() if bar else 0.0
        weights = target
    # 40,000 bars, without drift of prices
    assert traded / (100 * accounts) == pytest.approx(0.1, rel=0.05)


def test_random_weights_lie_in_the_simplex_and_depend_on_the_seed():
    first, second = (build_rule("random", {"seed": seed}, LAYOUT) for seed in (1, 2))
    observation = seen([[1, 1]] * 300)
    one, _ = first.act(observation, first.initial_state(300))
    other, _ = second.act(observation, second.initial_state(300))
    assert (one.values >= 0.0).all()
    assert (one.values[:, :2].sum(axis=1) <= 1.0).all()
    # weights of two assets and cash: a third each on average
    assert one.values[:, :2].mean(axis=0) == pytest.approx([1 / 3, 1 / 3], abs=0.05)
    assert not np.array_equal(one.values, other.values)


def test_an_unknown_rule_or_setting_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean equal_weight"):
        build_rule("equal_wieght", {}, LAYOUT)
    with pytest.raises(ConfigError, match="did you mean every_bars"):
        build_rule("equal_weight", {"every_bar": 3}, LAYOUT)
    with pytest.raises(ConfigError, match=r"equal_weight\.every_bars must be at least 1, was 0"):
        build_rule("equal_weight", {"every_bars": 0}, LAYOUT)
    with pytest.raises(ConfigError, match=r"random\.turnover must be 0 or more, was -1"):
        build_rule("random", {"turnover": -1.0}, LAYOUT)


def test_a_cross_without_its_signal_in_the_layout_is_refused():
    with pytest.raises(UnknownNameError, match=r"AAA\.ma_cross_20_50.*\(ma_cross\.column; add \{kind: ma_cross, .*\} to encoders"):
        build_rule("ma_cross", {}, replace(LAYOUT, market_asset=LAYOUT.market_asset[1:]))
