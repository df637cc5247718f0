"""Stock RLlib as shipped (new API stack) over our batches, for comparison and for who trusts nothing else."""
