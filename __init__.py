"""quantgym: trading environments, encoders, agents, evaluation and live trading around one market simulator.

Importing this package is light: every room and every heavy dependency is loaded when it is used.
"""

from importlib import metadata as _metadata

__all__ = ["__version__", "register_envs"]

try:
    __version__ = _metadata.version("quantgym")
except _metadata.PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0+uninstalled"


def register_envs() -> None:
    """Register every environment under `quantgym/` with Gymnasium.

    Gymnasium calls this itself through the entry point `gymnasium.envs`, so `gym.make("quantgym/Trading-v0")` works without
    importing `quantgym`. Calling it again changes nothing.
    """
    from .envs.registration import register

    register()
