"""Floor 0: the words and the money. Record types, their arithmetic, decisions, limits, errors and seeding."""
