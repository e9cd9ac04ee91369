"""A bank and the real daemon (`modemgw serve`), each in a process of its own, in one directory."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from bench import http
from modemgw.client import ApiError, Client, Unreachable
from modemgw.virtual.control import ControlClient

_BANK = Path(__file__).with_name("bank_process.py")
UNLIMITED = {"per_minute": 0, "per_day": 0}


class Failed(Exception):
    """A process did not come up, or something did not happen in time."""


class BankProcess:
    """The bank; `control` speaks to it."""

    def __init__(self, directory: Path, settings: dict[str, Any]) -> None:
        self.directory = directory
        self.modems: int = settings["modems"]
        self._settings = settings

    async def __aenter__(self) -> "BankProcess":
        command = [sys.executable, str(_BANK), str(self.directory), json.dumps(self._settings)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        if not await asyncio.to_thread(self._process.stdout.readline):
            raise Failed("the bank did not start")
        self._usage = psutil.Process(self._process.pid)
        self.control = await ControlClient(self.directory).__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.control.__aexit__(kind, error, trace)
        self._process.terminate()
        await asyncio.to_thread(self._process.wait)

    @property
    def ports(self) -> list[Path]:
        return [self.directory / f"modem{i}" for i in range(self.modems)]

    def cpu_seconds(self) -> float:
        """What it has used so far, user and system."""
        used = self._usage.cpu_times()
        return used.user + used.system

    async def parts(self) -> list[list[list[Any]]]:
        """The notes of each modem; see bank_process."""
        notes: list[list[list[Any]]] = await self.control.call("parts")
        return notes

    async def accepted(self) -> list[dict[str, Any]]:
        """Every part that the service centre has, in its order."""
        found: list[dict[str, Any]] = []
        while page := await self.control.accepted(since=len(found), limit=10_000):
            found += page
        return found


class Daemon:
    """`modemgw serve` with a configuration and a key of its own.

    With $BENCH_PROFILE in the environment, it runs under cProfile and writes to that file.
    `code`: the checkout that is run; None: the one that this program sees.
    """

    def __init__(
        self,
        directory: Path,
        ports: list[Path],
        tables: dict[str, Any],
        code: Path | None = None,
    ) -> None:
        self._environment = dict(os.environ)
        if code is not None:
            # Safe: the code in the working directory does not come first.
            self._environment |= {"PYTHONPATH": str(code.resolve()), "PYTHONSAFEPATH": "1"}
            self._check(code)
        self._directory = directory
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.database = directory / "data" / "modemgw.db"
        self._config = directory / "modemgw.toml"
        self._log = directory / "daemon.log"
        self._config.write_text(self._toml(ports, tables))
        self.modems = len(ports)
        self.key = self.create_key("bench", "admin")
        self._process: subprocess.Popen[bytes] | None = None

    def _check(self, code: Path) -> None:
        seen = subprocess.run(
            [sys.executable, "-c", "import modemgw; print(modemgw.__file__)"],
            capture_output=True,
            text=True,
            check=True,
            env=self._environment,
        ).stdout.strip()
        if not Path(seen).is_relative_to(code.resolve()):
            raise Failed(f"{code} is no checkout of modemgw: {seen} would be run")

    def _toml(self, ports: list[Path], tables: dict[str, Any]) -> str:
        given: dict[str, Any] = {
            "gateway": {"data_dir": str(self._directory / "data"), "log_level": "warning"},
            "http": {"listen": f"127.0.0.1:{self._port}"},
            "sim_limits": UNLIMITED,
        }
        lines = []
        for name, values in tables.items():
            if isinstance(values, list):  # of tables
                for one in values:
                    lines += [f"[[{name}]]", *(f"{k} = {json.dumps(v)}" for k, v in one.items())]
            else:
                given[name] = given.get(name, {}) | values
        for name, values in given.items():
            lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in values.items())]
        for number, port in enumerate(ports):
            lines += ["[[modem]]", f'id = "m{number}"', f"device = {json.dumps(str(port))}"]
        return "\n".join(lines) + "\n"

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "modemgw", *arguments, "--config", str(self._config)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self._environment
        )
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout

    def create_key(self, name: str, scope: str) -> str:
        """A new API key."""
        return self._run("keys", "create", name, "--scope", scope).strip()

    async def start(self) -> float:
        """Start it; the seconds until it listens."""
        began = time.monotonic()
        profile = os.environ.get("BENCH_PROFILE")
        under = ["-m", "cProfile", "-o", profile] if profile else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *under, "-m", "modemgw", "serve", "--config", str(self._config)],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment | {"PYTHONUNBUFFERED": "1"},
            )
        assert self._process.stdout is not None
        if not await asyncio.to_thread(self._process.stdout.readline):
            raise Failed(f"the daemon did not start: {self._log.read_text()}")
        self._usage = psutil.Process(self._process.pid)
        return time.monotonic() - began

    async def wait_ready(self, seconds: float = 30.0) -> None:
        """Return when every modem can send."""
        async with Client(self.url, self.key) as client:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                try:
                    modems = await client.modems()
                except (ApiError, Unreachable):
                    modems = []
                if sum(m["state"] in ("ready", "sending") for m in modems) == self.modems:
                    return
                await asyncio.sleep(0.05)
        raise Failed(f"not every modem was ready in {seconds} s")

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            await asyncio.to_thread(process.wait)
            assert process.stdout is not None
            process.stdout.close()

    @property
    def pid(self) -> int:
        return int(self._usage.pid)

    def cpu_seconds(self) -> float:
        """What it has used since it was started, user and system, all threads."""
        used = self._usage.cpu_times()
        return used.user + used.system

    def memory(self) -> dict[str, float]:
        """RSS and PSS in MB (10^6 octets)."""
        used = self._usage.memory_full_info()
        return {"rss_mb": round(used.rss / 1e6, 1), "pss_mb": round(used.pss / 1e6, 1)}

    def post(self, path: str, body: Any, idempotency_key: str | None = None) -> bytes:
        """A prepared POST to it."""
        return http.post(self.url, self.key, path, body, idempotency_key)

    def log(self) -> str:
        """What it logged."""
        return self._log.read_text()


class Rig:
    """`async with Rig({"modems": 8}) as rig:` has `rig.bank`, `rig.daemon` (up) and `rig.client`.

    Without a bank (None) the daemon has no modem. `tables` are added to its configuration.
    `prepare` is called with the path of the database before the daemon starts. `code`: see Daemon.
    """

    def __init__(
        self, bank: dict[str, Any] | None, tables: dict[str, Any] | None = None, **how: Any
    ) -> None:
        self._bank = bank
        self._tables = tables or {}
        self._prepare = how.get("prepare")
        self._code: Path | None = how.get("code")

    async def __aenter__(self) -> "Rig":
        self._stack = AsyncExitStack()
        try:
            enter = self._stack.enter_context
            self.directory = Path(enter(tempfile.TemporaryDirectory(prefix="modemgw-bench-")))
            ports: list[Path] = []
            if self._bank is not None:
                self.bank = await self._stack.enter_async_context(
                    BankProcess(self.directory / "bank", self._bank)
                )
                ports = self.bank.ports
            self.daemon = Daemon(self.directory, ports, self._tables, self._code)
            if self._prepare is not None:
                await asyncio.to_thread(self._prepare, self.daemon.database)
            self._stack.push_async_callback(self.daemon.stop)
            await self.daemon.start()
            await self.daemon.wait_ready()
            self.client = await self._stack.enter_async_context(
                Client(self.daemon.url, self.daemon.key, timeout_s=120)
            )
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def wait_settled(self, batch: str, count: int, seconds: float) -> dict[str, int]:
        """Wait until `count` messages of a batch are final; how many are in which status."""
        end = time.monotonic() + seconds
        while True:
            about = await self.client.batch(batch)
            counts: dict[str, int] = about["counts"]
            done = sum(n for s, n in counts.items() if s not in ("queued", "sending", "sent"))
            if done >= count or time.monotonic() > end:
                return counts
            await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
