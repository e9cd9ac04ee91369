"""A test message through the daemon: the one that runs, or one that is started for it."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from aiohttp import Fingerprint

from modemgw.cli.options import RETRY, daemon_at
from modemgw.client import Client, ClientError, Unreachable
from modemgw.client.answers import Message
from modemgw.plain import printable

TEXT = "modemgw works: this is its test message."
START_S = 60.0
END_S = 45.0
_LISTENS = re.compile(r"modemgw listens on (\S+)\n")


async def send_test(
    number: str, *, key: str, config_file: Path, data_dir: Path, program: tuple[str, ...]
) -> Message:
    """Send it and wait for its fate, for two minutes at the most. Raises ClickException."""
    url, known = daemon_at(None, config_file)
    try:
        async with (
            _running(url, known, config_file, data_dir, program) as (at, trusted),
            Client(at, key, ssl=trusted, retry=RETRY) as client,
        ):
            async with asyncio.timeout(START_S):
                while not (await client.readiness())["ready"]:  # noqa: ASYNC110  another process
                    await asyncio.sleep(0.2)
            message = await client.send(number, TEXT, type="transactional")
            async with asyncio.timeout(2 * START_S):
                return await client.wait(message.id)
    except TimeoutError as error:
        raise click.ClickException(
            "the test message is not through in time; see `modemgw modems list` and "
            "`modemgw messages list`"
        ) from error
    except ClientError as error:
        raise click.ClickException(f"the test message: {printable(str(error))}") from error


@asynccontextmanager
async def _running(
    url: str, known: Fingerprint | None, config_file: Path, data_dir: Path, program: tuple[str, ...]
) -> AsyncIterator[tuple[str, Fingerprint | None]]:
    """Where the daemon is; one is started, and ended again, where none runs."""
    try:
        async with Client(url, ssl=known, retry=RETRY) as client:
            await client.readiness()
    except Unreachable:
        pass
    else:
        yield url, known
        return
    process = await asyncio.create_subprocess_exec(
        *program,
        "serve",
        "--config",
        str(config_file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        **_as_owner_of(data_dir),
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_S):
            line = (await process.stdout.readline()).decode()
        listens = _LISTENS.fullmatch(line)
        if listens is None:
            raise click.ClickException(
                f"the daemon does not start; see why: modemgw serve --config {config_file}"
            )
        yield listens[1], known
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _as_owner_of(data_dir: Path) -> dict[str, Any]:
    """As root: whose data they are shall also own what is added to them."""
    owner = data_dir.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return {}
    name = pwd.getpwuid(owner.st_uid).pw_name
    groups = os.getgrouplist(name, owner.st_gid)
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": groups}
