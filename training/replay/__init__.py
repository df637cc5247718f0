"""What an off-policy learner has seen: a ring of transitions in arrays, priorities, and files that grow with it."""
