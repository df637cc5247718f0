"""The YAML of every shipped search over the settings of a job."""
