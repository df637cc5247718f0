"""Rows of a schedule that charges makers and takers a fraction of notional."""

from collections.abc import Mapping
from typing import Any

from .schedule import FeeRow
from .source import Source

__all__ = ["Tier", "maker_taker_rows"]

Tier = tuple[float, float, float]  # least volume of 30 days, maker and taker in basis points


def maker_taker_rows(
    from_date: str,
    tiers: tuple[Tier, ...],
    sources: tuple[Source, ...],
    *,
    doubt: str = "",
    doubts: Mapping[float, str] | None = None,
    **fields: Any,
) -> tuple[FeeRow, ...]:
    """Return one row a tier.

    Args:
        from_date: Effective date, ISO.
        tiers: By volume, rising.
        sources: Of all of them.
        doubt: Why no tier is confirmed; empty: they are.
        doubts: Why single tiers are not, by their volume; an empty text confirms one.
        fields: Further fields of `FeeRow`, the same for all.
    """
    rows = []
    for volume, maker, taker in tiers:
        why = (doubts or {}).get(volume, doubt)
        rates: dict[str, Any] = {"maker_rate": round(maker / 1e4, 9), "taker_rate": round(taker / 1e4, 9)}
        rows.append(
            FeeRow(from_date=from_date, min_volume=volume, sources=sources, confirmed=not why, note=why, **rates, **fields)
        )
    return tuple(rows)
