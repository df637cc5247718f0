"""Networks of learned agents: plain torch modules that know neither Ray nor an environment."""
