"""Scenario tapes: markets drawn from a model, from a real tape's blocks, or with a crash laid over them."""
