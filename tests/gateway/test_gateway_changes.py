"""What differs between two configurations is told by key."""

from __future__ import annotations

from pathlib import Path

from modemgw.config import parse
from modemgw.gateway.changes import changes, in_force, lines

MODEM = {"id": "m1", "device": "/dev/a", "pin": "1234"}


def test_what_has_changed_is_named_by_its_key() -> None:
    old = parse({"modem": [MODEM]})
    new = parse(
        {
            "http": {"listen": "127.0.0.1:9"},
            "modem": [
                MODEM | {"weight": 2, "limits": {"per_day": 3}},
                MODEM | {"id": "m2", "device": "b"},
            ],
        }
    )
    assert sorted(changes(old, new)) == [
        "http.listen",
        "modem.m1.limits.per_day",
        "modem.m1.weight",
        "modem.m2",
    ]
    assert list(changes(old, old)) == []


def test_what_wants_a_restart_is_said_and_stays_as_it_is() -> None:
    old = parse({"gateway": {"data_dir": "/a"}, "http": {"listen": "127.0.0.1:1"}})
    new = parse({"gateway": {"data_dir": "/b", "receipt_timeout": 9}, "route": [{"id": "x"}]})
    assert lines(old, new) == [
        "gateway.data_dir has changed: it takes effect when the daemon is restarted",
        "gateway.receipt_timeout: changed",
        "http.listen has changed: it takes effect when the daemon is restarted",
        "route x: added",
    ]
    force = in_force(old, new)
    assert (force.gateway.data_dir, force.http.listen) == (Path("/a"), "127.0.0.1:1")
    assert (force.gateway.receipt_timeout, force.route) == (9, new.route)
    assert len(lines(force, new)) == 2, "said again at the next reload"
