"""`modemgw consents`"""

from __future__ import annotations

import sys
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import Literal

import click

from modemgw.cli.errors import told
from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import clip, local_time, print_fields, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, answers

number_argument = click.argument("number", metavar="NUMBER")
_SHOWN_REFUSED = 20
_COLUMNS = ("at", "number", "scope", "state", "source", "by", "evidence")
EVERYTHING = "everything"


@click.group()
def consents() -> None:
    """See and record who has opted in and out."""


@consents.command("list")
@click.option("--number", help="Only of this number.")
@click.option("--state", type=click.Choice(["opted_in", "opted_out"]), help="Only these.")
@click.option("--scope", help='Only about this; "" for everything.')
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def list_(
    number: str | None,
    state: Literal["opted_in", "opted_out"] | None,
    scope: str | None,
    limit: int,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """List the decisions that stand, the newest first."""

    async def work(client: Client) -> list[answers.Consent]:
        found = client.consents(number=number, state=state, scope=scope, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(_COLUMNS, [_row(item) for item in items], "Nobody has decided anything.")


@consents.command()
@number_argument
@json_option
@daemon_options
def show(number: str, as_json: bool, daemon: Daemon) -> None:
    """Show what a number has decided, now and before."""
    found = daemon.call(lambda client: client.consent(number))
    if as_json:
        print_json(found)
        return
    print_fields(
        [
            ("number", found.number),
            ("state", found.state),
            *((one.scope, one.state) for one in found.standing if one.scope is not None),
            *([("erased", "yes: a mark is all that is left")] if found.erased else []),
        ]
    )
    print_table(_COLUMNS, [_row(one) for one in found.history], "There is no history.")


@consents.command()
@number_argument
@click.argument("state", type=click.Choice(["opted_in", "opted_out"]))
@click.option("--source", default="cli", show_default=True, help="How it was decided.")
@click.option("--scope", help="What it is about: a tag of messages.  [default: everything]")
@click.option("--evidence", help="What proves it; kept as it is.")
@click.option("--at", metavar="TIME", help="When it was decided (RFC 3339), if not now.")
@json_option
@daemon_options
def add(
    number: str,
    state: Literal["opted_in", "opted_out"],
    source: str,
    scope: str | None,
    evidence: str | None,
    at: str | None,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Record that NUMBER has opted in or out."""
    made = daemon.call(
        lambda client: client.record_consent(
            number, state, source, scope=scope, evidence=evidence, at=at
        )
    )
    if as_json:
        print_json(made)
    else:
        say(f"{made.number}: {made.state} of {made.scope or EVERYTHING} is recorded.")


@consents.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and do nothing.")
@click.option("--again", is_flag=True, help="Let in who has opted out, where a row is later.")
@json_option
@daemon_options
def import_(file: str, dry_run: bool, again: bool, as_json: bool, daemon: Daemon) -> None:
    """Record the decisions of FILE (CSV; - for standard input).

    Its first line names the columns: number and state; scope, source, evidence and at if you like.
    All rows are looked at before any is recorded. It can be done again: what is recorded already
    is not recorded twice.
    """
    with told(OSError), click.open_file(file, "rb") as opened:
        sheet = opened.read()
    report = daemon.call(lambda client: client.import_consents(sheet, dry_run=dry_run, again=again))
    if as_json:
        print_json(report)
        return
    for row in report.refused_rows[:_SHOWN_REFUSED]:
        say(f"line {row.line}: {row.number} {row.detail}")
    if report.refused > _SHOWN_REFUSED:
        say(f"… and {report.refused - _SHOWN_REFUSED:,} more that are refused.")
    print_fields(
        [
            ("rows", report.rows),
            ("new", report.new),
            ("changed", report.changed),
            ("kept as evidence", report.kept),
            ("unchanged", report.unchanged),
            ("refused", report.refused),
        ]
    )
    say("Nothing was recorded: this was a dry run." if dry_run else "Recorded.")


@consents.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to write.  [default: standard output]",
)
@daemon_options
def export(output: Path | None, daemon: Daemon) -> None:
    """Export every decision that stands, as CSV."""

    async def work(client: Client) -> None:
        target = nullcontext(sys.stdout.buffer) if output is None else output.open("wb")
        with target as file:
            async with aclosing(client.export_consents()) as parts:
                async for part in parts:
                    file.write(part)

    daemon.call(work)


@consents.command()
@number_argument
@click.confirmation_option(prompt="Its history is gone then, evidence and all. Erase it?")
@daemon_options
def erase(number: str, daemon: Daemon) -> None:
    """Erase what a number has decided; who has opted out stays so, by a mark."""
    daemon.call(lambda client: client.erase_consent(number))
    say("Erased.")


def _row(one: answers.Consent) -> tuple[object, ...]:
    by = one.inbound or one.key
    evidence = clip(one.evidence or "", 40)
    scope = one.scope or EVERYTHING
    return local_time(one.at), one.number, scope, one.state, one.source, by, evidence
