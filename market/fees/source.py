"""Where a number comes from."""

from dataclasses import dataclass

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A page or document, as it was found.

    Attributes:
        title: Its publisher and title.
        address: Its address, without the protocol.
        seen: What kind of copy was seen, where it was not the page of today itself.
        looked_at: Day on which it was looked at, ISO.
    """

    title: str
    address: str
    seen: str = ""
    looked_at: str = "2026-11-21"

    def __str__(self) -> str:
        seen = f" ({self.seen})" if self.seen else ""
        return f"{self.title}, {self.address}{seen}, looked at {self.looked_at}"
