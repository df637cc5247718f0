"""Environments whose episodes are a task other than holding positions: executing an order, choosing a strategy, hedging an option."""
