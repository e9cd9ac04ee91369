"""`modemgw demo`"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from random import Random
from shutil import which

import click

from modemgw.api.server import ListenError, bind
from modemgw.api.server import serve as serve_http
from modemgw.api.telling import tell
from modemgw.cli.demo_script import ANSWER, KEYWORD, MESSAGES, REPLY, play, turns
from modemgw.cli.demo_view import View, look, watching
from modemgw.cli.errors import told
from modemgw.cli.logs import set_up_logging
from modemgw.cli.say import say
from modemgw.cli.signals import stop_on_signals
from modemgw.client import Client
from modemgw.config import Config, HttpSection, parse
from modemgw.gateway import Gateway
from modemgw.store import StoreError
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank, BankSettings, PortError

PORTS_TRIED = 20
READY_S = 10.0
PLAY_S = 15.0


@click.command()
@click.option("--once", is_flag=True, help="End after the show; exit code 0 if all went well.")
@click.option(
    "--modems", type=click.IntRange(1, 64), default=4, show_default=True, help="Virtual modems."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Of the HTTP API; if it is taken, the next free one.",
)
@click.pass_context
def demo(context: click.Context, once: bool, modems: int, port: int) -> None:
    """Show the whole gateway without a modem: daemon, virtual modems and network in one process.

    Messages go out through the HTTP API and meet every kind of fate; one comes in and is answered.
    Then it goes on running for you to try, until Ctrl-C. Nothing is kept.
    """
    set_up_logging("error")
    with (
        told(ListenError, StoreError, PortError),
        tempfile.TemporaryDirectory(prefix="modemgw-demo-") as directory,
    ):
        differed = asyncio.run(_demo(Path(directory), once=once, modems=modems, port=port))
    for line in differed:
        say(f"not as it must be: {line}", err=True)
    if differed:
        context.exit(1)


async def _demo(directory: Path, *, once: bool, modems: int, port: int) -> list[str]:
    stop = stop_on_signals()
    bound = _bind_free(port)
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        settings = BankSettings(modems=modems, part_seconds=0.3, receipt_seconds=0.5)
        bank = await stack.enter_async_context(Bank(settings, directory=directory / "ports"))
        config = _config(directory, bank)
        gateway = await stack.enter_async_context(Gateway.open(config, random=Random(), tell=tell))  # noqa: S311
        key = create_key(directory / FILE_NAME, "demo", ["admin"])
        url = await stack.enter_async_context(serve_http(gateway, bound, config.http))
        client = await stack.enter_async_context(Client(url, key))
        view = await stack.enter_async_context(watching(client))
        playing = asyncio.create_task(_play(client, bank, view), name="demo")
        stopping = asyncio.create_task(stop.wait(), name="wait for a signal")
        try:
            await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                return ["it was interrupted"] if once else []
            differed = playing.result()
            if not once:
                view.say(invitation(url, key, bank))
                await stop.wait()
            return differed
        finally:
            for task in (playing, stopping):
                task.cancel()
            await asyncio.wait((playing, stopping))


def _bind_free(port: int) -> socket.socket:
    """A socket on 127.0.0.1 at `port`, or at one of the next ones."""
    last = min(port + PORTS_TRIED, 65535)
    for candidate in range(port, last):
        try:
            return bind(HttpSection(listen=f"127.0.0.1:{candidate}"))
        except ListenError:
            continue
    return bind(HttpSection(listen=f"127.0.0.1:{last}"))


def _config(directory: Path, bank: Bank) -> Config:
    return parse(
        {
            "gateway": {"data_dir": directory, "drain_timeout": 3},
            "modem": [
                {"id": f"m{n}", "device": str(path), "number": modem.number}
                for n, (path, modem) in enumerate(zip(bank.paths, bank.modems, strict=True), 1)
            ],
            "handler": [{"match": {"keyword": KEYWORD}, "reply": REPLY}],
        },
        source="demo",
    )


async def _play(client: Client, bank: Bank, view: View) -> list[str]:
    begin = time.monotonic()
    try:
        async with asyncio.timeout(READY_S), aclosing(turns(client)) as happened:
            async for _ in happened:
                if (await client.readiness()).ready:
                    break
    except TimeoutError:
        return [f"no modem was ready within {READY_S:g} s"]
    differed = await play(client, bank, timeout_s=PLAY_S)
    if not differed:
        took = time.monotonic() - begin
        view.show(await look(client))
        view.say(
            f"All {len(MESSAGES) + 1} messages met the fate they must, after {took:.1f} s: "
            + ", ".join(f"{m.what} {m.status}" for m in (*MESSAGES, ANSWER))
            + "; texts arrived character for character."
        )
    return differed


def invitation(url: str, key: str, bank: Bank) -> str:
    """Lines to paste into another terminal."""
    # From a virtual environment that is not activated the bare name would not be found.
    program = "modemgw" if which("modemgw") else sys.argv[0]
    if program.endswith("__main__.py"):
        program = f"{sys.executable} -m modemgw"
    return f"""
The gateway goes on running; Ctrl-C ends it. Try, in another terminal:

  export MODEMGW_URL={url} MODEMGW_KEY={key}

  curl -s "$MODEMGW_URL/v1/messages" -H "Authorization: Bearer $MODEMGW_KEY" \\
    -H 'Content-Type: application/json' -d '{{"to": "+447700900123", "text": "Hello"}}'
  curl -s "$MODEMGW_URL/v1/messages?limit=1" -H "Authorization: Bearer $MODEMGW_KEY"
  curl -sN "$MODEMGW_URL/v1/events?after=0" -H "Authorization: Bearer $MODEMGW_KEY"

  {program} send --to {bank.modems[-1].number} --text {KEYWORD} --wait
  {program} send --to +99902067000 --text "never arrives" --wait
  {program} modems list
"""
