"""Optimal policies of worlds whose answer is known: mathematics alone, without environments."""
