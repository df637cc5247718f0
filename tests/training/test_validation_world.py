"""What a policy is validated on: every task can be, baselines trade beside every action scheme, frictions are the job's own."""

import json

import numpy as np
import pytest
import torch

from quantgym.agents.rules.rule import build_rule
from quantgym.training.job import resume, train
from quantgym.training.preparation import prepare
from quantgym.training.validation import show, show_baselines

ONE = {"id": "quantgym/Trading-v0", "asset": "S0"}
MASKED = {**ONE, "private": ["account", "action_mask"]}
OF_THE_ACTION = {
    "action_mask": MASKED,
    "inventory": {**ONE, "action": "quotes", "private": ["account", "inventory"]},
    "remaining": {**ONE, "action": {"kind": "slice", "units": 50}, "private": ["account", "remaining"]},
    "holding": {**ONE, "action": {"kind": "holding", "max_units": 10}, "private": ["account", "holding"]},
}
TASKS = {
    "Execution": {"asset": "S0"},
    "MarketMaking": {"asset": "S0"},
    "OptionHedging": {"asset": "S0"},
    "StrategySelection": {},
}


@pytest.mark.parametrize("part", OF_THE_ACTION)
def test_baselines_trade_beside_a_policy_whatever_it_sees_of_its_own_actions(job_of, part):
    plain = show_baselines(prepare(job_of("PPO", env=ONE)).validation)
    beside = show_baselines(prepare(job_of("PPO", env=OF_THE_ACTION[part])).validation)
    assert plain.keys() == beside.keys() == {"buy_and_hold"}
    assert (plain["buy_and_hold"].equity == beside["buy_and_hold"].equity).all()
    assert len(set(plain["buy_and_hold"].equity.tolist())) > 10


@pytest.mark.parametrize("algorithm", ["PPO", "DQN"])
def test_a_policy_with_an_action_mask_is_trained_and_goes_on_to_the_bit(job_of, tmp_path, ray, algorithm):
    torch.set_num_threads(1)
    job = job_of(algorithm, env=MASKED, training={"iterations": 3, "validate_every": 1})

    def stop(one):
        if one.number == 2:
            raise KeyboardInterrupt

    whole = train(job, tmp_path / "whole")
    assert train(job, tmp_path / "halted", progress=stop).resume
    assert resume(tmp_path / "halted").digest == whole.digest
    said = json.loads((whole.folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert said.keys() >= {"validation/equity", "validation/equity_buy_and_hold"}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_on_a_tape_can_be_trained_and_validated(job_of, tmp_path, ray, task):
    job = job_of("PPO", env={"id": f"quantgym/{task}-v0", **TASKS[task]})
    done = train(job, tmp_path / "run")
    figures = done.iterations[-1].figures
    assert (done.status, np.isfinite(figures["validation/reward"])) == ("done", True)
    # a maker of markets may be held against who buys and keeps; of an order, a hedge, a choice there is no such thing
    assert ("validation/equity_buy_and_hold" in figures) == (task == "MarketMaking")


@pytest.mark.parametrize("episodes", [{"start": {"kind": "rows", "rows": [60]}}, {"episode_bars": 150}], ids=["start", "length"])
def test_how_episodes_of_training_begin_and_how_long_they_are_is_nothing_to_validation(job_of, episodes):
    # row 60 is a training row, and the 81 validation rows hold no episode of 150 bars: they are played once, from end to end
    plain, changed = (show_baselines(prepare(job_of("PPO", env=env)).validation) for env in ({}, episodes))
    assert plain.keys() == changed.keys() == {"buy_and_hold", "equal_weight"}
    assert all((plain[name].equity == changed[name].equity).all() for name in plain)


def test_frictions_that_training_draws_are_those_of_the_job_in_validation(job_of):
    # factors of 0 and 50 on fees: of fourteen draws the same one comes with a chance of 1 in 8,192
    drawn = prepare(job_of("PPO", env={"randomise": {"fees": {"kind": "choice", "values": [0.0, 50.0]}}}))
    rule = build_rule("equal_weight", {}, drawn.layout)
    costs = {show(drawn.validation, rule, seed).figures["costs/commission_bp"] for seed in range(14)}
    assert costs == {show(prepare(job_of("PPO")).validation, rule).figures["costs/commission_bp"]}
    env = drawn.train.make(14)
    env.reset(seed=0)
    assert len(set(env.simulator.rules["fee_rate"].tolist())) == 2  # and training goes on drawing them
