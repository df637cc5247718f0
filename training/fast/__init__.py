"""Our fast path on RLlib: whole arrays from the native batch to the learner."""
