"""`modemgw modems`"""

from __future__ import annotations

from contextlib import aclosing, suppress
from typing import Literal

import click

from modemgw.cli.lazy import LazyGroup
from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import local_time, print_fields, print_json, print_table
from modemgw.cli.say import say, say_json, say_lines
from modemgw.cli.sparkline import bar, sparkline
from modemgw.client import Client, answers
from modemgw.modem import masked


@click.group(cls=LazyGroup, commands_at={"scan": "modemgw.cli.scan:scan"})
def modems() -> None:
    """See and control the modems."""


@modems.command("list")
@json_option
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the modems and how they do."""
    items = daemon.call(lambda client: client.modems())
    if as_json:
        print_json(items)
        return
    print_table(
        ("id", "state", "model", "operator", "signal", "queue", "sent", "errors", "reason"),
        [
            (
                m.id,
                m.state,
                _model(m),
                m.operator,
                _signal(m),
                m.queue,
                m.sent,
                m.errors,
                m.reason or _held(m),
            )
            for m in items
        ],
        "The configuration has no modems; `modemgw modems scan` shows what is attached.",
    )


def _model(modem: answers.Modem) -> str:
    return " ".join(filter(None, (modem.manufacturer, modem.model)))


def _signal(modem: answers.Modem) -> str | None:
    return None if modem.signal_dbm is None else f"{modem.signal_dbm} dBm"


def _held(modem: answers.Modem) -> str | None:
    held = modem.held
    if held is None:
        return None
    until = local_time(held.until)
    if held.why == "limits":
        return f"the limits of its SIM hold it back until {until}"
    return f"the network refuses its SIM; next try {until}"


@modems.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def show(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show one modem."""
    modem = daemon.call(lambda client: client.modem(identifier))
    if as_json:
        print_json(modem)
    else:
        _print(modem)


def _print(modem: answers.Modem) -> None:
    sim, storage = modem.sim, modem.storage
    step = "" if modem.step is None else f", step {modem.step} of the ladder"
    print_fields(
        [
            ("id", modem.id),
            ("state", modem.state),
            ("since", f"{local_time(modem.since)}{step}"),
            ("reason", modem.reason or _held(modem)),
            ("device", modem.device),
            ("model", _model(modem)),
            ("revision", modem.revision),
            ("profile", modem.profile),
            ("IMEI", modem.imei),
            ("ICCID", None if sim is None else sim.iccid),
            ("IMSI", None if sim is None else sim.imsi),
            ("number", None if sim is None else sim.number),
            ("operator", modem.operator),
            ("registration", modem.registration),
            ("signal", _signal(modem)),
            ("queue", modem.queue),
            ("sent", modem.sent),
            ("received", modem.received),
            ("refused", modem.refused),
            ("ambiguous", modem.ambiguous),
            ("timeouts", modem.timeouts),
            ("resets", modem.resets),
            ("alarm", modem.alarm),
            ("storage", storage and f"{storage.used} of {storage.size} messages"),
            ("last answer", local_time(modem.last_answer_at)),
            ("routes", " ".join(modem.routes)),
        ]
    )


def _control(verb: Literal["pause", "resume", "restart"], help_: str) -> None:
    @modems.command(verb, help=help_)
    @click.argument("identifier", metavar="ID")
    @daemon_options
    def control(identifier: str, daemon: Daemon) -> None:
        modem = daemon.call(lambda client: client.control_modem(identifier, verb))
        say(f"{modem.id} is {modem.state}")


_control("pause", "Send nothing through a modem until it is resumed.")
_control("resume", "Let a paused modem work again.")
_control("restart", "Reset a modem and initialise it anew.")


@modems.command()
@click.argument("identifier", metavar="ID")
@click.argument("code")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(1, 120),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the network.",
)
@json_option
@daemon_options
def ussd(
    identifier: str,
    code: str,
    timeout_s: float,
    as_json: bool,
    daemon: Daemon,
) -> None:
    """Ask the network by USSD, such as *100# for a balance."""
    answer = daemon.call(lambda client: client.ussd(identifier, code, timeout_s=timeout_s))
    if as_json:
        print_json(answer)
        return
    say_lines(answer.text)  # a menu has lines
    if answer.more:
        say(f"(it waits for an answer: modemgw modems ussd {identifier} …)", err=True)


@modems.command("end-ussd")
@click.argument("identifier", metavar="ID")
@daemon_options
def end_ussd(identifier: str, daemon: Daemon) -> None:
    """End a USSD dialogue that waits for an answer."""
    daemon.call(lambda client: client.end_ussd(identifier))


@modems.command()
@click.argument("identifier", metavar="ID")
@click.option("--texts", is_flag=True, help="Show PDUs and USSD strings; PINs stay masked.")
@click.option("--follow", "-f", is_flag=True, help="Go on with each line as it comes, till Ctrl-C.")
@json_option
@daemon_options
def trace(identifier: str, texts: bool, follow: bool, as_json: bool, daemon: Daemon) -> None:
    """Show the last lines on a modem's port (> to it, < from it).

    With --follow and --json each line is a JSON document of its own.
    """
    if follow:

        async def work(client: Client) -> None:
            async with aclosing(client.follow_trace(identifier, texts=texts)) as lines:
                async for line in lines:
                    if as_json:
                        say_json(line.document)
                    else:
                        _say_line(line)

        with suppress(KeyboardInterrupt):
            daemon.call(work)
        return
    lines = daemon.call(lambda client: client.trace(identifier, texts=texts))
    if as_json:
        print_json(lines)
        return
    for line in lines:
        _say_line(line)


def _say_line(line: answers.TraceLine) -> None:
    say(f"{line.at:%H:%M:%S}.{line.at.microsecond // 1000:03} {line.direction} {line.text}")


@modems.command()
@click.argument("identifier", metavar="ID")
@json_option
@daemon_options
def signal(identifier: str, as_json: bool, daemon: Daemon) -> None:
    """Show how a modem's signal was, at each time that it was asked for it."""
    samples = daemon.call(lambda client: client.signal(identifier))
    if as_json:
        print_json(samples)
        return
    print_table(
        ("at", "dBm", "signal"),
        [(local_time(s.at), s.dbm, bar(s.dbm, 20)) for s in samples],
        "It has not been asked for its signal yet.",
    )
    if known := [s.dbm for s in samples if s.dbm is not None]:
        say(f"lowest {min(known)} dBm, highest {max(known)} dBm: {sparkline(known[-60:])}")


@modems.command()
@click.argument("identifier", metavar="ID")
@click.argument("command")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(1, 180),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long its answer may take once it is out.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@json_option
@daemon_options
def at(
    identifier: str, command: str, timeout_s: float, yes: bool, as_json: bool, daemon: Daemon
) -> None:
    """Type an AT command at a modem's port, such as 'AT+CSQ', once no part is in the air.

    It can change what the gateway relies on, or lock the SIM: settings that are gone afterwards are
    made anew, the rest is yours. It goes on record (modemgw audit), PINs masked. The exit code
    is 1 when the modem answers with an error.
    """
    if not yes:
        say(
            f"{masked(command)} goes to modem {identifier} as it is; it can change what the "
            "gateway relies on, delete what was received, or lock the SIM.",
            err=True,
        )
        click.confirm("Type it?", abort=True, err=True)
    answer = daemon.call(lambda client: client.at(identifier, command, timeout_s=timeout_s))
    if as_json:
        print_json(answer)
    else:
        for line in (*answer.lines, answer.result):
            say(line)
        if answer.meaning is not None:
            say(f"({answer.meaning})", err=True)
    if not answer.ok:
        raise click.exceptions.Exit(1)
