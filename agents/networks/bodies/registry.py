"""Bodies by name."""

from collections.abc import Callable, Mapping
from typing import Any

from ....configs.strict import validate
from ....market.errors import ConfigError, UnknownNameError
from ..reading import Reading
from .body import Body
from .gnn import GNNBody, GNNSettings
from .lstm import LSTMSettings, StepLSTM, WindowLSTM
from .mlp import MLPBody, MLPSettings
from .transformer import TransformerBody, TransformerSettings

__all__ = ["BODIES", "body_settings", "build_body", "check_body", "is_recurrent"]

BODIES: dict[str, Callable[..., Any]] = {
    "mlp": MLPSettings,
    "lstm": LSTMSettings,
    "transformer": TransformerSettings,
    "gnn": GNNSettings,
}
"""Settings of every body by its kind."""

RECURRENT_KINDS = ("actor_critic",)


def body_settings(given: str | Mapping[str, Any], where: str = "agent.body") -> Any:
    """Return the checked settings of a body, from its name or a mapping with `kind`.

    Raises:
        UnknownNameError: No such body; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    settings = {"kind": given} if isinstance(given, str) else dict(given)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f"{where} needs a kind, such as {{kind: lstm}}, was {given!r}")
    if kind not in BODIES:
        raise UnknownNameError("body", kind, BODIES, where)
    return validate(BODIES[kind], settings, where)  # type: ignore[arg-type]


def is_recurrent(given: str | Mapping[str, Any] | None) -> bool:
    """Return whether a body carries a state from one step to the next."""
    settings = None if given is None else body_settings(given)
    return isinstance(settings, LSTMSettings) and settings.over == "steps"


def check_body(given: str | Mapping[str, Any], reading: Reading, kind: str, where: str = "agent.body") -> None:
    """Raise ConfigError where a body cannot read these observations, or a network of `kind` cannot use it."""
    settings = body_settings(given, where)
    if isinstance(settings, LSTMSettings):
        if settings.over == "steps" and kind not in RECURRENT_KINDS:
            raise ConfigError(f"{where}: an LSTM over steps needs PPO or behaviour cloning, which learn from sequences; use "
                              "{kind: lstm, over: window} with env.window of 2 or more")
        if settings.over == "window":
            _need_window("lstm over the window", reading, where)
    if isinstance(settings, TransformerSettings):
        _need_window("transformer", reading, where)
    if isinstance(settings, GNNSettings):
        _need_assets(settings, reading, where)


def build_body(given: str | Mapping[str, Any], reading: Reading, activation: str) -> Body | None:
    """Return a body with weights from torch's global generator; None where it adds nothing to the heads."""
    settings = body_settings(given)
    body = _new_body(settings, reading, activation)
    if body is not None and settings.frozen:
        body.requires_grad_(False)
    return body


def _new_body(settings: Any, reading: Reading, activation: str) -> Body | None:
    if isinstance(settings, LSTMSettings):
        return StepLSTM(settings, reading) if settings.over == "steps" else WindowLSTM(settings, reading)
    if isinstance(settings, TransformerSettings):
        return TransformerBody(settings, reading)
    if isinstance(settings, GNNSettings):
        return GNNBody(settings, reading, activation)
    assert isinstance(settings, MLPSettings)
    return MLPBody(settings, reading, activation) if settings.shared else None


def _need_assets(settings: GNNSettings, reading: Reading, where: str) -> None:
    if reading.n_columns == 0:
        raise ConfigError(f"{where}: gnn needs columns of each asset, the observation has none; add an encoder such as "
                          "{kind: price} to encoders")
    if settings.edges == "layout" and not reading.edges:
        raise ConfigError(f"{where}: edges: layout needs edges in the observation, it has none; add {{kind: correlation}} to "
                          "encoders, or use edges: complete")
    if reading.n_assets < 2 and settings.edges != "none":
        raise ConfigError(f"{where}: gnn passes messages between assets, the environment has {reading.n_assets}; use mlp, lstm "
                          "or transformer, or {kind: gnn, edges: none}")
    if settings.encoder == "lstm":
        _need_window("gnn with encoder lstm", reading, where)


def _need_window(body: str, reading: Reading, where: str) -> None:
    if reading.window < 2:
        raise ConfigError(f"{where}: {body} needs env.window of at least 2, was {reading.window}")
