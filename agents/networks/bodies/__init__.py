"""Bodies of networks: what turns an observation into features."""
