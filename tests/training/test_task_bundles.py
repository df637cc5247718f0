"""Jobs on tasks and on worlds that have an action and a reward of their own: what surrounds the policy is data of the bundle."""

import pytest
import torch

from quantgym.agents.bundle import load_bundle, save_bundle
from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network
from quantgym.agents.policy import sample_observation
from quantgym.configs.load import load_job
from quantgym.envs.rewards.registry import REWARDS, Reward, build_reward, plain_reward
from quantgym.evaluation.candidate import Candidate
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError
from quantgym.training.preparation import prepare

DATA = """
data:
  tape: "sample:eurusd-1h"
  train: [2017-01-01, 2017-03-31]
  validation: [2017-04-01, 2017-04-30]
  test: [2017-05-01, 2017-05-31]
encoders: [{kind: price, lags: [1]}]
"""
ENDING = "agent: {algorithm: PPO, hidden: [4]}\nname: tasks\n"
SHORTFALL = "implementation_shortfall"
QUOTING = {"kind": "quoting_profit", "unit": 1.0, "running_penalty": 0.025, "terminal_penalty": 0.01}
JOBS = {
    "Execution-v0, episode_bars: 9, action: {kind: child_order_grid, offsets: []}, options: {order: {size: [1e3, 1e4]}}":
        (DATA, SHORTFALL),
    "OptionHedging-v0, episode_bars: 9, action: {kind: hedge}, options: {risk: 5.0}": (DATA, None),
    "BlackScholesHedge-v0": ("", None),
    "CarteaJaimungal-v0": ("", QUOTING),
}  # fmt: skip


def saved(prepared, folder):
    torch.set_num_threads(1)
    policy = NetworkPolicy(build_network(prepared.network, 1), prepared.network, prepared.layout, prepared.scheme, name="none")
    vectors = sample_observation(prepared.layout, 64, seed=3).flat()
    save_bundle(folder, policy, prepared.layout, prepared.pipeline, vectors, prepared.context)
    return load_bundle(folder)


@pytest.mark.parametrize("env", JOBS)
def test_a_bundle_says_which_action_and_reward_it_was_trained_with(env, tmp_path):
    data, reward = JOBS[env]
    path = tmp_path / "task.yaml"
    path.write_text(f"{data}env: {{id: quantgym/{env}}}\n{ENDING}")
    prepared = prepare(load_job(path))
    trained = saved(prepared, tmp_path / "bundle").context["env"]
    assert trained["reward"] == reward  # None: the environment's own, which has no name
    again = prepared.train.make(2, action=trained["action"]) if data else prepared.train.make(2)
    assert again.scheme.plain() == trained["action"]


def test_the_actions_of_a_task_are_no_backtest_s(tmp_path):
    path = tmp_path / "task.yaml"
    path.write_text(f"{DATA}env: {{id: quantgym/Execution-v0, episode_bars: 9}}\n{ENDING}")
    prepared = prepare(load_job(path))
    with pytest.raises(ConfigError, match=r"its actions are child_orders of quantgym/Execution-v0, .* play it in that environment"):
        Candidate.of(saved(prepared, tmp_path / "bundle"), prepared.tape)


@pytest.mark.parametrize("reward", [
    "log_return", {"kind": "crra", "risk_aversion": 3.0}, ["log_return", {"kind": "drawdown_penalty", "weight": 0.5}],
    build_reward({"kind": "quoting_profit", "unit": 2.0}, CostSettings()), build_reward("differential_sharpe", CostSettings()),
])  # fmt: skip
def test_a_reward_as_data_makes_it_again(reward):
    plain = plain_reward(reward)
    made, again = build_reward(reward, CostSettings()), build_reward(plain, CostSettings())
    assert type(made) is type(again)
    assert getattr(made, "settings", None) == getattr(again, "settings", None)
    assert plain_reward(plain) == plain


def test_an_object_without_a_name_is_no_data():
    class Own(Reward):
        def pay(self, step, books):
            return 0.0 * step["equity"]

    assert Own not in REWARDS.values()
    assert plain_reward(Own()) is None
