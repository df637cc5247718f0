"""Parts of the private observation: what the account looks like, chosen by name."""
