"""1,024 accounts trade real hourly EURUSD at once: what did acting at random cost, and what did holding earn?"""

import gymnasium as gym
import numpy as np

import quantgym

envs = gym.make_vec("quantgym/Trading-v0", num_envs=1024, tape="sample:eurusd-1h", episode_bars=240, start="random")
print(f"quantgym {quantgym.__version__}: observation {envs.single_observation_space.shape}, {envs.single_action_space.n} actions")

rng = np.random.default_rng(0)
for name in ("at random", "buy and hold"):
    observation, info = envs.reset(seed=0)
    rewards, costs = np.zeros(1024), np.zeros(1024)
    for step in range(239):
        action = rng.integers(0, 6, 1024) if name == "at random" else np.full(1024, 1 if step < 8 else 2)
        observation, reward, terminated, truncated, info = envs.step(action)
        rewards += reward
        costs += info["costs"]
    low, high = np.quantile(rewards, [0.05, 0.95])
    spread = f"nine of ten episodes in [{low:+.4f}, {high:+.4f}]"
    print(f"{name:<12}  log return {rewards.mean():+.4f}, {spread}, costs {costs.mean() / 1e5:.4f}")
