"""`modemgw conversations`"""

from __future__ import annotations

import click

from modemgw.cli.inbound import gist
from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import clip, content, local_time, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, answers


@click.command()
@click.argument("number", required=False)
@click.option("--unread", is_flag=True, help="Only conversations with unread messages.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--read", "mark", is_flag=True, help="Mark what came from NUMBER as read.")
@json_option
@daemon_options
def conversations(
    number: str | None, unread: bool, limit: int, mark: bool, as_json: bool, daemon: Daemon
) -> None:
    """List conversations, or show the one with NUMBER: what was sent and received, newest first."""
    if number is None:
        if mark:
            raise click.UsageError("--read wants the NUMBER whose messages were read")
        _list(daemon, limit, unread=unread, as_json=as_json)
    elif mark:
        _mark(daemon, number, as_json=as_json)
    else:
        _show(daemon, number, limit, as_json=as_json)


def _list(daemon: Daemon, limit: int, *, unread: bool, as_json: bool) -> None:
    async def work(client: Client) -> list[answers.Conversation]:
        found = client.conversations(unread=unread, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("number", "unread", "last", "", "text"),
        [
            (c.number, c.unread or "", local_time(c.last.at), _arrow(c.last), clip(_said(c.last)))
            for c in items
        ],
        "There are no such conversations.",
    )


def _show(daemon: Daemon, number: str, limit: int, *, as_json: bool) -> None:
    async def work(client: Client) -> list[answers.ConversationItem]:
        return await first(limit, client.conversation(number, limit=min(limit, 1000)))

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("at", "", "text", "status", "id"),
        [(local_time(i.at), _arrow(i), clip(_said(i), 60), _status(i), _id(i)) for i in items],
        "There is no such conversation.",
    )


def _mark(daemon: Daemon, number: str, *, as_json: bool) -> None:
    marked = daemon.call(lambda client: client.mark_conversation(number))
    if as_json:
        print_json({"marked": marked})
    else:
        say(f"{marked} messages from {number} are marked as read")


def _arrow(item: answers.ConversationItem) -> str:
    return "→" if item.inbound is None else "←"


def _said(item: answers.ConversationItem) -> str:
    if item.inbound is not None:
        return gist(item.inbound)
    return "" if item.message is None else content(item.message)


def _status(item: answers.ConversationItem) -> str:
    if item.message is not None:
        return item.message.status
    return "" if item.inbound is None or item.inbound.read else "new"


def _id(item: answers.ConversationItem) -> str:
    either = item.message or item.inbound
    return "" if either is None else either.id
