"""Searches over the settings of a job: Ray Tune, Optuna, ASHA."""
