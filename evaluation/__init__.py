"""Floor 5: run a policy, measure it, compare it, doubt it."""
