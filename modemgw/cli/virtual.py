"""`modemgw virtual`: a bank of virtual modems for any AT client."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from modemgw.cli.say import say, say_json
from modemgw.virtual.bank import Bank
from modemgw.virtual.control import ControlClient, ControlError, ControlServer
from modemgw.virtual.personalities import PERSONALITIES
from modemgw.virtual.port import PortError
from modemgw.virtual.settings import MAX_MODEMS, BankSettings

_DURATION = click.FloatRange(min=0)


@click.group(invoke_without_command=True)
@click.option(
    "--modems", type=click.IntRange(1, MAX_MODEMS), default=4, show_default=True, help="How many."
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("virtual-modems"),
    show_default=True,
    help="Where the links modem0, modem1 ... are made.",
)
@click.option(
    "--part-seconds", type=_DURATION, default=1.0, show_default=True, help="Radio time of a part."
)
@click.option(
    "--part-jitter",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share by which a part may take more or less, as on a real network.",
)
@click.option(
    "--receipt-seconds",
    type=_DURATION,
    default=2.0,
    show_default=True,
    help="From acceptance to status report.",
)
@click.option(
    "--prompt-seconds",
    type=_DURATION,
    default=0.0,
    show_default=True,
    help="From AT+CMGS to the prompt.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiplies every delay; 0.1 is ten times as fast.",
)
@click.option(
    "--personality",
    "personalities",
    type=click.Choice(sorted(PERSONALITIES)),
    multiple=True,
    default=("generic",),
    show_default=True,
    help="Make of the modems; repeated: in turn.",
)
@click.option("--second-port", is_flag=True, help="A second AT port for each modem: modem0.2 ...")
@click.option("--pin", help="Let every SIM ask for this PIN.")
@click.option("--boot/--no-boot", default=False, help="Start by booting, with a banner.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.pass_context
def virtual(
    context: click.Context,
    modems: int,
    directory: Path,
    part_seconds: float,
    part_jitter: float,
    receipt_seconds: float,
    prompt_seconds: float,
    time_scale: float,
    personalities: tuple[str, ...],
    second_port: bool,
    pin: str | None,
    boot: bool,
    seed: int,
) -> None:
    """Run a bank of virtual modems until Ctrl-C or SIGTERM."""
    if context.invoked_subcommand is not None:
        return
    try:
        settings = BankSettings(
            modems=modems,
            personality=personalities,
            part_seconds=part_seconds,
            part_jitter=part_jitter,
            receipt_seconds=receipt_seconds,
            prompt_seconds=prompt_seconds,
            time_scale=time_scale,
            second_port=second_port,
            pin=pin,
            ready_at_start=not boot,
            seed=seed,
        )
        asyncio.run(_run(settings, directory))
    except (ValueError, PortError) as error:
        raise click.ClickException(str(error)) from error


async def _run(settings: BankSettings, directory: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Bank(settings, directory) as bank, ControlServer(bank):
        for modem, path in zip(bank.modems, bank.paths, strict=True):
            say(f"{path}  {modem.number}  IMEI {modem.imei}  {modem.personality.name}")
        await stop.wait()


@virtual.group()
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory of the running bank.  [default: as above]",
)
@click.pass_context
def ctl(context: click.Context, directory: Path | None) -> None:
    """Watch and disturb a running bank. Answers are JSON."""
    assert context.parent is not None
    context.obj = directory or context.parent.params["directory"]


Question = Callable[[ControlClient], Awaitable[Any]]


def _ask(directory: Path, question: Question) -> None:
    async def ask() -> Any:
        async with ControlClient(directory) as client:
            return await question(client)

    try:
        answer = asyncio.run(ask())
    except ControlError as error:
        raise click.ClickException(str(error)) from error
    if isinstance(answer, list):
        for item in answer:
            say_json(item)
    elif answer is not None:
        say_json(answer, indent=2)


@ctl.command()
@click.pass_obj
def status(directory: Path) -> None:
    """The modems and what the network has accepted."""
    _ask(directory, lambda client: client.status())


@ctl.command()
@click.option("--since", type=click.IntRange(min=0), default=0, help="From this part on.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@click.pass_obj
def accepted(directory: Path, since: int, limit: int) -> None:
    """Parts that the service centre has accepted, one a line."""
    _ask(directory, lambda client: client.accepted(since, limit))


@ctl.command()
@click.option("--since", type=click.IntRange(min=0), default=0, help="From this message on.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@click.pass_obj
def messages(directory: Path, since: int, limit: int) -> None:
    """Messages as their recipients read them, one a line."""
    _ask(directory, lambda client: client.messages(since, limit))


@ctl.command()
@click.option("--from", "sender", default="+15550001234", show_default=True)
@click.option("--to", required=True, help="The number of a virtual SIM.")
@click.option("--text", required=True)
@click.option("--class", "message_class", type=click.IntRange(0, 3), help="Message class.")
@click.pass_obj
def inject(directory: Path, sender: str, to: str, text: str, message_class: int | None) -> None:
    """Send an SMS from outside to a virtual SIM."""
    how: dict[str, Any] = {} if message_class is None else {"message_class": message_class}
    _ask(directory, lambda client: client.inject(sender, to, text, **how))


@ctl.command()
@click.pass_obj
def clear(directory: Path) -> None:
    """Forget what was accepted."""
    _ask(directory, lambda client: client.clear())


@ctl.command()
@click.argument("modem", type=click.IntRange(min=0))
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@click.pass_obj
def fault(directory: Path, modem: int, name: str, values: tuple[str, ...]) -> None:
    """Inject a fault into a modem, such as `fault 0 hang seconds=30`."""
    how = dict(map(_key_and_value, values))
    _ask(directory, lambda client: client.fault(modem, name, **how))


def _key_and_value(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


@ctl.command("swap-sims")
@click.argument("first", type=click.IntRange(min=0))
@click.argument("second", type=click.IntRange(min=0))
@click.pass_obj
def swap_sims(directory: Path, first: int, second: int) -> None:
    """Exchange the SIMs of two modems."""
    _ask(directory, lambda client: client.swap_sims(first, second))


@ctl.command("insert-sim")
@click.argument("modem", type=click.IntRange(min=0))
@click.option("--number", help="Its number; by default the next one of the bank.")
@click.pass_obj
def insert_sim(directory: Path, modem: int, number: str | None) -> None:
    """Put a new SIM into a modem and print its ICCID."""
    _ask(directory, lambda client: client.insert_sim(modem, number))
