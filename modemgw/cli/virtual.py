"""`modemgw virtual`: a bank of virtual modems for any AT client."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from modemgw.virtual.bank import Bank
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
    type=_DURATION,
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
@click.option("--pin", help="Let every SIM ask for this PIN.")
@click.option("--boot/--no-boot", default=False, help="Start by booting, with a banner.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@click.pass_context
def virtual(
    context: click.Context,
    modems: int,
    directory: Path,
    part_seconds: float,
    receipt_seconds: float,
    prompt_seconds: float,
    time_scale: float,
    personalities: tuple[str, ...],
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
            receipt_seconds=receipt_seconds,
            prompt_seconds=prompt_seconds,
            time_scale=time_scale,
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
    async with Bank(settings, directory) as bank:
        for modem, path in zip(bank.modems, bank.paths, strict=True):
            click.echo(f"{path}  {modem.number}  IMEI {modem.imei}  {modem.personality.name}")
        await stop.wait()
