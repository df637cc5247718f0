"""Floor 3: what the market says. Causal encoders, their pipeline, the layout of observations and the feature table."""
