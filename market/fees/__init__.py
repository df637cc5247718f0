"""Fee schedules of venues by product and effective date, with their sources."""
