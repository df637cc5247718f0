"""Frictions that are drawn once an episode."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.record import neutral_terms
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.envs.friction import FRICTIONS, Frictions, friction_laws
from quantgym.envs.friction_law import FrictionLaw
from quantgym.envs.stream import Streams
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.errors import ConfigError, DataError, UnknownNameError

TAPE = gbm_tape(1, 20)
EVERYTHING = {"fees": [0.5, 2.0], "spread": {"kind": "log_uniform", "low": 0.5, "high": 2.0}, "slippage": [1.0, 2.0],
              "impact": [0.0, 3.0], "latency": {"kind": "choice", "values": [0.0, 250.0], "of": "value"},
              "participation": {"kind": "uniform", "low": 0.05, "high": 0.5, "of": "value"}, "borrow": [0.0, 1.0]}
COSTS = CostSettings(slippage_rate=0.0001, maker_fee_rate=-0.0001, allow_short=True)


def streams(n):
    made = Streams(n)
    made.seed(0, np.ones(n, bool))
    return made


def begun(randomise, costs=COSTS, n=1_000, tape=TAPE, indices=None, source=None):
    frictions, rules = Frictions(friction_laws(randomise), costs, tape, n), rules_records(costs, n)
    frictions.begin(np.arange(n) if indices is None else indices, source or streams(n), rules)
    return frictions, rules


def with_terms(**columns):
    terms = neutral_terms(TAPE.bars.shape)
    for name, value in columns.items():
        terms[name][5] = value
    return Tape.build("terms", TAPE.instruments, TAPE.clock, TAPE.bars, terms)


def test_every_friction_lies_between_its_ends_and_reaches_the_rules():
    frictions, rules = begun(EVERYTHING)
    base, drawn = rules_records(COSTS)[0], dict(zip(frictions.names, frictions.drawn.T, strict=True))
    assert frictions.names == tuple(FRICTIONS)
    assert (drawn["fees"].min(), drawn["fees"].max()) == pytest.approx((0.5, 2.0), abs=0.02)
    assert np.median(drawn["spread"]) == pytest.approx(1.0, abs=0.1)  # the middle of a log-uniform law is its geometric mean
    assert (rules["fee_rate"] == base["fee_rate"] * drawn["fees"]).all()
    assert (rules["maker_rate"] == base["maker_rate"] * drawn["fees"]).all()
    assert (rules["half_spread_rate"] == base["half_spread_rate"] * drawn["spread"]).all()
    assert (rules["slippage_rate"] == base["slippage_rate"] * drawn["slippage"]).all()
    assert (rules["impact_rate"] == base["impact_rate"] * drawn["impact"]).all()
    assert set(rules["latency_ns"].tolist()) == {0, 250_000_000}
    assert (rules["participation"] == drawn["participation"]).all()
    assert (rules["borrow_rate"] == base["borrow_rate"] * drawn["borrow"]).all()
    # orders are sized for the costs that they will meet
    assert (rules["sizing_buffer"] == rules["fee_rate"] + rules["half_spread_rate"] + rules["slippage_rate"] + 0.02).all()


def test_a_sub_environment_draws_what_it_would_alone():
    many, _ = begun(EVERYTHING, n=7)
    alone, _ = begun(EVERYTHING, n=7, indices=np.array([4]))
    assert alone.drawn[4].tolist() == many.drawn[4].tolist()
    assert (alone.drawn[3] == 1.0).all()


def test_the_order_of_the_setting_does_not_matter():
    backwards, _ = begun(dict(reversed(EVERYTHING.items())), n=3)
    assert backwards.drawn.tolist() == begun(EVERYTHING, n=3)[0].drawn.tolist()


def test_a_factor_of_one_leaves_the_rules_as_they_are_to_the_bit():
    _, rules = begun({name: [1.0, 1.0] for name in ("fees", "spread", "slippage", "impact", "borrow")}, n=3)
    assert rules.tobytes() == rules_records(COSTS, 3).tobytes()


def test_a_new_episode_starts_from_the_costs_and_not_from_the_last_draw():
    frictions, rules = begun({"fees": [0.0, 0.0]}, n=1)
    assert rules["fee_rate"][0] == 0.0
    rules["log_orders"] = 1
    Frictions(friction_laws({"fees": [2.0, 2.0]}), COSTS, TAPE, 1).begin(np.array([0]), streams(1), rules)
    assert rules["fee_rate"][0] == 2.0 * COSTS.fee_rate
    assert rules["log_orders"][0] == 1  # what the simulator set is left alone
    assert frictions.state()["drawn"].tolist() == [[0.0]]


def test_accounts_whose_episode_goes_on_keep_every_byte():
    frictions, rules = begun(EVERYTHING, n=5)
    before = rules.copy()
    frictions.begin(np.array([1, 3]), streams(5), rules)
    assert before[[0, 2, 4]].tobytes() == rules[[0, 2, 4]].tobytes()
    rules["ruin_equity_fraction"][3] = 0.5
    frictions.begin(np.array([3]), streams(5), rules)
    assert rules["ruin_equity_fraction"][3] == COSTS.ruin_equity_fraction  # whole records are the costs' own again


def test_a_choice_follows_its_weights():
    frictions, _ = begun({"fees": {"kind": "choice", "values": [0.5, 1.0, 4.0], "weights": [1, 0, 3]}}, n=4_000)
    assert set(frictions.drawn[:, 0].tolist()) == {0.5, 4.0}
    assert (frictions.drawn == 4.0).mean() == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("kind", ["uniform", "log_uniform"])
def test_no_draw_lies_beyond_its_ends(kind):
    nearly_one = np.array([0.0, np.nextafter(1.0, 0.0)])
    for low, high in np.random.default_rng(0).random((4_000, 2)).cumsum(axis=1).tolist():
        drawn = FrictionLaw(kind=kind, of="factor", values=(low, high)).draw(nearly_one)
        assert low == drawn[0]
        assert drawn[1] <= high


def test_what_was_drawn_can_be_kept():
    frictions, _ = begun(EVERYTHING, n=2)
    state, kept = frictions.state(), frictions.drawn.copy()
    frictions.drawn[:] = 0.0
    frictions.load(state)
    assert (frictions.drawn == kept).all()


def test_latency_and_participation_may_leave_market_orders_working():
    assert begun({"latency": {"kind": "choice", "values": [5.0], "of": "value"}})[0].adds_working_orders
    assert not begun({"fees": [1, 2]})[0].adds_working_orders
    assert not begun({"latency": [1, 2]}, replace(COSTS, latency_ms=3.0))[0].adds_working_orders


@pytest.mark.parametrize(("randomise", "says"), [
    ({"fee": [1, 2]}, "unknown friction in randomise 'fee'; did you mean fees"),
    ({"fees": 2.0}, r"randomise.fees must be \[low, high\] of a factor, or a mapping"),
    ({"fees": [2.0, 1.0]}, "randomise.fees needs low <= high, was 2 and 1"),
    ({"fees": [-1.0, 1.0]}, "finite numbers that are not negative, was -1.0"),
    ({"fees": [float("nan"), 1.0]}, "finite numbers"),
    ({"fees": {"kind": "log_uniform", "low": 0.0, "high": 1.0}}, "needs 0 < low <= high"),
    ({"fees": {"kind": "unifrom", "low": 1, "high": 2}}, "did you mean uniform"),
    ({"fees": {"kind": "uniform", "lo": 1, "high": 2}}, "unknown setting randomise.fees.lo; did you mean low"),
    ({"fees": {"kind": "uniform", "low": 1, "high": 2, "of": "valeu"}}, "must be factor or value, was 'valeu'; did you mean value"),
    ({"fees": {"kind": "choice", "values": []}}, "randomise.fees.values"),
    ({"fees": {"kind": "choice", "values": [1.0], "weights": [1, 2]}}, "one for each of 1 values"),
    ({"fees": {"kind": "choice", "values": [1.0, 2.0], "weights": [1e308, 1e308]}}, "add up to a finite number"),
    ({"fees": {"kind": "log_uniform", "low": 1e-310, "high": 1.0}}, "low and high are too far apart for numbers"),
    ([1.0], "randomise must map names of frictions to laws"),
])  # fmt: skip
def test_wrong_laws_are_refused(randomise, says):
    with pytest.raises(ConfigError, match=says):
        friction_laws(randomise)


@pytest.mark.parametrize(("randomise", "costs", "tape", "error", "says"), [
    ({"fees": [1, 2]}, CostSettings(fees="ibkr/us_stocks_fixed"), TAPE, ConfigError,
     "randomise.fees: costs.fees names a fee schedule, which all sub-environments share"),
    ({"spread": [1, 2]}, COSTS, with_terms(spread=0.001), ConfigError, "randomise.spread: costs.spread tape takes spreads"),
    ({"spread": [1, 2]}, replace(COSTS, spread="corwin_schultz"), TAPE, ConfigError, "set costs.spread to fixed"),
    ({"borrow": [1, 2]}, COSTS, with_terms(borrow_rate=0.1), ConfigError, "the tape has borrow rates of its own"),
    ({"latency": [1, 2]}, COSTS, TAPE, ConfigError, "a factor changes nothing where costs.latency_ms is 0 or null; set it"),
    ({"participation": [0.5, 1]}, COSTS, TAPE, ConfigError, "costs.participation is 0 or null"),
    ({"participation": [1, 20]}, replace(COSTS, participation=0.1), TAPE, ConfigError,
     r"randomise.participation: 20 as a factor: costs.participation must lie in \(0, 1\]"),
    ({"fees": [1, 3_000]}, CostSettings(), TAPE, ConfigError, "randomise.fees: 3000 as a factor: costs.fee_rate is a fraction"),
    ({"fees": {"kind": "uniform", "low": 0, "high": 0.1, "of": "value"}}, COSTS, TAPE, ConfigError, "has a maker_fee_rate or"),
    ({"impact": {"kind": "uniform", "low": 0, "high": 1, "of": "value"}},
     CostSettings(impact="transient", impact_volume=1e6, impact_permanent=0.1), TAPE, ConfigError, "of the square-root law"),
    ({"impact": [1, 2]}, CostSettings(impact_coefficient=0.0), TAPE, ConfigError, "costs.impact_coefficient is 0 or null"),
    ({"participation": {"kind": "choice", "values": [0.1], "of": "value"}}, COSTS,
     replace(TAPE, instruments=(replace(TAPE.instruments[0], volume_unit=None),)), DataError, "unit of the tape's volumes"),
])  # fmt: skip
def test_a_friction_that_would_not_reach_the_account_is_refused(randomise, costs, tape, error, says):
    with pytest.raises(error, match=says):
        begun(randomise, costs, n=1, tape=tape)


def test_the_terms_of_a_tape_matter_only_where_they_are_used():
    fixed = replace(COSTS, spread="fixed")
    assert begun({"spread": [2, 2]}, fixed, tape=with_terms(spread=0.001))[1]["half_spread_rate"][0] == 2 * fixed.half_spread_rate
    assert isinstance(friction_laws({"fees": [1, 2]})["fees"], FrictionLaw)
    with pytest.raises(UnknownNameError):
        friction_laws({"impcat": [1, 2]})
