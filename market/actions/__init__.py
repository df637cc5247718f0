"""Action schemes: what an action of a policy means, and the orders it becomes."""
