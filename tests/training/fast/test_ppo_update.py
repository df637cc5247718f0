"""The update: its first gradient is that of a plain formula; targets, penalty and auxiliary loss by hand."""


from functools import partial
from itertools import chain

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Normal

from quantgym.agents.distribution import distribution_of
from quantgym.training.fast.ppo_update import KL_START, PPOSettings, PPOUpdate, _adapted
from quantgym.training.preparation import prepare

VALUES = {"lr": 1e-3, "clip": 0.2, "entropy_coefficient": 0.03}


def update_of(prepared, network, forecasts=None, **settings):
    given = PPOSettings(**{"epochs": 1, "minibatch": 10_000, "grad_clip": None, "gamma": 0.9, "gae_lambda": 0.8, **settings})
    return PPOUpdate(network, distribution_of(prepared.network), given, seed=1, forecasts=forecasts)


def sampled(prepared, sampler_of, **settings):
    sampler = sampler_of(prepared, reward_scale=100.0, **settings)
    sampler.begin(7)
    sampler.sample()
    return sampler.network, sampler.sample()[0]


def targets(rollout, value, value_at_last, values_at_cuts, gamma=0.9, decay=0.8):
    """Return advantages and returns of a rollout, a loop by hand; the job's episodes are cut, never over."""
    assert not rollout.terminated.any()
    cuts = dict(zip(map(tuple, rollout.final_at.T.tolist()), values_at_cuts, strict=True))
    advantage = np.zeros(rollout.rewards.shape)
    for b in range(advantage.shape[1]):
        carried = 0.0
        for t in reversed(range(len(advantage))):
            after = cuts.get((t, b), value_at_last[b] if t == len(advantage) - 1 else value[min(t + 1, len(value) - 1), b])
            if (t, b) in cuts:
                carried = 0.0
            carried = rollout.rewards[t, b] + gamma * after - value[t, b] + gamma * decay * carried
            advantage[t, b] = carried
    return advantage, advantage + value


def plain_loss(numbers, value, actions, old_log_probs, advantage, returns, *, discrete):
    if discrete:
        policy = Categorical(logits=numbers)
        log_probs, entropy = policy.log_prob(actions), policy.entropy()
    else:
        mean, log_std = numbers.chunk(2, -1)
        policy = Normal(mean, log_std.exp())
        log_probs, entropy = policy.log_prob(actions).sum(-1), policy.entropy().sum(-1)
    normal = (advantage - advantage.mean()) / advantage.std(correction=0)
    ratio = (log_probs - old_log_probs).exp()
    surrogate = torch.minimum(ratio * normal, ratio.clamp(0.8, 1.2) * normal)
    return (-surrogate + 0.5 * (value - returns) ** 2 - 0.03 * entropy).mean()


def gradients(network):
    return {name: one.grad.clone() for name, one in network.named_parameters() if one.grad is not None}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert value.numpy() == pytest.approx(expected[name].numpy(), rel=1e-3, abs=2e-6), name


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
def test_the_first_gradient_is_that_of_a_plain_formula(kind, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    network, rollout = sampled(prepared, sampler_of)
    obs = torch.from_numpy(rollout.obs)
    with torch.no_grad():
        value = network.value(obs).numpy()
        last, cuts = (network.value(torch.from_numpy(one)).numpy() for one in (rollout.last_obs, rollout.final_obs))
    advantage, returns = (torch.from_numpy(one).float() for one in targets(rollout, value, last, cuts))
    plain_loss(
        network(obs), network.value(obs), torch.from_numpy(rollout.actions), torch.from_numpy(rollout.log_probs), advantage,
        returns, discrete=kind == "discrete",
    ).backward()  # fmt: skip
    expected = gradients(network)
    network.zero_grad()
    figures = update_of(prepared, network).learn(rollout, VALUES)
    assert_same(gradients(network), expected)
    assert figures["learn/explained_variance"] == pytest.approx(1 - np.var(advantage.numpy()) / np.var(returns.numpy()), abs=1e-4)
    assert figures["learn/kl"] == pytest.approx(0.0, abs=1e-6)


def test_the_first_gradient_of_a_network_with_a_state_goes_through_time_and_stops_at_sequences(recurrent, sampler_of):
    network, rollout = sampled(recurrent, sampler_of, sequence_bars=8)
    obs, ended = torch.from_numpy(rollout.obs), torch.from_numpy(rollout.terminated | rollout.truncated)
    numbers, values = [], []
    for t in range(16):
        if t % 8 == 0:
            state = torch.from_numpy(rollout.states[t // 8])  # a constant: no gradient leaves the sequence
        number, value, state = network.advance(obs[t], state)
        state = state * ~ended[t][:, None]
        numbers.append(number)
        values.append(value)
    value = torch.stack(values)
    with torch.no_grad():
        last = network.advance(torch.from_numpy(rollout.last_obs), torch.from_numpy(rollout.last_state))[1]
        cuts = network.advance(torch.from_numpy(rollout.final_obs), torch.from_numpy(rollout.final_states))[1]
    advantage, returns = targets(rollout, value.detach().numpy(), last.numpy(), cuts.numpy())
    plain_loss(
        torch.stack(numbers), value, torch.from_numpy(rollout.actions), torch.from_numpy(rollout.log_probs),
        torch.from_numpy(advantage).float(), torch.from_numpy(returns).float(), discrete=False,
    ).backward()  # fmt: skip
    expected = gradients(network)
    network.zero_grad()
    update_of(recurrent, network).learn(rollout, VALUES)
    assert_same(gradients(network), expected)


def test_every_transition_is_learned_from_once_an_epoch_in_another_order(discrete, sampler_of, monkeypatch):
    network, rollout = sampled(discrete, sampler_of)
    update, seen = update_of(discrete, network, epochs=2, minibatch=24), []
    step = update._step
    monkeypatch.setattr(update, "_step", lambda batch, chosen, *rest: seen.append(chosen.tolist()) or step(batch, chosen, *rest))
    update.learn(rollout, VALUES)
    # 64 transitions: 24 + 24 + 16, twice
    assert [len(part) for part in seen] == [24, 24, 16] * 2
    first, second = (list(chain.from_iterable(part)) for part in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == list(range(64))
    assert first != second


def test_the_penalty_doubles_where_the_policy_moved_too_far_and_halves_where_too_little(discrete, sampler_of):
    found = {}
    for target in (1e-9, 1e3):
        network, rollout = sampled(discrete, sampler_of)
        update = update_of(discrete, network, epochs=3, minibatch=16, kl_target=target)
        figures = update.learn(rollout, VALUES)
        assert figures["learn/kl"] > 0.0
        found[target] = figures["learn/kl_coefficient"]
    assert found == {1e-9: 0.4, 1e3: 0.1}


def test_the_penalty_holds_the_policy_back(discrete, sampler_of):
    moved = []
    for coefficient in (0.0, 100.0):
        network, rollout = sampled(discrete, sampler_of)
        update = update_of(discrete, network, epochs=10, minibatch=16, kl_target=1.0)
        update.kl_coefficient = coefficient
        moved.append(update.learn(rollout, {**VALUES, "lr": 1e-2})["learn/kl"])
    assert moved[1] < 0.2 * moved[0]


def test_an_auxiliary_loss_counts_known_targets_alone(fast_job, sampler_of):
    prepared = prepare(fast_job(discrete=True, agent={"forecast": {"weight": 0.5, "horizon": 2}}))
    network, rollout = sampled(prepared, sampler_of)
    table = torch.full((prepared.tape.n_rows, 1), torch.nan)
    row = int(rollout.rows[3, 1])
    table[row] = 2.0
    batch_figures = update_of(prepared, network, forecasts=table, forecast_weight=0.5, epochs=1)
    with torch.no_grad():
        said = network.forecast(torch.from_numpy(rollout.obs[rollout.rows == row]))[:, 0]
    figures = batch_figures.learn(rollout, VALUES)
    assert figures["learn/forecast_loss"] == pytest.approx(float(((said - 2.0) ** 2).mean()), rel=1e-5)
    unknown = update_of(prepared, network, forecasts=torch.full_like(table, torch.nan), forecast_weight=0.5)
    assert unknown.learn(rollout, VALUES)["learn/forecast_loss"] == 0.0


def test_what_is_forecast_is_learned(fast_job, sampler_of):
    prepared = prepare(fast_job(discrete=True, agent={"forecast": {"weight": 1.0, "horizon": 1}}))
    network, rollout = sampled(prepared, sampler_of)
    table = torch.full((prepared.tape.n_rows, 1), 1.5)
    update = update_of(prepared, network, forecasts=table, forecast_weight=1.0, epochs=20)
    losses = [update.learn(rollout, {**VALUES, "lr": 1e-2})["learn/forecast_loss"] for _ in range(2)]
    assert losses[1] < 0.1 * losses[0]


def test_gradients_are_clipped_and_the_norm_before_is_told(discrete, sampler_of):
    network, rollout = sampled(discrete, sampler_of)
    figures = update_of(discrete, network, grad_clip=0.01).learn(rollout, VALUES)
    norm = torch.stack([one.norm() for one in gradients(network).values()]).norm()
    assert figures["learn/gradient_norm"] > 0.1
    assert float(norm) == pytest.approx(0.01, rel=1e-3)


def test_values_of_a_schedule_reach_the_optimiser(discrete, sampler_of):
    network, rollout = sampled(discrete, sampler_of)
    before = [one.detach().clone() for one in network.parameters()]
    figures = update_of(discrete, network).learn(rollout, {**VALUES, "lr": 0.0})
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters(), strict=True))
    assert figures["learn/learning_rate"] == 0.0


@pytest.mark.parametrize("kind", ["continuous", "discrete", "recurrent"])
def test_bfloat16_gives_nearly_the_gradient_of_float32_to_weights_of_float32(kind, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    exact, rollout = sampled(prepared, sampler_of)
    rough, _ = sampled(prepared, sampler_of)
    figures = update_of(prepared, exact).learn(rollout, VALUES)
    roughly = update_of(prepared, rough, bfloat16=True).learn(rollout, VALUES)
    one, other = (torch.cat([grad.flatten() for grad in gradients(network).values()]) for network in (exact, rough))
    assert 0.0 < float((one - other).norm() / one.norm()) < 0.1  # 8 bits of mantissa: 0.4 % a rounding
    assert roughly["learn/total_loss"] == pytest.approx(figures["learn/total_loss"], abs=0.02)
    assert {value.dtype for value in rough.state_dict().values()} == {torch.float32}


def test_a_compiled_loss_teaches_what_the_eager_one_does(continuous, sampler_of, monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))  # traced, without a C++ compiler
    eager, rollout = sampled(continuous, sampler_of)
    compiled, _ = sampled(continuous, sampler_of)
    figures = [
        update_of(continuous, network, compiled=way, minibatch=32).learn(rollout, VALUES)
        for network, way in ((eager, False), (compiled, True))
    ]
    assert figures[1] == pytest.approx(figures[0], abs=1e-6)
    for name, value in eager.state_dict().items():
        assert torch.allclose(value, compiled.state_dict()[name], atol=1e-6), name


def test_an_update_that_goes_on_from_a_state_learns_the_same(discrete, sampler_of):
    network, rollout = sampled(discrete, sampler_of)
    one = update_of(discrete, network, minibatch=24, kl_target=0.01)
    one.learn(rollout, VALUES)
    other_network, _ = sampled(discrete, sampler_of)
    other = update_of(discrete, other_network, minibatch=24, kl_target=0.01)
    other.load(one.state())
    assert one.learn(rollout, VALUES) == other.learn(rollout, VALUES)
    for name, value in network.state_dict().items():
        assert torch.equal(value, other_network.state_dict()[name])


def test_terminated_rollouts_are_worth_nothing_after_their_end(discrete, sampler_of):
    network, rollout = sampled(discrete, sampler_of)
    over = replace_flags(rollout)
    batch = update_of(discrete, network).batch(over)
    t, b = rollout.final_at[:, 0]
    returns = batch.columns(batch.numbers).returns.view(16, 4)
    assert float(returns[t, b]) == pytest.approx(float(rollout.rewards[t, b]), abs=1e-5)


def replace_flags(rollout):
    return rollout._replace(
        terminated=rollout.truncated, truncated=rollout.terminated, final_at=rollout.final_at[:, :0],
        final_obs=rollout.final_obs[:0], final_states=rollout.final_states[:0],
    )  # fmt: skip


def test_a_penalty_stays_within_ten_steps_of_where_it_began():
    low = high = KL_START
    for _ in range(2_000):  # without a bound the first would be 0 by then, for good
        low, high = _adapted(low, 0.0, 0.01), _adapted(high, 1.0, 0.01)
    assert (low, high) == (KL_START / 1024, KL_START * 1024)
    assert _adapted(low, 1.0, 0.01) == 2 * low
