"""`modemgw verifications`"""

from __future__ import annotations

import click

from modemgw.cli.options import Daemon, daemon_options, first, json_option
from modemgw.cli.output import local_time, print_fields, print_json, print_table
from modemgw.cli.say import say
from modemgw.client import Client, VerificationOptions, answers

identifier_argument = click.argument("identifier", metavar="ID")


@click.group()
def verifications() -> None:
    """Prove numbers by codes; codes themselves are never shown."""


@verifications.command()
@click.argument("number", metavar="NUMBER")
@click.option("--template", metavar="NAME", help="Of the message; a built-in text without.")
@click.option("--language", help="Of the text, such as de or pt-BR.")
@click.option("--length", type=click.IntRange(4, 10), help="Digits of the code.")
@click.option(
    "--ttl", type=click.IntRange(30, 86400), metavar="SECONDS", help="How long it is good."
)
@click.option("--domain", help="Browsers may fill the code in there: @DOMAIN #code.")
@click.option("--reference", help="Your own name for it.")
@click.option("--client-ip", metavar="ADDRESS", help="For whom it is.")
@json_option
@daemon_options
def start(
    number: str,
    template: str | None,
    language: str | None,
    length: int | None,
    ttl: int | None,
    domain: str | None,
    reference: str | None,
    client_ip: str | None,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Send a code to NUMBER. One that is pending for it goes on."""
    options: VerificationOptions = {
        "template": template,
        "language": language,
        "length": length,
        "ttl_seconds": ttl,
        "domain": domain,
        "reference": reference,
        "client_ip": client_ip,
    }
    _show(daemon.call(lambda client: client.start_verification(number, **options)), as_json)


@verifications.command()
@identifier_argument
@click.argument("code", metavar="CODE")
@json_option
@daemon_options
def check(identifier: str, code: str, as_json: bool, daemon: Daemon) -> None:
    """Try a CODE. ID is a verification's, or a number: then its newest. Exit 0: it was right."""

    async def work(client: Client) -> answers.CheckedVerification:
        if identifier.startswith("ver_"):
            return await client.check_verification(identifier, code)
        return await client.check_number(identifier, code)

    checked = daemon.call(work)
    if as_json:
        print_json(checked)
    else:
        left = checked.attempts_left
        more = f"; {left} more may be tried" if checked.status == "pending" else ""
        say(f"{checked.id} is {checked.status}{more}")
    if not checked.approved:
        raise SystemExit(1)


@verifications.command()
@identifier_argument
@json_option
@daemon_options
def resend(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Send the code of a pending verification once more."""
    _show(daemon.call(lambda client: client.resend_verification(identifier)), as_json)


@verifications.command()
@identifier_argument
@json_option
@daemon_options
def cancel(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Call a pending verification off."""
    called_off = daemon.call(lambda client: client.cancel_verification(identifier))
    if as_json:
        print_json(called_off)
    else:
        say(f"{identifier} is canceled")


@verifications.command()
@identifier_argument
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show one verification."""
    _show(daemon.call(lambda client: client.verification(identifier)), as_json)


@verifications.command("list")
@click.option("--to", help="Only of this number, with + and country code.")
@click.option("--status", help="Only with this status: pending, approved, expired, locked …")
@click.option("--of-key", metavar="NAME", help="Only what this API key has begun.")
@click.option("--reference", help="Only with this reference.")
@click.option("--since", metavar="TIME", help="Only from this time on (RFC 3339).")
@click.option("--until", metavar="TIME", help="Only before this time (RFC 3339).")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@json_option
@daemon_options
def list_(
    to: str | None,
    status: str | None,
    of_key: str | None,
    reference: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """List verifications, the newest first."""

    async def work(client: Client) -> list[answers.Verification]:
        found = client.verifications(
            to=to,
            status=status,
            key=of_key,
            reference=reference,
            since=since,
            until=until,
            limit=min(limit, 1000),
        )
        return await first(limit, found)

    items = daemon.call(work)
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "to", "status", "tries left", "key", "reference", "created", "expires"),
        [
            (
                v.id,
                v.to,
                v.status,
                v.attempts_left,
                v.key,
                v.reference,
                local_time(v.created_at),
                local_time(v.expires_at),
            )
            for v in items
        ],
        "There are no such verifications.",
    )


@verifications.command()
@json_option
@daemon_options
def stopped(as_json: bool, daemon: Daemon) -> None:
    """List the prefixes to which no code goes now, as it looked like SMS pumping."""
    items = daemon.call(lambda client: client.stopped_prefixes())
    if as_json:
        print_json(items)
        return
    print_table(
        ("prefix", "sent", "approved", "since", "until"),
        [(s.prefix, s.sent, s.approved, local_time(s.since), local_time(s.until)) for s in items],
        "No prefix is stopped.",
    )


@verifications.command()
@click.argument("prefix", metavar="PREFIX")
@daemon_options
def lift(prefix: str, daemon: Daemon) -> None:
    """Let codes go to PREFIX again. Wants a key with the scope admin."""
    daemon.call(lambda client: client.lift_prefix(prefix))
    say(f"codes go to {prefix} again")


def _show(verification: answers.Verification, as_json: bool) -> None:
    if as_json:
        print_json(verification)
        return
    v = verification
    print_fields(
        [
            ("id", v.id),
            ("to", v.to),
            ("status", v.status),
            ("digits", v.length),
            ("tries left", v.attempts_left),
            ("sends left", v.sends_left),
            ("resend from", local_time(v.resend_at)),
            ("key", v.key),
            ("reference", v.reference),
            ("created", local_time(v.created_at)),
            ("expires", local_time(v.expires_at)),
            ("ended", local_time(v.ended_at)),
        ]
    )
