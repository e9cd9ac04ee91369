"""`modemgw listen`: events to a program on this machine while it is being written."""

from __future__ import annotations

import base64
import json
import secrets
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import click

import modemgw
from modemgw.cli.options import Daemon, daemon_options
from modemgw.cli.output import local_time
from modemgw.cli.say import say
from modemgw.client import ApiError, Client
from modemgw.client.answers import Event
from modemgw.client.webhook import sign

MAX_ANSWER = 64 << 10
"""Octets of an answer that are read, so that the program may finish it."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Sends each event on as a webhook would, once and in its order."""

    client: Client
    session: aiohttp.ClientSession
    url: str
    secret: str

    async def forward(self, event: Event) -> str:
        """Send it. Returns what the program answered, in a few words."""
        try:
            data = await self._data(event)
        except ApiError as error:
            return f"not forwarded: {error}"
        body = json.dumps({"type": event.type, "timestamp": event["at"], "data": data})
        headers = sign(body, f"evt_{event.id}", datetime.now(UTC), self.secret)
        begin = time.monotonic()
        try:
            async with self.session.post(
                self.url,
                data=body.encode(),
                headers=headers | {"Content-Type": "application/json"},
                allow_redirects=False,
            ) as answer:
                await answer.content.read(MAX_ANSWER)
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError) as error:
            return f"no answer: {error}"
        return f"{answer.status} in {(time.monotonic() - begin) * 1000:.0f} ms"

    async def _data(self, event: Event) -> Any:
        """What the event is about, as GET gives it."""
        match event.type.partition(".")[0], event.data:
            case "message", {"id": str(id)}:
                return (await self.client.message(id)).document
            case "inbound", {"id": str(id)}:
                return (await self.client.inbound(id)).document
        return event.data


def _target(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        well = None
    if not well:
        raise click.BadParameter("give a URL such as http://localhost:8000/webhook")
    return url


def _secret(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        try:
            sign("", "evt_0", datetime.now(UTC), value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


@click.command()
@click.option(
    "--forward-to",
    "target",
    required=True,
    callback=_target,
    metavar="URL",
    help="Where the program listens, such as localhost:8000/webhook.",
)
@click.option(
    "--types",
    metavar="LIST",
    help="Only these, such as message.*,inbound.received.  [default: all]",
)
@click.option("--reference", help="Only of messages with this reference.")
@click.option("--after", type=click.IntRange(0), metavar="ID", help="Begin after this event.")
@click.option(
    "--secret",
    callback=_secret,
    envvar="MODEMGW_WEBHOOK_SECRET",
    help="Sign with it (whsec_…); else one is made and printed.  [env: MODEMGW_WEBHOOK_SECRET]",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 300),
    default=15,
    show_default=True,
    metavar="SECONDS",
    help="How long the program may take for each.",
)
@daemon_options
def listen(
    target: str,
    types: str | None,
    reference: str | None,
    after: int | None,
    secret: str | None,
    timeout_s: float,
    daemon: Daemon,
) -> None:
    """Send what happens to a program on this machine while you write it, until Ctrl-C.

    Each event comes as a webhook of the gateway does (Standard Webhooks: signed, `data` is the
    message or the received message as GET gives it), once and in its order, but nothing has to be
    set up and nothing is sent again. One line an event tells what the program answered; texts and
    numbers are not shown. The key needs the scope read, or inbound for what is received, and sees
    the events that it may see.
    """
    made = secret is None
    signing = secret or f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"

    async def work(client: Client) -> None:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        agent = {"User-Agent": f"modemgw/{modemgw.__version__} (listen)"}
        say(f"Events go to {target}; Ctrl-C ends it.", err=True)
        if made:
            say(f"They are signed with the secret {signing}", err=True)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=agent) as session,
            aclosing(client.events(after=after, types=types, reference=reference)) as events,
        ):
            forwarder = Forwarder(client, session, target, signing)
            async for event in events:
                answered = await forwarder.forward(event)
                about = event.data.get("id") or event.data.get("modem") or ""
                say(f"{local_time(event.at)}  {event.id}  {event.type} {about} -> {answered}")

    with suppress(KeyboardInterrupt):
        daemon.call(work)
