"""Agents that follow a written rule; they answer to the same protocol as networks."""
