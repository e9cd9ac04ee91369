"""`modemgw send`"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from modemgw.cli.bulk.command import run
from modemgw.cli.bulk.options import BulkOptions, bulk_options
from modemgw.cli.options import Daemon, daemon_options
from modemgw.cli.output import print_json
from modemgw.cli.say import say
from modemgw.cli.template_options import language_option, params_option
from modemgw.client import Client, SendOptions, answers


@click.command()
@click.option("--to", help="The recipient's number, best with + and country code.")
@click.option("--text", help="What to say; else standard input. With --csv: {column}.")
@click.option("--template", metavar="TEMPLATE", help="The template that makes the text.")
@params_option
@language_option
@click.option("--hex", "octets", help="Octets of a binary message, in hexadecimal.")
@click.option(
    "--ports", type=(int, int), metavar="DEST SRC", help="Application ports of a binary message."
)
@click.option(
    "--type", "type_", type=click.Choice(["otp", "transactional", "promotional"]), help="Its kind."
)
@click.option("--route", help="The route to take.")
@click.option("--modem", help="Send through this modem and no other.")
@click.option(
    "--encoding",
    type=click.Choice(["auto", "gsm7", "ucs2", "binary"]),
    help="auto takes GSM 7-bit if every character is in it, else UCS-2.",
)
@click.option("--transliterate", is_flag=True, help="Replace what GSM 7-bit lacks.")
@click.option("--class", "message_class", type=click.IntRange(0, 3), help="0: shown at once.")
@click.option("--validity", type=click.IntRange(1), metavar="SECONDS", help="Not worth it later.")
@click.option("--send-at", metavar="TIME", help="RFC 3339, such as 2026-11-22T10:00:00Z.")
@click.option("--no-receipt", is_flag=True, help="Ask for no delivery report.")
@click.option("--reference", help="Your own name for it.")
@click.option("--max-parts", type=click.IntRange(1, 255), help="Refuse what needs more SMS.")
@click.option("--tag", "tags", multiple=True, help="A label; may be given more than once.")
@click.option("--idempotency-key", help="The same key again sends nothing again.")
@click.option("--wait", is_flag=True, help="Wait for its fate; exit 0 only if it was delivered.")
@click.option(
    "--timeout", type=click.FloatRange(0.1), metavar="SECONDS", help="With --wait: give up then."
)
@click.option("--json", "as_json", is_flag=True, help="Print the message as JSON.")
@bulk_options
@daemon_options
@click.pass_context
def send(
    context: click.Context,
    to: str | None,
    text: str | None,
    template: str | None,
    params: dict[str, str],
    language: str | None,
    octets: str | None,
    ports: tuple[int, int] | None,
    type_: str | None,
    route: str | None,
    modem: str | None,
    encoding: str | None,
    transliterate: bool,
    message_class: int | None,
    validity: int | None,
    send_at: str | None,
    no_receipt: bool,
    reference: str | None,
    max_parts: int | None,
    tags: tuple[str, ...],
    idempotency_key: str | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    bulk: BulkOptions,
    daemon: Daemon,
) -> None:
    """Send a message through the running daemon and print its id, or one for each row of a file.

    With --wait its progress is shown on standard error until its fate is known (`sent` is the end
    without a receipt). Exit code 0: accepted, or with --wait: delivered, or sent as asked.

    With --csv the text may hold values of columns, such as 'Dear {name}'. When it is broken off,
    the same command goes on where it was, and sends nothing twice.
    """
    data = _data(octets, text)
    if template is not None and (text is not None or data is not None):
        raise click.UsageError("give --text, --hex or --template, one of them")
    given: dict[str, object] = {
        "template": template,
        "params": params or None,
        "language": language,
        "type": type_,
        "route": route,
        "modem": modem,
        "encoding": encoding,
        "message_class": message_class,
        "validity": validity,
        "send_at": send_at,
        "reference": reference,
        "max_parts": max_parts,
        "tags": list(tags) or None,
        "transliterate": transliterate or None,
        "receipt": False if no_receipt else None,
        "ports": None if ports is None else {"destination": ports[0], "source": ports[1]},
    }
    options: SendOptions = {k: v for k, v in given.items() if v is not None}  # type: ignore[assignment]
    if bulk.csv_file is not None:
        if to is not None or data is not None or idempotency_key is not None:
            raise click.UsageError(
                "--csv goes with --text, not with --to, --hex, --idempotency-key"
            )
        if text is None and template is None:
            raise click.UsageError(
                "say what to send: --text 'Dear {name}', or --template with columns of the names "
                "of its parameters"
            )
        task = bulk.bulk(
            text=text,
            options=options,
            declared=None if template is None else _parameters_of(daemon, template),
            wait=wait,
            timeout=timeout,
            as_json=as_json,
        )
        with task.journal:
            context.exit(daemon.call(lambda client: run(client, task)))
    if to is None:
        raise click.UsageError("say with --to to whom, or with --csv to whom all")
    if data is None and text is None and template is None:
        text = _standard_input()
    recipient = to

    async def work(client: Client) -> answers.Message:
        message = await client.send(
            recipient, text, data=data, idempotency_key=idempotency_key, **options
        )
        if wait:
            return await _follow(client, message.id, timeout)
        return message

    message = daemon.call(work)
    if as_json:
        print_json(message)
    else:
        say(message.id)
    if wait and not as_asked(message):
        context.exit(1)


def as_asked(message: answers.Message) -> bool:
    """Whether the message came as far as its sender wanted."""
    return message.status == ("delivered" if message.receipt else "sent")


def _data(octets: str | None, text: str | None) -> bytes | None:
    if octets is None:
        return None
    if text is not None:
        raise click.UsageError("give --text or --hex, not both")
    try:
        return bytes.fromhex(octets)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--hex") from error


def _parameters_of(daemon: Daemon, template: str) -> dict[str, Any]:
    return daemon.call(lambda client: client.template(template)).parameters


def _standard_input() -> str:
    if sys.stdin.isatty():
        say("Type the text; Ctrl-D on an empty line ends it.", err=True)
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"the text on standard input is not UTF-8: {error}") from error


async def _follow(client: Client, identifier: str, timeout_s: float | None) -> answers.Message:
    shown = ""

    def show(message: answers.Message) -> None:
        nonlocal shown
        line = describe(message)
        if line != shown:
            shown = line
            say(line, err=True)

    try:
        async with asyncio.timeout(timeout_s):
            return await client.wait(identifier, on_change=show)
    except TimeoutError as error:
        raise click.ClickException(
            f"its fate is not known after {timeout_s:g} s; `modemgw messages show {identifier}` "
            "tells it later"
        ) from error


def describe(message: answers.Message) -> str:
    """Where a message stands, in one line."""
    parts = message.parts
    accepted = sum(part.submitted_at is not None for part in parts)
    line = f"{message.status}: {accepted} of {len(parts)} parts accepted"
    modems = sorted({part.modem for part in parts if part.modem is not None})
    if modems:
        line += f" by the network (modem {', '.join(modems)})"
    if message.deferred is not None:
        line += f"; {message.deferred.detail}"
    if message.error is not None:
        line += f"; {message.error.detail}"
    return line
