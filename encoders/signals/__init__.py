"""Signals: what rules say, as target columns in [-1, 1]; a rule agent is a signal and a decision."""
