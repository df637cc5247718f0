"""Rollouts at their edges: one environment, episodes of one bar, minibatches of one, several side by side, rows to forecast."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from quantgym.agents.distribution import distribution_of
from quantgym.training.fast.ppo_update import PPOSettings, PPOUpdate
from quantgym.training.fast.rollout import joined
from quantgym.training.preparation import prepare

VALUES = {"lr": 1e-3, "clip": 0.2, "entropy_coefficient": 0.01}


def sampler_on_one_bar(prepared, sampler_of, n_steps):
    world = replace(prepared.train, settings={**prepared.train.settings, "episode_bars": 1})
    sampler = sampler_of(prepared, n_envs=1, world=world, n_steps=n_steps, sequence_bars=n_steps, reward_scale=100.0)
    sampler.begin(3)
    return sampler


def update_of(prepared, network, forecasts=None, **settings):
    given = PPOSettings(**{"gamma": 0.9, "gae_lambda": 0.7, "minibatch": 1, "epochs": 2, **settings})
    return PPOUpdate(network, distribution_of(prepared.network), given, seed=1, forecasts=forecasts)


@pytest.mark.parametrize("kind", ["continuous", "discrete", "recurrent"])
def test_an_episode_of_one_bar_is_worth_its_reward_and_what_its_last_observation_is_worth(kind, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    sampler = sampler_on_one_bar(prepared, sampler_of, 6)
    rollout, _ = sampler.sample()
    assert rollout.truncated.all()
    assert rollout.final_at.tolist() == [list(range(6)), [0] * 6]
    assert not rollout.last_state.any()
    network = sampler.network
    with torch.no_grad():
        final = torch.from_numpy(rollout.final_obs)
        if network.recurrent:
            assert rollout.final_states.any(axis=1).all()  # each has seen the one observation before
            worth = network.advance(final, torch.from_numpy(rollout.final_states))[1]
        else:
            worth = network.value(final)
    batch = update_of(prepared, network).batch(rollout)
    columns = batch.columns(batch.numbers.flatten(0, -2))
    assert columns.returns.numpy() == pytest.approx(rollout.rewards[:, 0] + 0.9 * worth.numpy(), abs=1e-5)
    assert float(columns.advantages.mean()) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("kind", ["continuous", "discrete", "recurrent"])
def test_a_rollout_of_one_step_has_no_advantage_over_itself_and_is_learned_from(kind, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    sampler = sampler_on_one_bar(prepared, sampler_of, 1)
    rollout, _ = sampler.sample()
    update = update_of(prepared, sampler.network, kl_target=0.01)
    figures = update.learn(rollout, VALUES)
    # the deviation of one advantage is 0: normalised it is 0, and so is the policy's loss
    assert figures["learn/policy_loss"] == pytest.approx(0.0, abs=1e-6)
    assert figures["learn/explained_variance"] == 0.0
    assert np.isfinite(list(figures.values())).all()
    assert all(bool(torch.isfinite(one).all()) for one in sampler.network.parameters())


@pytest.mark.parametrize("kind", ["discrete", "recurrent"])
def test_what_rollouts_of_several_runners_are_worth_is_what_each_is_worth(kind, sampler_of, request):
    prepared, rollouts = request.getfixturevalue(kind), []
    world = replace(prepared.train, rows=(50, 74), settings={**prepared.train.settings, "episode_bars": None})
    for seed in (1, 2):
        sampler = sampler_of(prepared, world=world, n_envs=3, sequence_bars=4)
        sampler.begin(seed)
        sampler.sample()
        rollouts.append(sampler.sample()[0])
        assert rollouts[-1].final_at.shape[1] > 2
    update = update_of(prepared, sampler.network)

    def worth(rollout):
        batch = update.batch(rollout)
        found = batch.columns(batch.numbers.flatten(0, -2)).returns
        if batch.began is None:
            return found.view(rollout.rewards.shape)
        return found.view(4, -1, 4).transpose(1, 2).flatten(0, 1)  # sequences of 4 steps, one after another

    returns = [worth(one) for one in rollouts]
    assert torch.allclose(worth(joined(rollouts)), torch.cat(returns, dim=1), atol=1e-5)


def test_a_network_with_a_state_forecasts_for_the_rows_that_it_saw(fast_job, sampler_of):
    agent = {"body": {"kind": "lstm", "units": 8}, "forecast": {"weight": 0.5, "horizon": 2}}
    prepared = prepare(fast_job(agent=agent, training={"sequence_bars": 8}))
    sampler = sampler_of(prepared, sequence_bars=8)
    sampler.begin(7)
    rollout, network = sampler.sample()[0], sampler.network
    table = torch.randn(prepared.tape.n_rows, 2, generator=torch.Generator().manual_seed(1))
    table[::3] = torch.nan
    began = np.zeros((16, 4), np.bool_)
    began[1:] = rollout.truncated[:-1]
    with torch.no_grad():
        seen, state = torch.from_numpy(rollout.obs), torch.from_numpy(rollout.states[0])
        said = network.forecast_of(network.sequence_features(seen, state, torch.from_numpy(began)))
    missed = (said.view(16, 4, 2) - table[torch.from_numpy(rollout.rows).long()]).square()
    update = update_of(prepared, network, minibatch=64, epochs=1, forecasts=table, forecast_weight=0.5)
    assert update.learn(rollout, VALUES)["learn/forecast_loss"] == pytest.approx(float(missed.nanmean()), rel=1e-4)


@pytest.mark.parametrize("kl_target", [None, 0.01])
@pytest.mark.parametrize("kind", ["continuous", "discrete", "recurrent"])
def test_in_bfloat16_ratios_begin_at_one_however_small_the_deviation(kind, kl_target, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    sampler = sampler_of(prepared, sequence_bars=8)
    with torch.no_grad():
        sampler.network.pi[-1].weight.mul_(60.0)  # means of size one, as after training
        if sampler.network.log_std is not None:
            sampler.network.log_std.fill_(-4.5)
    sampler.begin(2)
    rollout, _ = sampler.sample()
    before = rollout.log_probs.copy()
    update = update_of(prepared, sampler.network, minibatch=24, bfloat16=True, kl_target=kl_target)
    figures = update.learn(rollout, {**VALUES, "lr": 0.0})
    assert figures["learn/clip_share"] == 0.0
    assert figures["learn/kl"] == pytest.approx(0.0, abs=1e-6)
    assert rollout.log_probs.tobytes() == before.tobytes()
