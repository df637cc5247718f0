"""What the runner hands over equals a loop by hand over SAME_STEP environments, to the bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Normal

from quantgym.agents.distribution import distribution_of
from quantgym.market.errors import ConfigError
from quantgym.training.fast.rollout import joined
from quantgym.training.fast.sampler import Sampler


def staggered(prepared):
    """Episodes from random rows to the end of 24: they end at different times, some in their first step."""
    return replace(prepared.train, rows=(50, 74), settings={**prepared.train.settings, "episode_bars": None})


def by_hand(world, rollouts, seed, scale):
    """Play the actions of some rollouts; yield what each step shows."""
    env = world.make(rollouts[0].obs.shape[1], autoreset_mode="same_step", info=())
    seen, _ = env.reset(seed=seed)
    for rollout in rollouts:
        for t, drawn in enumerate(rollout.actions):
            rows = env.simulator.rows.copy()
            after, paid, terminated, truncated, info = env.step(drawn if drawn.ndim == 1 else np.clip(drawn, -1.0, 1.0))
            cut = [(t, b, info["final_obs"][b]) for b in np.flatnonzero(truncated)]
            yield rollout, t, (seen, rows, (paid * scale).astype(np.float32), terminated, truncated), cut
            seen = after
        assert rollout.last_obs.tobytes() == seen.tobytes()


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
def test_two_rollouts_equal_a_loop_by_hand(kind, sampler_of, request):
    prepared = request.getfixturevalue(kind)
    world = staggered(prepared)
    sampler = sampler_of(prepared, world=world, reward_scale=100.0)
    sampler.begin(11)
    rollouts = [sampler.sample()[0] for _ in range(2)]
    cuts = [[], []]
    for rollout, t, expected, cut in by_hand(world, rollouts, 11, 100.0):
        found = [getattr(rollout, name)[t] for name in ("obs", "rows", "rewards", "terminated", "truncated")]
        for one, other in zip(found, expected, strict=True):
            assert np.asarray(one).tobytes() == np.asarray(other, one.dtype).tobytes()
        cuts[0 if rollout is rollouts[0] else 1] += cut
    for rollout, expected_cuts in zip(rollouts, cuts, strict=True):
        assert len(expected_cuts) > 3
        assert rollout.final_at.T.tolist() == [[t, b] for t, b, _ in expected_cuts]
        assert rollout.final_obs.tobytes() == np.stack([obs for _, _, obs in expected_cuts]).tobytes()


@pytest.mark.parametrize("kind", ["continuous", "discrete"])
def test_probabilities_are_those_of_the_network_that_played(kind, sampler_of, request):
    sampler = sampler_of(request.getfixturevalue(kind))
    sampler.begin(0)
    rollout, _ = sampler.sample()
    with torch.no_grad():
        numbers = sampler.network(torch.from_numpy(rollout.obs))
    actions = torch.from_numpy(rollout.actions)
    if kind == "discrete":
        expected = Categorical(logits=numbers).log_prob(actions)
    else:
        mean, log_std = numbers.chunk(2, -1)
        expected = Normal(mean, log_std.exp()).log_prob(actions).sum(-1)  # of what was drawn, before it was clipped
        assert np.abs(rollout.actions).max() > 1.0
    assert rollout.dist_inputs == pytest.approx(numbers.numpy(), abs=1e-6)
    assert rollout.log_probs == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_state_is_carried_through_the_rollout_and_zeroed_where_an_episode_begins(recurrent, sampler_of):
    sampler = sampler_of(recurrent, world=staggered(recurrent), sequence_bars=8)
    sampler.begin(2)
    state = torch.zeros(4, 16)
    for _ in range(2):
        rollout, _ = sampler.sample()
        final_states = []
        for t in range(16):
            if t % 8 == 0:
                assert rollout.states[t // 8] == pytest.approx(state.numpy(), abs=1e-6)
            with torch.no_grad():
                numbers, _, state = sampler.network.advance(torch.from_numpy(rollout.obs[t]), state)
            assert rollout.dist_inputs[t] == pytest.approx(numbers.numpy(), abs=1e-6)
            final_states += [state[b].numpy() for b in np.flatnonzero(rollout.truncated[t])]
            state = state * torch.from_numpy(~(rollout.terminated[t] | rollout.truncated[t]))[:, None]
        assert rollout.last_state == pytest.approx(state.numpy(), abs=1e-6)
        assert rollout.final_states == pytest.approx(np.stack(final_states), abs=1e-6)


def test_a_sampler_that_goes_on_from_a_state_samples_the_same(recurrent, sampler_of):
    whole, parts = sampler_of(recurrent, sequence_bars=8), sampler_of(recurrent, sequence_bars=8)
    whole.begin(4)
    whole.sample()
    parts.load(whole.state())
    for one, other in zip(whole.sample()[0], parts.sample()[0], strict=True):
        assert one.tobytes() == other.tobytes()


def test_figures_are_in_units_of_the_reward_and_count_episodes_across_rollouts(discrete, sampler_of):
    sampler = sampler_of(discrete, reward_scale=100.0)
    sampler.begin(0)
    rollouts = [sampler.sample() for _ in range(2)]
    assert all(sampled.seconds > 0.0 for _, sampled in rollouts)
    # 4 environments, 32 steps, 9 bars an episode: 3 ended in each
    figures = (rollouts[0][1] + rollouts[1][1]).sums.figures()
    assert figures["train/episode_bars"] == 9.0
    rewards = np.concatenate([rollout.rewards for rollout, _ in rollouts])
    assert figures["train/reward"] == pytest.approx(rewards.mean() / 100.0, rel=1e-5)
    assert figures["train/episode_return"] == pytest.approx(rewards[:27].sum() / 12 / 100.0, rel=1e-5)


def test_rollouts_of_several_runners_stand_side_by_side(discrete, sampler_of):
    several = []
    for seed in (1, 2):
        sampler = sampler_of(discrete)
        sampler.begin(seed)
        several.append(sampler.sample()[0])
    both = joined(several)
    assert both.obs.shape[:2] == (16, 8)
    n_first = several[0].final_at.shape[1]
    assert both.final_at[:, n_first:].tolist() == (several[1].final_at + np.array([[0], [4]])).tolist()
    t, b = both.final_at[:, -1]
    assert both.truncated[t, b]
    assert joined(several[:1]) is several[0]
    several[0].obs.flags.writeable = False  # as it comes out of Ray's shared memory
    assert joined(several[:1]).obs.flags.writeable


def test_an_environment_that_resets_otherwise_is_refused(discrete, sampler_of):
    world = replace(discrete.train, settings={**discrete.train.settings, "autoreset_mode": "next_step"})
    env = world.make(2)
    with pytest.raises(ConfigError, match="the fast path needs autoreset mode SAME_STEP, the environment has NEXT_STEP"):
        Sampler(env, sampler_of(discrete).network, distribution_of(discrete.network), n_steps=4)
