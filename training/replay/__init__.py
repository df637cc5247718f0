"""Replay of transitions in arrays: ring, n-step returns, priorities, files that a killed run goes on from."""
