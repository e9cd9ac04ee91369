"""`modemgw inbound`"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, cast

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import (
    clip,
    content,
    local_time,
    print_fields,
    print_json,
    print_table,
)
from modemgw.cli.say import say, say_json
from modemgw.client import Client, answers
from modemgw.client.incoming import InboundFilters

KINDS = (
    *("text", "data", "flash", "mwi", "return_call", "application"),
    *("wap_push", "mms_notification", "sim_data", "raw"),
)
EVENTS = ("inbound.received", "inbound.completed")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which received messages are asked for."""

    from_: str | None
    to: str | None
    modem: str | None
    kind: str | None
    read: bool | None
    complete: bool | None
    since: str | None
    until: str | None

    def asked(self, limit: int) -> InboundFilters:
        """As the client wants them, with at most so many on a page."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        asked = {name: value for name, value in given.items() if value is not None}
        return cast(InboundFilters, asked | {"limit": min(limit, 1000)})

    def fit(self, item: answers.Inbound) -> bool:
        """Whether a message that has just come is one of them."""
        return all(
            wanted in (None, getattr(item, name))
            for name, wanted in (
                ("from_", self.from_),
                ("to", self.to),
                ("modem", self.modem),
                ("kind", self.kind),
                ("complete", self.complete),
            )
        )


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of the list, as one argument `filters`."""

    @click.option("--from", "from_", help="Only from this number or name.")
    @click.option("--to", help="Only to this number of ours.")
    @click.option("--modem", help="Only through this modem.")
    @click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
    @click.option("--read/--unread", default=None, help="Only those marked as read, or the others.")
    @click.option(
        "--complete/--incomplete", default=None, help="Only whole ones, or those with gaps."
    )
    @click.option("--since", metavar="TIME", help="Only from this time on (RFC 3339).")
    @click.option("--until", metavar="TIME", help="Only before this time (RFC 3339).")
    @wraps(command)
    def collected(*args: Any, **kwargs: Any) -> Any:
        filters = Filters(**{f.name: kwargs.pop(f.name) for f in fields(Filters)})
        return command(*args, filters=filters, **kwargs)

    return collected


_limit = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most."
)


@click.group(invoke_without_command=True)
@filter_options
@_limit
@click.option("--follow", "-f", is_flag=True, help="Print each as it is received, until Ctrl-C.")
@json_option
@daemon_options
@click.pass_context
def inbound(
    context: click.Context,
    filters: Filters,
    limit: int,
    follow: bool,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """See received messages, the newest first, or as they come."""
    if context.invoked_subcommand is not None:
        return
    if follow:
        _follow(daemon, filters, as_json=as_json)
    else:
        _list(daemon, filters, limit, as_json=as_json)


@inbound.command("list")
@filter_options
@_limit
@json_option
@daemon_options
def list_(filters: Filters, limit: int, as_json: bool, daemon: Daemon) -> None:
    """List received messages, the newest first."""
    _list(daemon, filters, limit, as_json=as_json)


def _list(daemon: Daemon, filters: Filters, limit: int, *, as_json: bool) -> None:
    async def work(client: Client) -> list[answers.Inbound]:
        return await first(limit, client.inbounds(**filters.asked(limit)))

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "from", "to", "kind", "text", "parts", "modem", "received", ""),
        [
            (
                m.id,
                m.from_,
                m.to,
                m.kind,
                clip(gist(m), 60),
                f"{len(m.parts)}/{m.parts_total}",
                m.modem,
                local_time(m.received_at),
                "" if m.read else "new",
            )
            for m in items
        ],
        "There are no such messages.",
    )


@inbound.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show a received message."""
    item = daemon.call(lambda client: client.inbound(identifier))
    if as_json:
        print_json(item)
        return
    missing = "" if item.complete else " (incomplete)"
    print_fields(
        [
            ("id", item.id),
            ("from", item.from_),
            ("to", item.to),
            ("kind", item.kind),
            ("content", content(item)),
            *_details(item),
            ("encoding", item.encoding),
            ("class", item.message_class),
            ("parts", f"{len(item.parts)} of {item.parts_total}{missing}"),
            ("problem", item.problem),
            ("replaces", item.replaces),
            ("replaced by", item.replaced_by),
            ("read", "yes" if item.read else "no"),
            ("modem", item.modem),
            ("SIM", item.sim),
            ("sent", local_time(item.sent_at)),
            ("received", local_time(item.received_at)),
            ("completed", local_time(item.completed_at)),
        ]
    )


@inbound.command()
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@click.option("--unread", is_flag=True, help="Mark them as not read.")
@json_option
@daemon_options
def read(identifiers: tuple[str, ...], unread: bool, as_json: bool, daemon: Daemon) -> None:
    """Mark received messages as read."""

    async def work(client: Client) -> list[answers.Inbound]:
        return [await client.mark_inbound(one, read=not unread) for one in identifiers]

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    for item in items:
        say(f"{item.id} is marked as {'read' if item.read else 'not read'}")


@inbound.command()
@filter_options
@json_option
@daemon_options
def tail(filters: Filters, as_json: bool, daemon: Daemon) -> None:
    """Print messages as they are received, one a line, until Ctrl-C: the same as --follow."""
    _follow(daemon, filters, as_json=as_json)


def _follow(daemon: Daemon, filters: Filters, *, as_json: bool) -> None:
    async def work(client: Client) -> None:
        async with aclosing(client.events(types=EVENTS)) as events:
            async for event in events:
                item = await client.inbound(event.data["id"])
                if filters.fit(item):
                    say_json(item.document) if as_json else say(_line(item))

    with suppress(KeyboardInterrupt):
        daemon.call(work)


def _line(item: answers.Inbound) -> str:
    return f"{local_time(item.received_at)}  {item.from_}  {gist(item)}"


def gist(item: answers.Inbound) -> str:
    """What a received message says, in one line: of special ones what they carry."""
    if item.mms is not None:
        size = "" if item.mms.size is None else f" ({item.mms.size:,} octets)"
        about = " ".join(filter(None, ("MMS", item.mms.subject)))
        return f"{about}{size} at {item.mms.location}"
    if item.wap_push is not None:
        said = " ".join(filter(None, (item.wap_push.title, item.wap_push.href)))
        return said or item.wap_push.content_type
    if item.mwi and not item.text:
        return ", ".join(map(_waiting, item.mwi))
    return content(item)


def _waiting(waiting: answers.Waiting) -> str:
    if not waiting.active:
        return f"no {waiting.type} waits"
    return f"{waiting.type} waits" if waiting.count is None else f"{waiting.count} {waiting.type}"


def _details(item: answers.Inbound) -> list[tuple[str, object]]:
    if item.mms is not None:
        return [
            ("MMS from", item.mms.from_),
            ("subject", item.mms.subject),
            ("size", item.mms.size),
            ("lies at", item.mms.location),
            ("transaction", item.mms.transaction_id),
            ("expires", local_time(item.mms.expires_at)),
        ]
    if item.wap_push is not None:
        return [
            ("content type", item.wap_push.content_type),
            ("title", item.wap_push.title),
            ("link", item.wap_push.href),
            ("action", item.wap_push.action),
            ("expires", local_time(item.wap_push.expires_at)),
        ]
    if item.mwi is not None:
        return [("waiting", ", ".join(map(_waiting, item.mwi)))]
    return []
