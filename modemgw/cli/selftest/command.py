"""The command."""

from __future__ import annotations

import secrets
from dataclasses import asdict

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import console, print_json, print_table
from modemgw.cli.say import say
from modemgw.cli.selftest import trial
from modemgw.cli.selftest.probes import Card, Outcome, Probe, Verdict, judge, parts, probes
from modemgw.client import Client
from modemgw.plain import printable


@click.command()
@click.option("--modem", "modems", multiple=True, help="Only these; may be given more than once.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(5, 3600),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for what does not come.",
)
@click.option("--yes", is_flag=True, help="Do not ask: messages are sent, and may cost.")
@json_option
@daemon_options
def selftest(
    modems: tuple[str, ...], timeout_s: float, yes: bool, as_json: bool, daemon: Daemon
) -> None:
    """Have every SIM write to others of the bank, and see what arrives.

    Each SIM sends a short, a long and a Unicode text to the next one, and a short one to the one
    after that; texts are compared, reports waited for. Exit code 1 when a SIM is deaf or mute, or
    anything else is not as it should be. Wants a key that may send, read and see what is received.
    """
    found, missing = daemon.call(trial.cards)
    if modems:
        known = {card.modem for card in found}
        missing += [f"modem {one} cannot be tried" for one in modems if one not in known]
        found = [card for card in found if card.modem in modems]
    if not found:
        raise click.ClickException(
            "; ".join(missing) or "there are no modems; `modemgw modems scan` shows what is there"
        )
    wanted = probes(found, secrets.token_hex(3))
    if not yes:
        click.confirm(f"{parts(wanted)} parts are sent, and may cost. Go on?", abort=True, err=True)
    outcomes = _tried(daemon, wanted, timeout_s, quiet=as_json)
    verdicts = judge(outcomes)
    if as_json:
        print_json(_document(found, missing, outcomes, verdicts))
    else:
        _print(missing, outcomes, verdicts)
    if missing or not all(outcome.well for outcome in outcomes):
        raise SystemExit(1)


def _tried(daemon: Daemon, wanted: list[Probe], timeout_s: float, *, quiet: bool) -> list[Outcome]:
    shown = Progress(
        TextColumn("waiting for what was sent"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console(),
        transient=True,
        disable=quiet,
    )
    with shown:
        task = shown.add_task("", total=len(wanted))

        async def work(client: Client) -> list[Outcome]:
            return await trial.trial(
                client,
                wanted,
                timeout_s=timeout_s,
                settled=lambda done: shown.update(task, completed=done),
            )

        return daemon.call(work)


def _print(missing: list[str], outcomes: list[Outcome], verdicts: list[Verdict]) -> None:
    print_table(
        ("from", "to", "text", "status", "arrived after", "what is wrong"),
        [
            (
                o.probe.sender.modem,
                o.probe.receiver.modem,
                o.probe.kind,
                o.status,
                None if o.took_s is None else f"{o.took_s:.1f} s",
                o.trouble,
            )
            for o in outcomes
        ],
        "Nothing was sent.",
    )
    shown = console()
    for one in verdicts:
        well = one.trouble is None
        line = Text("✔ " if well else "✘ ", style="green" if well else "red")
        line.append(f"modem {printable(one.card.modem)}: ", style="bold")
        line.append("it sends and receives" if one.trouble is None else printable(one.trouble))
        shown.print(line)
    for reason in missing:
        say(f"- {reason}")


def _document(
    found: list[Card], missing: list[str], outcomes: list[Outcome], verdicts: list[Verdict]
) -> dict[str, object]:
    return {
        "modems": [asdict(card) for card in found],
        "not_tried": missing,
        "probes": [
            {
                "from": o.probe.sender.modem,
                "to": o.probe.receiver.modem,
                "kind": o.probe.kind,
                "status": o.status,
                "arrived": o.arrived,
                "delivered": o.delivered,
                "took_s": o.took_s,
                "trouble": o.trouble,
            }
            for o in outcomes
        ],
        "verdicts": [{"modem": v.card.modem, "trouble": v.trouble} for v in verdicts],
    }
