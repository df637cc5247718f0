"""Errors of an episode's life: stepping where nothing can be stepped."""

from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from ..market.errors import QuantgymError

__all__ = ["ClosedError", "EpisodeError"]


class EpisodeError(QuantgymError, ResetNeeded):
    """An episode that has not begun, or has ended, was stepped."""


class ClosedError(QuantgymError, ClosedEnvironmentError):
    """A closed environment was used."""
