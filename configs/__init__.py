"""Floor 1: jobs as data. One strict loader, and the YAML of every shipped job."""
