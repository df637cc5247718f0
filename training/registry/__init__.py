"""The registry of runs: MLflow over SQLite, lineage and stages."""
