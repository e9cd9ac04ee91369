"""`modemgw handlers`"""

from __future__ import annotations

from typing import Any, Literal

import click

from modemgw.cli.deliveries import (
    check_replay,
    limit_option,
    print_deliveries,
    replay_options,
    say_replayed,
    state_option,
)
from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import clip, print_fields, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, answers


@click.group()
def handlers() -> None:
    """See the handlers and what is delivered to them; have it delivered once more."""


@handlers.command("list")
@json_option
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the handlers and what is pending for them."""
    items = daemon.call(lambda client: client.handlers())
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "kind", "takes", "pending", "under way", "dead", "problem"),
        [
            (
                h.id,
                h.kind,
                clip(_takes(h), 60),
                h.pending,
                h.claimed,
                h.dead,
                clip(h.problem or "", 60),
            )
            for h in items
        ],
        "The configuration has no handlers.",
    )


@handlers.command()
@click.argument("identifier", metavar="HANDLER")
@state_option
@limit_option
@json_option
@daemon_options
def deliveries(
    identifier: str, state: str | None, limit: int, as_json: bool, daemon: Daemon
) -> None:
    """List what a handler gets and got, the newest first."""

    async def work(client: Client) -> list[answers.Delivery]:
        found = client.deliveries(identifier, state=state, limit=min(limit, 1000))
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
    else:
        print_deliveries(items)


@handlers.command()
@click.argument("identifier", metavar="HANDLER")
@replay_options
@daemon_options
def replay(
    identifier: str,
    ids: tuple[str, ...],
    since: str | None,
    until: str | None,
    state: Literal["dead", "delivered"] | None,
    daemon: Daemon,
) -> None:
    """Have ended deliveries made once more: those named, or all of a state and time."""
    check_replay(ids, since, until, state)
    count = daemon.call(
        lambda client: client.replay(identifier, ids or None, since=since, until=until, state=state)
    )
    say_replayed(count)


@handlers.command()
@click.argument("identifier", metavar="[HANDLER]", required=False)
@click.option("--match", "only_match", is_flag=True, help="Only say which handlers would take it.")
@click.option("--from", "sender", help="Who sends it, as the network gives it.")
@click.option("--text", help="What it says.")
@click.option("--data", metavar="HEX", help="Octets instead of a text.")
@click.option("--call", is_flag=True, help="A call, not a message; without --from a withheld one.")
@click.option("--name", help="Of a caller.")
@click.option("--to", help="The number of the SIM that it comes to.")
@click.option("--modem", help="The modem that it comes to.")
@click.option("--sim", metavar="ICCID", help="The SIM that it comes to.")
@click.option("--port", type=click.IntRange(0, 65535), help="Destination port.")
@click.option("--class", "message_class", type=click.IntRange(0, 3), help="Message class.")
@json_option
@daemon_options
def test(
    identifier: str | None,
    only_match: bool,
    sender: str | None,
    text: str | None,
    data: str | None,
    call: bool,
    name: str | None,
    to: str | None,
    modem: str | None,
    sim: str | None,
    port: int | None,
    message_class: int | None,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Try a handler out with a message that is made up, and show what it did.

    A program is run and a webhook is posted to; what would be sent is shown, and nothing is sent.
    Fails if it is not for this handler, or was not taken.
    """
    named = identifier is not None
    if named == only_match:
        raise click.UsageError("name a handler, or give --match to see which would take it")
    if sender is None and not call:
        raise click.UsageError("say who sends it: --from")
    try:
        octets = None if data is None else bytes.fromhex(data)
    except ValueError as error:
        raise click.BadParameter("this is not hexadecimal", param_hint="--data") from error
    sample: dict[str, Any] = {
        "on": "call" if call else "message",
        "from_": sender,
        "text": text if text is not None or call or octets is not None else "",
        "data": octets,
        "name": name,
        "to": to,
        "modem": modem,
        "sim": sim,
        "ports": None if port is None else {"destination": port},
        "message_class": message_class,
    }
    if identifier is None:
        _show_matches(daemon.call(lambda client: client.match_handlers(**sample)), as_json)
        return
    trial = daemon.call(lambda client: client.test_handler(identifier, **sample))
    if as_json:
        print_json(trial)
    else:
        _print_trial(trial)
    if trial.outcome != "taken":
        raise SystemExit(1)


def _takes(handler: answers.Handler) -> str:
    """What a handler takes, in a few words."""
    asked: dict[str, Any] = {"on": "call"} if handler.get("on") == "call" else {}
    asked |= {name: wanted for name, wanted in handler.match.items() if wanted not in (None, [])}
    told = " ".join(
        f"{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in asked.items()
    )
    return f"{told or 'all'}{', stop' if handler.get('stop') else ''}"


def _show_matches(items: list[answers.MatchedHandler], as_json: bool) -> None:
    if as_json:
        print_json(items)
        return
    print_table(
        ("handler", "kind", "gets it", "keyword", "groups"),
        [
            (
                m.handler,
                m.kind,
                _gets(m),
                clip(m.keyword or "", 30),
                clip(" ".join(f"{n}={said}" for n, said in (m.groups or {}).items()), 60),
            )
            for m in items
        ],
        "The configuration has no handlers that are asked about this.",
    )


def _gets(match: answers.MatchedHandler) -> str:
    if not match.matches:
        return "no"
    return "yes" if match.stopped_by is None else f"no: {match.stopped_by} keeps it for itself"


def _print_trial(trial: answers.HandlerTest) -> None:
    if not trial.matches:
        say(f"It is not for {trial.handler}: its match does not fit.")
        return
    if trial.stopped_by is not None:
        say(f"It would not come to {trial.handler}: {trial.stopped_by} keeps it for itself.")
    print_fields(
        [
            ("outcome", f"{trial.outcome} after {trial.took_ms} ms"),
            ("problem", trial.problem),
            ("detail", trial.detail),
            ("exit code", trial.exit_code),
            ("output", trial.output or None),
            ("HTTP status", trial.http_status),
            ("answer", trial.answer or None),
        ]
    )
    for sent in trial.sends:
        parts = f"{sent.parts} {'part' if sent.parts == 1 else 'parts'}, {sent.encoding}"
        say(f"Would be sent to {sent.to} ({parts}):")
        text = sent.text if sent.text is not None else (sent.data or b"").hex()
        for line in text.splitlines():
            say(f"  {line}")
