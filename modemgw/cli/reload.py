"""SIGHUP: reads the configuration again, takes over what can be, and says what cannot."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modemgw.config import Config, ConfigError, load

log = logging.getLogger(__name__)

RELOADABLE = frozenset({"gateway.log_level"})
"""Keys that a running daemon takes over."""


def reload(path: Path, running: Config) -> Config:
    """The configuration from now on: `running`, with what can be reloaded as the file says.

    A file that is wrong changes nothing. Values are not logged: they may be secret.
    """
    try:
        wanted = load(path)
    except ConfigError as error:
        for problem in error.problems:
            log.error("not reloaded: %s", problem)
        return running
    changed = sorted(changes(running, wanted))
    for key in changed:
        if key in RELOADABLE:
            log.warning("reloaded: %s", key)
        else:
            log.warning("%s has changed: it takes effect when the daemon is restarted", key)
    if not changed:
        log.warning("reloaded: nothing has changed")
    level = wanted.gateway.log_level
    set_level(level)
    return running.model_copy(
        update={"gateway": running.gateway.model_copy(update={"log_level": level})}
    )


def set_level(level: str) -> None:
    """Log what the gateway says from `level` (a name as in the configuration) on."""
    logging.getLogger("modemgw").setLevel(level.upper())


def changes(old: Config, new: Config) -> Iterator[str]:
    """The keys that differ: `http.listen`, `modem.m1.weight`, `handler` …"""
    return _differing(_keyed(old), _keyed(new), "")


def _keyed(config: Config) -> dict[str, Any]:
    document = config.model_dump()
    for kind in ("modem", "route"):
        document[kind] = {item["id"]: item for item in document[kind]}
    return document


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            yield from _differing(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path
