"""Worlds whose best policy is known."""
