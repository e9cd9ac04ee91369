"""A program: the message as JSON on its standard input; exit code 0 takes it.

It runs in a session of its own, so that all that it started can be ended with it, and knows nothing
of the service: neither its environment nor its files. What it says is kept only in so far as it
helps to find out what went wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from modemgw.gateway.deliveries.family import Family
from modemgw.gateway.deliveries.outcome import Outcome, Ran, Retry, Taken
from modemgw.gateway.deliveries.payload import document
from modemgw.store import Payload

GRACE_S = 2.0
"""From SIGTERM to SIGKILL, for a program that took too long."""
TAIL_BYTES = 4096
"""So much of the end of what it says on standard error is kept."""
READ_BYTES = 65536
"""Read at a time: as much as a pipe holds."""
PAUSE_S = 0.001
"""Between two reads while it floods, so that its talk cannot fill the event loop."""

PASSED_ON = frozenset(
    {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"}
)
"""What a program may need to know of the machine; LC_* and MODEMGW_* (for `modemgw send`) too."""


def clean_environment(own: Mapping[str, str]) -> dict[str, str]:
    """What a program gets of our environment: nothing that service manager or secrets put there."""
    kept = {
        name: value
        for name, value in own.items()
        if name in PASSED_ON or name.startswith(("LC_", "MODEMGW_"))
    }
    return {"PATH": os.defpath, **kept}


class Program:
    """Runs `command` once for each message."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind. Cancelled, it ends the program and everything the program started."""
        name = self._command[0]
        with _Complaint() as complaint, _stdin(json.dumps(document(payload))) as stdin:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=stdin,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=complaint.write_end,
                    env=clean_environment(os.environ),
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else error
                return Retry(f"{name} cannot be run: {why}")
            complaint.begin()
            try:
                code = await process.wait()
            except BaseException:
                await _end(process)
                raise
            ran = Ran(code, complaint.tail())
            if code == 0:
                return Taken(ran=ran)
            how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            return Retry(f"{name} {how}", ran.output, ran=ran)

    async def close(self) -> None:
        """See Kind."""


@contextlib.contextmanager
def _stdin(text: str) -> Iterator[int]:
    """A file in memory to read `text` from: it can be given whole, however it is read."""
    file = os.memfd_create("inbound")
    try:
        os.write(file, text.encode())
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program and all that it started: politely, then surely."""
    family = Family(process.pid)
    family.signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        # What it started may live on without it, deaf to SIGTERM.
        family.signal(signal.SIGKILL)
    await process.wait()


class _Complaint:
    """A program's standard error: read for as long as it runs, of which the end is kept.

    A pipe of our own and not asyncio's: that one is read until everybody who holds it is gone, and
    what a program leaves running in the background must not keep its delivery waiting.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tail = bytearray()
        self._pause: asyncio.TimerHandle | None = None

    def __enter__(self) -> _Complaint:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)
        if self.write_end >= 0:
            os.close(self.write_end)

    def begin(self) -> None:
        """Read; the program has its end of the pipe."""
        os.close(self.write_end)
        self.write_end = -1
        self._loop.add_reader(self._read_end, self._read)

    def tail(self) -> str:
        """The last line of what it has said."""
        self._read_once()
        return self._tail.decode(errors="replace").strip().rpartition("\n")[2]

    def _read(self) -> None:
        if self._read_once() == READ_BYTES:
            self._loop.remove_reader(self._read_end)
            self._pause = self._loop.call_later(
                PAUSE_S, self._loop.add_reader, self._read_end, self._read
            )

    def _read_once(self) -> int:
        try:
            data = os.read(self._read_end, READ_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self._loop.remove_reader(self._read_end)
        self._tail += data
        del self._tail[:-TAIL_BYTES]
        return len(data)
