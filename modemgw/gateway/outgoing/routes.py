"""Which route carries a message: the first that matches it, of those that its type may take."""

from __future__ import annotations

from collections.abc import Sequence

from modemgw.config import Config, RouteMatch

Matching = Sequence[tuple[tuple[str, ...], str]]
"""The prefixes of numbers that a route takes (empty: every number), and its id; in their order."""


def route_for(config: Config, *, to: str, type: str, key: str, tags: tuple[str, ...]) -> str | None:
    """The id of the first route that matches a message; None when there is none."""
    return first(matching(config, type=type, key=key, tags=tags), to)


def matching(config: Config, *, type: str, key: str, tags: tuple[str, ...]) -> Matching:
    """The routes that take such messages, each for its numbers: the part many recipients share."""
    routes = config.routes_of(type)
    return [(r.match.to_prefix, r.id) for r in routes if _carries(r.match, type, key, tags)]


def first(matching: Matching, to: str) -> str | None:
    """The id of the first of these that takes a number; None when there is none."""
    for prefixes, route in matching:
        if not prefixes or to.startswith(prefixes):
            return route
    return None


def _carries(match: RouteMatch, type: str, key: str, tags: tuple[str, ...]) -> bool:
    """Whether a route takes such messages, to whatever number."""
    if match.type and type not in match.type:
        return False
    if match.key and key not in match.key:
        return False
    return not match.tag or not set(match.tag).isdisjoint(tags)
