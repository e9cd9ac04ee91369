"""[[route]]: which SIMs may carry which messages."""

from __future__ import annotations

from typing import Literal

from modemgw.config.base import Identifier, MessageType, Prefix, Section


class RouteMatch(Section):
    """What a route may carry. An empty list matches everything."""

    to_prefix: tuple[Prefix, ...] = ()
    type: tuple[MessageType, ...] = ()
    key: tuple[str, ...] = ()
    """Names of API keys."""
    tag: tuple[str, ...] = ()


class RouteSection(Section):
    """[[route]]"""

    id: Identifier
    policy: Literal["least_used", "round_robin", "weighted", "sticky"] = "least_used"
    match: RouteMatch = RouteMatch()
    fallback: Identifier | None = None
