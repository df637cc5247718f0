"""RLlib over the native batch: its stock runner with NEXT_STEP, and one of ours with SAME_STEP, hold what was played by hand."""

import gymnasium
import numpy as np
import pytest
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.tune.registry import register_env

import quantgym  # noqa: F401
from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings

N_ENVS, N_CALLS = 3, 24
WORLDS = {
    "trading": ("quantgym/Trading-v0", {"tape": gbm_tape(0, 60), "episode_bars": None}),  # ends at different times
    "ruin": ("quantgym/Trading-v0", {"tape": gbm_tape(0, 60), "costs": CostSettings(ruin_equity_fraction=0.998)}
             | {"episode_bars": 10}),
    "portfolio": ("quantgym/Portfolio-v0", {"tape": gbm_tape(0, 90, n_assets=3), "episode_bars": 5}),
}


def same_step_runner(envs, seeds, actions):
    """Return the `SingleAgentEpisode`s of a SAME_STEP batch: an episode that ends is told its last observation by `final_obs`."""
    seen, _ = envs.reset(seed=seeds)
    running, finished = [begun(one) for one in seen], []
    for action in actions:
        seen, rewards, terminated, truncated, info = envs.step(action)
        for e, episode in enumerate(running):
            ended = bool(terminated[e] or truncated[e])
            reached = info["final_obs"][e] if ended else seen[e]
            episode.add_env_step(reached, action[e], rewards[e], terminated=bool(terminated[e]), truncated=bool(truncated[e]))
            if ended:
                finished.append((e, episode))
                running[e] = begun(seen[e])
    return finished + [(e, episode) for e, episode in enumerate(running) if len(episode)]


def begun(observation):
    episode = SingleAgentEpisode()
    episode.add_env_reset(observation)
    return episode


def transitions(episodes):
    """Return (sub-environment, bits of a transition) of every step, in order."""
    out = []
    for e, episode in episodes:
        seen = episode.get_observations()
        for t in range(len(episode)):
            last = t == len(episode) - 1
            flags = bool(last and episode.is_terminated), bool(last and episode.is_truncated)
            out.append((e, transition(seen[t], episode.get_actions(t), episode.get_rewards(t), seen[t + 1], *flags)))
    return out


def transition(seen, action, reward, reached, terminated, truncated):
    return seen.tobytes(), np.asarray(action).tobytes(), float(reward), reached.tobytes(), terminated, truncated


def by_hand(name, settings, seed, actions):
    """Play one environment alone, reset by hand; return its transitions."""
    env = gymnasium.make(name, **settings).unwrapped
    seen, _ = env.reset(seed=seed)
    out = []
    for action in actions:
        reached, reward, terminated, truncated, _ = env.step(action)
        out.append(transition(seen, action, reward, reached, terminated, truncated))
        seen = env.reset()[0] if terminated or truncated else reached
    return out


def sampled(envs):
    envs.action_space.seed(0)
    return [envs.action_space.sample() for _ in range(N_CALLS)]


@pytest.mark.parametrize("world", WORLDS)
def test_a_same_step_runner_records_what_single_environments_play(world):
    name, settings = WORLDS[world]
    envs = gymnasium.make_vec(name, num_envs=N_ENVS, **settings)
    actions = sampled(envs)
    found = transitions(same_step_runner(envs, [5, 6, 7], actions))
    assert len(found) == N_ENVS * N_CALLS
    for e in range(N_ENVS):
        mine = [one for where, one in found if where == e]
        assert mine == by_hand(name, settings, 5 + e, [action[e] for action in actions])
    assert any(one[4] or one[5] for _, one in found)
    if world == "ruin":
        assert any(one[4] for _, one in found)


@pytest.mark.parametrize("world", WORLDS)
def test_the_stock_runner_with_next_step_records_what_single_environments_play(world, monkeypatch):
    name, settings = WORLDS[world]
    register_env(f"stock-{world}", lambda context: gymnasium.make_vec(
        name, num_envs=context["num_envs"], autoreset_mode="next_step", info=(), **settings))
    config = (PPOConfig().environment(f"stock-{world}", disable_env_checking=True).debugging(seed=5)
              .env_runners(num_env_runners=0, num_envs_per_env_runner=N_ENVS,
                           gym_env_vectorize_mode=gymnasium.VectorizeMode.VECTOR_ENTRY_POINT))
    monkeypatch.setitem(gymnasium.registry, "rllib-single-agent-env-v0", None)  # RLlib registers it anew; taken away afterwards
    del gymnasium.registry["rllib-single-agent-env-v0"]
    runner = SingleAgentEnvRunner(config=config)
    sent = noted(runner)
    episodes = runner.sample(num_timesteps=N_ENVS * N_CALLS, random_actions=True)
    runner.stop()
    found = [one for _, one in transitions([(0, episode) for episode in episodes])]
    # each sub-environment plays every action it was sent but those of the steps that only reset it
    expected = []
    for e in range(N_ENVS):
        expected += played_next_step(name, settings, seed_of(runner, e), [action[e] for action in sent])
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert any(one[5] or one[4] for one in found)


def noted(runner):
    """Return a list that fills with every batch of actions that the runner sends."""
    sent, step = [], runner._try_env_step

    def keep(actions):
        sent.append(np.array(actions))
        return step(actions)

    runner._try_env_step = keep
    return sent


def seed_of(runner, e):
    """Return a seed sequence: an int given to a batch seeds sub-environment e with (seed, e)."""
    return np.random.SeedSequence(runner._seed, spawn_key=(e,))


def played_next_step(name, settings, sequence, actions):
    """Play one environment alone; the action after an episode's end is not played, it resets."""
    env = gymnasium.make_vec(name, num_envs=N_ENVS, autoreset_mode="disabled", **settings).unwrapped
    e = sequence.spawn_key[0]
    seen, _ = env.reset(seed=int(sequence.entropy))
    everyone = np.arange(N_ENVS) == e
    out, ended = [], False
    for action in actions:
        if ended:
            seen, _ = env.reset(options={"reset_mask": np.ones(N_ENVS, bool)})
            ended = False
            continue
        reached, rewards, terminated, truncated, _ = env.step(np.stack([action] * N_ENVS))
        out.append(transition(seen[e], action, rewards[e], reached[e], bool(terminated[e]), bool(truncated[e])))
        ended = bool(terminated[e] or truncated[e])
        seen = reached
        others = (terminated | truncated) & ~everyone
        if others.any() and not ended:
            env.reset(options={"reset_mask": others})
    return out
