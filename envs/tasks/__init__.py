"""Environments whose episodes are a task: executing an order, choosing a strategy, hedging an option."""
