"""Other people's gateways on the same bank, tuned as well as their manuals allow.

Each of them is given the lightest work there is: no status reports to fetch, no inbound messages
where that can be turned off, and nothing that is checked besides sending.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psutil

_GSMMODEM = Path(__file__).with_name("gsmmodem_process.py")


class Peer(Protocol):
    """A gateway that sends what it is given through the modems at `ports`."""

    name: str

    def missing(self) -> str | None:
        """What is not installed, or None."""

    async def start(self, directory: Path, ports: Sequence[Path]) -> None: ...

    def submit(self, texts: Sequence[tuple[str, str]]) -> None:
        """Hand over (recipient, text) pairs, in the quickest way the gateway offers."""

    def nudge(self) -> None:
        """Called often while it works: end its sleep, where it has a way for that."""

    def cpu_seconds(self) -> float:
        """What its processes have used so far."""

    async def stop(self) -> None: ...


class _Processes:
    """Processes of one peer, and what they use."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def run(self, command: Sequence[str | Path], log: Path, **how: int) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdout=how.get("stdout", output),
                stderr=output,
                stdin=how.get("stdin", subprocess.DEVNULL),
            )
        self._processes.append(process)
        return process

    def nudge(self) -> None:
        """Nothing is known that would help."""

    def cpu_seconds(self) -> float:
        used = 0.0
        for process in self._processes:
            for one in [psutil.Process(process.pid), *_children(process.pid)]:
                times = one.cpu_times()
                used += times.user + times.system
        return used

    async def stop(self) -> None:
        for process in self._processes:
            children = _children(process.pid)
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, 10)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
            for child in psutil.wait_procs(children, 2)[1]:
                child.kill()
        self._processes.clear()


def _children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


class SmsTools(_Processes):
    """smsd of smstools 3: a spool directory; SIGCONT ends its sleep (manual, "delaytime")."""

    name = "smstools"

    def missing(self) -> str | None:
        return None if shutil.which("smsd") else "smsd is not installed"

    async def start(self, directory: Path, ports: Sequence[Path]) -> None:
        spool = {
            name: directory / name
            for name in ("outgoing", "checked", "incoming", "sent", "failed", "staging")
        }
        for path in spool.values():
            path.mkdir(parents=True)
        self._outgoing, self._staging = spool["outgoing"], spool["staging"]
        devices = [f"GSM{i}" for i in range(len(ports))]
        lines = [
            f"devices = {', '.join(devices)}",
            *(f"{name} = {spool[name]}" for name in ("outgoing", "checked", "incoming", "failed")),
            f"infofile = {directory / 'smsd.working'}",
            f"pidfile = {directory / 'smsd.pid'}",
            f"logfile = {directory / 'smsd.log'}",
            "loglevel = 2",
            "delaytime = 1",
            "delaytime_mainprocess = 1",
            "receive_before_send = no",
            "trust_outgoing = yes",
            "ignore_outgoing_priority = yes",
            "executable_check = no",
        ]
        for device, port in zip(devices, ports, strict=True):
            lines += [
                f"[{device}]",
                f"device = {port}",
                "incoming = no",
                "report = no",
                "pin = ignore",
                "pre_init = no",
                "init = ATE0+CMEE=1;+CMGF=0",
                "check_network = 0",
                "check_memory_method = 0",
                "baudrate = 115200",
                "rtscts = no",
                "keep_open = yes",
                "poll_faster = 50",
                "mode = new",
            ]
        config = directory / "smsd.conf"
        config.write_text("\n".join(lines) + "\n")
        # -t: a terminal of its own is not wanted, so it stays in the foreground.
        self._main = self.run(["smsd", "-t", f"-c{config}"], directory / "out.log")
        await asyncio.sleep(5)
        self._serial = 0

    def submit(self, texts: Sequence[tuple[str, str]]) -> None:
        for to, text in texts:
            self._serial += 1
            name = f"m{self._serial:06d}"
            (self._staging / name).write_text(f"To: {to.lstrip('+')}\n\n{text}")
            (self._staging / name).rename(self._outgoing / name)
        self.nudge()

    def nudge(self) -> None:
        self._main.send_signal(signal.SIGCONT)
        for child in _children(self._main.pid):
            child.send_signal(signal.SIGCONT)


class GammuSmsd(_Processes):
    """gammu-smsd with its file backend, one process a modem, never sleeping (LoopSleep = 0)."""

    name = "gammu-smsd"

    def missing(self) -> str | None:
        return None if shutil.which("gammu-smsd") else "gammu-smsd is not installed"

    async def start(self, directory: Path, ports: Sequence[Path]) -> None:
        self._boxes = []
        for number, port in enumerate(ports):
            own = directory / str(number)
            for name in ("inbox", "outbox", "sent", "error", "staging"):
                (own / name).mkdir(parents=True)
            (own / "rc").write_text(
                f"[gammu]\nport = {port}\nconnection = at115200\n\n[smsd]\nservice = files\n"
                f"logfile = {own / 'log'}\ndebuglevel = 0\n"
                + "".join(
                    f"{n}path = {own / b}/\n"
                    for n, b in (
                        ("inbox", "inbox"),
                        ("outbox", "outbox"),
                        ("sentsms", "sent"),
                        ("errorsms", "error"),
                    )
                )
                + "loopsleep = 0\ncommtimeout = 0\nreceivefrequency = 3600\nstatusfrequency = 0\n"
                "checksecurity = 0\nchecksignal = 0\ncheckbattery = 0\nchecknetwork = 0\n"
                "receive = 0\ntransmitformat = 7bit\ndeliveryreport = no\n"
            )
            self._boxes.append(own)
            self.run(["gammu-smsd", "-c", own / "rc"], own / "out.log")
        await asyncio.sleep(5)
        self._serial = 0

    def submit(self, texts: Sequence[tuple[str, str]]) -> None:
        for to, text in texts:
            own = self._boxes[self._serial % len(self._boxes)]
            self._serial += 1
            day, clock = divmod(self._serial, 86400)
            stamp = f"202401{day + 1:02d}_{clock // 3600:02d}{clock // 60 % 60:02d}{clock % 60:02d}"
            name = f"OUTC{stamp}_00_{to}_m.txt"
            (own / "staging" / name).write_text(text)
            (own / "staging" / name).rename(own / "outbox" / name)


class PythonGsmModem(_Processes):
    """python-gsmmodem-new: a library, so a thread a modem takes the next text from one queue."""

    name = "python-gsmmodem-new"

    def missing(self) -> str | None:
        done = subprocess.run(
            [sys.executable, "-c", "import gsmmodem"], capture_output=True, check=False
        )
        return "gsmmodem is not installed" if done.returncode else None

    async def start(self, directory: Path, ports: Sequence[Path]) -> None:
        directory.mkdir(parents=True)
        self._process = self.run(
            [sys.executable, _GSMMODEM, *ports],
            directory / "log",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        await asyncio.to_thread(self._process.stdout.readline)

    def submit(self, texts: Sequence[tuple[str, str]]) -> None:
        assert self._process.stdin is not None
        lines = "".join(f"{to} {text}\n" for to, text in texts)
        os.write(self._process.stdin.fileno(), lines.encode())


PEERS: tuple[type[Peer], ...] = (SmsTools, GammuSmsd, PythonGsmModem)
