"""Curriculum and schedules: which world and which settings hold at which share of the iterations."""

import numpy as np
import pytest

from quantgym.configs.job import StageSettings
from quantgym.configs.load import load_job
from quantgym.market.errors import ConfigError, DataError
from quantgym.training.preparation import prepare
from quantgym.training.schedule import at_share
from quantgym.training.stage import stage_at, staged


@pytest.fixture(scope="module")
def prepared(job_of):
    return prepare(job_of("PPO", costs={"half_spread_rate": 0.0002, "maker_fee_rate": 0.0001}))


def test_a_schedule_is_linear_between_its_knots_and_constant_outside():
    knots = ((0.2, 1.0), (0.6, 3.0), (1.0, 0.0))
    # 0.3 is a quarter of the way from 0.2 to 0.6: 1 + 0.25 x 2
    assert [at_share(knots, share) for share in (0.0, 0.2, 0.3, 0.6, 0.8, 1.0)] == pytest.approx([1.0, 1.0, 1.5, 3.0, 1.5, 0.0])


def test_settings_without_a_schedule_stay_what_they_are(job_of):
    prepared = prepare(job_of("PPO", training={"iterations": 10, "lr": 1e-3, "schedules": {"clip": [[0.0, 0.3], [1.0, 0.1]]}}))
    assert prepared.at(0) == {"lr": 1e-3, "entropy_coefficient": 0.0, "clip": 0.3}
    assert prepared.at(5)["clip"] == pytest.approx(0.2)


def test_the_latest_stage_that_has_begun_holds():
    stages = [StageSettings(start=start) for start in (0.1, 0.5)]
    assert [stage_at(stages, share) for share in (0.0, 0.1, 0.49, 0.5, 0.99)] == [None, 0, 0, 1, 1]


def test_the_same_stage_is_the_same_object_and_before_the_first_the_job_itself(job_of):
    prepared = prepare(job_of("PPO", training={"iterations": 4, "stages": [{"start": 0.5, "friction": 0.0}]}))
    assert prepared.stage(0) is prepared.stage(1) is prepared.train
    assert prepared.stage(2) is prepared.stage(3) is not prepared.train


def test_friction_is_a_factor_on_every_cost_and_on_nothing_else(prepared):
    costs = staged(prepared.train, StageSettings(start=0.0, friction=2.0), "here").costs
    before = prepared.train.costs
    assert (costs.fee_rate, costs.maker_fee_rate, costs.half_spread_rate) == pytest.approx((0.001, 0.0002, 0.0004))
    assert costs.impact_coefficient == 2.0 * before.impact_coefficient
    assert (costs.sizing_margin, costs.max_leverage) == (before.sizing_margin, before.max_leverage)
    assert staged(prepared.train, StageSettings(start=0.0, friction=0.0), "here").costs == before.without_costs()


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ({"env": {"action": "rebalance"}}, r"training\.stages\.0\.env\.action must be the same in all stages"),
        ({"env": {"window": 3}}, r"env\.window must be the same"),
        ({"env": {"options": 3}}, r"env\.options must be a mapping"),
        ({"env": {"episode_bar": 3}}, r"training\.stages\.0: .*did you mean episode_bars"),
    ],
)
def test_stages_that_cannot_be_are_refused_before_training(job_of, stage, says):
    with pytest.raises(ConfigError, match=says):
        prepare(job_of("PPO", training={"stages": [{"start": 0.0, **stage}]}))


def test_a_stage_too_long_for_the_rows_is_named(job_of):
    with pytest.raises(DataError, match=r"training\.stages\.0: "):
        prepare(job_of("PPO", training={"stages": [{"start": 0.0, "env": {"episode_bars": 4_000}}]}))


def test_costs_that_no_factor_changes_are_refused(job_of, prepared):
    half = StageSettings(start=0.0, friction=0.5)
    named = prepare(job_of("PPO", costs={"fees": "alpaca/equities", "fee_extend": "backward"})).train
    with pytest.raises(ConfigError, match=r"here\.friction must be 0 or 1 where costs\.fees names a schedule, was 0\.5"):
        staged(named, half, "here")
    with pytest.raises(ConfigError, match="Leak-v0 has costs of its own"):
        prepare(load_job("leak_ppo", ["training.stages=[{start: 0, friction: 0.5}]"]))
    terms = np.array(prepared.tape.terms) if prepared.tape.terms is not None else None
    assert terms is None or not np.isfinite(terms["spread"]).any()  # so that the factor above was right to be taken


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("training.stages=[{start: 0.5}, {start: 0.5}]", r"training\.stages must begin later and later, was 0\.5 after 0\.5"),
        ("training.schedules={lr: [[0.5, 1], [0.2, 1]]}", r"training\.schedules\.lr: knots must begin later and later"),
        ("training.schedules={lr: []}", r"training\.schedules\.lr must have at least one knot"),
        ("training.schedules={lrr: [[0, 1]]}", r"did you mean lr\?"),
        ("training.stages=[{start: 0, fricton: 1}]", r"stages\.0\.fricton; did you mean training\.stages\.0\.friction\?"),
    ],
)
def test_wrong_schedules_and_stages_are_named(override, says):
    with pytest.raises(ConfigError, match=says):
        load_job("portfolio_ppo", [override])
