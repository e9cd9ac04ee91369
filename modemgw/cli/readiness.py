"""`modemgw readiness`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import print_json
from modemgw.cli.say import say, say_lines

MARKS = {"passed": "passed    ", "failed": "FAILED    ", "not_tested": "not tested"}


@click.command()
@json_option
@daemon_options
def readiness(as_json: bool, daemon: Daemon) -> None:
    """Ask the gateway whether all is as an application in production needs it.

    Each point of the checklist has passed, failed, or was not tested yet, with what was seen and
    what to do next. The exit code is 1 when one has failed.
    """
    checklist = daemon.call(lambda client: client.checklist())
    if as_json:
        print_json(checklist)
    else:
        for item in checklist.points:
            say_lines(f"{MARKS.get(item.status, item.status)}  {item.title}")
            say_lines(f"            {item.evidence}")
            if item.next_step is not None:
                say_lines(f"            → {item.next_step}")
        say("")
        say(
            f"{checklist.passed} passed, {checklist.failed} failed, "
            f"{checklist.not_tested} not tested"
        )
    if checklist.failed:
        raise SystemExit(1)
