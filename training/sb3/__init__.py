"""Stable-baselines3 as a second backend of the same jobs."""
