"""File descriptors: connections may have what modems, handlers and the database leave."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)

OTHERS = 48
"""What the database, the log, handlers and webhooks open."""
PER_MODEM = 4
"""Its port and lock, and both again while the port is being opened anew."""
LEAST = 4
"""Connections that there may be in any case."""


def raise_limit(connections: int, modems: int) -> None:
    """Have room for so many connections and modems, as far as the system allows."""
    wanted = connections + OTHERS + PER_MODEM * modems
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "%d files may be open: there is room for %d connections, not for the %d of "
            "http.max_connections; raise the limit (LimitNOFILE=)",
            allowed,
            room(connections, modems),
            connections,
        )


def room(connections: int, modems: int) -> int:
    """How many of `connections` there is room for beside `modems` modems."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(LEAST, min(connections, soft - OTHERS - PER_MODEM * modems))
