"""Rewards: formulas on the record of a step, chosen by name."""
