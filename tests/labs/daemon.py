"""The real daemon in a process of its own, and its command line."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from modemgw.client import Client
from modemgw.store.sqlite import FILE_NAME, create_key

READY_S = 60


def command(*arguments):
    return (sys.executable, "-m", "modemgw", *map(str, arguments))


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MODEMGW_")}
    kept["MODEMGW_CONTEXTS"] = os.devnull
    return kept | {k: str(v) for k, v in more.items()}


async def run(*arguments, stdin="", **more):
    """Exit code, standard output and standard error of `modemgw …`."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**more),
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(stdin.encode())
    assert b"Traceback" not in err, err.decode()
    return process.returncode, out.decode(), err.decode()


def write_config(directory, devices, listen="127.0.0.1:0", extra=""):
    file = directory / "modemgw.toml"
    modems = "".join(
        f'[[modem]]\nid = "m{n}"\ndevice = "{device}"\n' for n, device in enumerate(devices, 1)
    )
    file.write_text(
        f'[gateway]\ndata_dir = "{directory}/data"\ndrain_timeout = 3\n'
        f'[http]\nlisten = "{listen}"\n{modems}{extra}'
    )
    return file


@dataclass
class Daemon:
    process: asyncio.subprocess.Process
    url: str
    key: str
    log: Path

    async def cli(self, *arguments, **more):
        return await run(*arguments, MODEMGW_URL=self.url, MODEMGW_KEY=self.key, **more)

    async def end(self):
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            return await self.process.wait()


@asynccontextmanager
async def daemon(config_file, **more):
    data = config_file.parent / "data"
    data.mkdir(exist_ok=True)
    key = create_key(data / FILE_NAME, f"test-{os.urandom(4).hex()}", ["admin"])
    log = config_file.parent / "log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command("serve", "--config", config_file),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=environment(**more),
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_S):
            line = (await process.stdout.readline()).decode()
        match = re.fullmatch(r"modemgw listens on (\S+)\n", line)
        assert match, log.read_text()
        yield Daemon(process, match[1], key, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


async def until_ready(url):
    async with Client(url) as client, asyncio.timeout(READY_S):
        while not (await client.readiness())["ready"]:
            await asyncio.sleep(0.05)
