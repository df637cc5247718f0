"""`OneAsset`: the base of action schemes that trade a single asset."""

from dataclasses import dataclass
from typing import ClassVar

from ..errors import ConfigError
from .scheme import ActionScheme

__all__ = ["OneAsset"]


@dataclass(frozen=True, kw_only=True)
class OneAsset(ActionScheme):
    """A scheme whose decisions are about one asset; `several` names the scheme that does the same for more, where there is one."""

    several: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_assets != 1:
            cure = "" if self.several is None else f"; use {self.several} for several"
            raise ConfigError(f"action {self.name}: trades one asset, n_assets was {self.n_assets}{cure}")
