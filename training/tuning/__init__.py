"""Searches over the settings of a job: Ray Tune runs the trials, Optuna proposes them, successive halving ends the poor ones."""
