"""What differs between two configurations, by key: values may be secret and are never told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modemgw.config import Config

RESTART = (
    "gateway.data_dir",
    "gateway.backup_before_migrate",
    "http.",
    "verifications.pepper_file",
)
"""Keys, by their beginning, that are read at the start only."""


def changes(old: Config, new: Config) -> Iterator[str]:
    """The keys that differ: `http.listen`, `modem.m1.weight`, `handler` …"""
    return _differing(_keyed(old), _keyed(new), "")


def in_force(running: Config, wanted: Config) -> Config:
    """The wanted configuration, with what is read at the start only as it is running."""
    gateway = wanted.gateway.model_copy(update={"data_dir": running.gateway.data_dir})
    return wanted.model_copy(update={"gateway": gateway, "http": running.http})


def lines(old: Config, new: Config) -> list[str]:
    """What to tell a person of the changes, those of modems apart."""
    told = []
    routes = ({r.id for r in old.route}, {r.id for r in new.route})
    for key in sorted(changes(old, new)):
        kind, _, id = key.partition(".")
        if key.startswith(RESTART):
            told.append(f"{key} has changed: it takes effect when the daemon is restarted")
        elif kind == "route" and (id in routes[0]) != (id in routes[1]):
            told.append(f"route {id}: {'added' if id in routes[1] else 'removed'}")
        elif kind != "modem":
            told.append(f"{key}: changed")
    return told


def _keyed(config: Config) -> dict[str, Any]:
    document = config.model_dump(by_alias=True)
    for kind in ("modem", "route"):
        document[kind] = {item["id"]: item for item in document[kind]}
    return document


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            yield from _differing(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path
