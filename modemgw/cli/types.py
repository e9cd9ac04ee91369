"""`modemgw types`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import print_json, print_table
from modemgw.client import answers


@click.command()
@json_option
@daemon_options
def types(as_json: bool, daemon: Daemon) -> None:
    """See what is done with each type of messages, and how they do."""
    items = daemon.call(lambda client: client.types())
    if as_json:
        print_json(items)
        return
    print_table(
        (
            "type",
            "priority",
            "valid",
            "tries",
            "in doubt",
            "quiet hours",
            "consent",
            "routes",
            "duplicates",
            "text",
            "target",
            "accepted",
        ),
        [
            (
                one.name,
                one.priority,
                duration(one.validity_seconds),
                one.max_attempts,
                one.ambiguous,
                ", ".join(one.quiet_hours),
                _consent(one),
                ", ".join(one.routes),
                _duplicates(one.duplicates),
                _text(one),
                _target(one.target),
                one.accepted,
            )
            for one in items
        ],
        "There are no types.",
    )


def duration(seconds: float) -> str:
    """A time in the largest unit that it is a whole number of: `2 d`, `90 s`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _consent(one: answers.MessageType) -> str | None:
    if one.consent_required:
        return "opted in"
    return "not opted out" if one.opt_out == "respect" else None


def _duplicates(found: answers.TypeDuplicates | None) -> str | None:
    return None if found is None else f"{found.action} for {duration(found.window_seconds)}"


def _text(one: answers.MessageType) -> str:
    if one.erase_text:
        return "erased at the end"
    days = one.redact_text_after_days
    return "kept" if days is None else f"erased after {days:g} d"


def _target(target: answers.TypeTarget | None) -> str | None:
    if target is None:
        return None
    done = target.in_time + target.late
    shown = f"{target.to} in {duration(target.seconds)}: {target.in_time} of {done}"
    return f"{shown}, {target.overdue} overdue" if target.overdue else shown
