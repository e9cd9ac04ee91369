"""`modemgw privacy`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import print_json, print_table
from modemgw.cli.say import say

number_argument = click.argument("number", metavar="NUMBER")


@click.group()
def privacy() -> None:
    """Show or erase everything that is kept about one number.

    All of it wants a key with the scope admin, and is put on record without the number.
    """


@privacy.command()
@number_argument
@daemon_options
def export(number: str, daemon: Daemon) -> None:
    """Print everything that is kept about NUMBER, as JSON."""
    print_json(daemon.call(lambda client: client.export_privacy(number)))


@privacy.command()
@number_argument
@click.option("--dry-run", is_flag=True, help="Say what there is, and do nothing.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@json_option
@daemon_options
def erase(number: str, dry_run: bool, yes: bool, as_json: bool, daemon: Daemon) -> None:
    """Erase everything that is kept about NUMBER.

    Messages that have not begun are canceled. What is on its way is left, and said: do it again
    when it has ended.
    """
    if not (dry_run or yes):
        click.confirm("Texts and numbers are gone then. Erase them?", abort=True)
    done = daemon.call(lambda client: client.erase_privacy(number, dry_run=dry_run))
    if as_json:
        print_json(done)
        return
    print_table(
        ("what", "found", "left"),
        [(name, count, done.left.get(name, 0)) for name, count in done.found.items() if count],
        "Nothing is kept about it.",
    )
    if dry_run:
        say("Nothing was erased: this was a dry run.")
        return
    if done.canceled:
        say(f"{done.canceled} messages were canceled.")
    if done.left:
        say("What is left is not done with yet: erase it again when it is.")
    say("This stays:")
    for line in done.stays:
        say(f"- {line}")
