"""The YAML of the jobs on worlds whose best policy is known."""
