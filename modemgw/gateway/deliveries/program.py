"""A program: the message as JSON on its standard input; exit code 0 takes it.

It runs in a session of its own, so that all that it started can be ended with it, and knows nothing
of the service: neither its environment nor its files. What it says on standard error is kept only
in so far as it helps to find out what went wrong; what it prints is the answer to the sender, if
the handler wants that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from modemgw.gateway.deliveries import child
from modemgw.gateway.deliveries.account import Account
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.child import clean_environment
from modemgw.gateway.deliveries.hearing import Head, Tail
from modemgw.gateway.deliveries.matching import of_payload
from modemgw.gateway.deliveries.outcome import Never, Outcome, Ran, Retry, Taken
from modemgw.gateway.deliveries.payload import document
from modemgw.store import Payload

OUTPUT_BYTES = 16_384
LONGEST_VARIABLE = 65536
"""Octets of a variable: the kernel takes twice as many; what is longer is in the JSON only."""
CANNOT_RUN = (126, 127)
"""Exit codes of a shell that could not run what it was told to (POSIX, sh, EXIT STATUS)."""
LIMITED = ("/bin/sh", "-c", 'ulimit -v "$0" && exec "$@"')
"""Gives a program its limit and becomes it: nothing of the command is read by the shell. A limit
that is set from here would have to be set between fork and exec, where Python must not run."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a program besides its time, and as whom it runs."""

    account: Account | None = None
    memory_mb: int | None = None
    output_bytes: int = OUTPUT_BYTES
    """Of what it prints, where that is the answer."""


class Program:
    """Runs `command` once for each message. `answering`: if what it prints is the answer."""

    def __init__(
        self,
        command: Sequence[str],
        answering: Answering | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._name = command[0]
        self._limits = limits or Limits()
        self._command = tuple(command)
        if (mib := self._limits.memory_mb) is not None:
            self._command = (*LIMITED, str(mib << 10), *command)
        self._answering = answering

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind. Cancelled, it ends the program and everything the program started."""
        with Tail() as complaint, self._printed() as printed:
            try:
                code = await self._run(payload, complaint, printed)
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) else error
                return Retry(f"{self._name} cannot be run: {why}")
            if code is None:
                return self._too_much()
            if code:
                cannot = self._limits.memory_mb is not None and code in CANNOT_RUN
                how = "cannot be run" if cannot else child.how_it_ended(code)
                ran = Ran(code, complaint.last_line())
                return Retry(f"{self._name} {how}", ran.output, ran=ran)
            if printed is None:
                return Taken(ran=Ran(code, complaint.last_line()))
            return await self._answer(payload, printed)

    async def _run(self, payload: Payload, complaint: Tail, printed: Head | None) -> int | None:
        """The program's exit code; None when it was ended for saying too much."""
        with _stdin(json.dumps(document(payload))) as stdin:
            process = await child.begin(
                self._command,
                stdin=stdin,
                stdout=asyncio.subprocess.DEVNULL if printed is None else printed.write_end,
                stderr=complaint.write_end,
                env=_environment(payload, self._limits.account),
                account=self._limits.account,
            )
        complaint.begin()
        try:
            if printed is None:
                return await process.wait()
            printed.begin()
            if await _ends_before(process, printed.full):
                return process.returncode
        except BaseException:
            await child.end(process)
            raise
        await child.end(process)
        return None

    async def _answer(self, payload: Payload, printed: Head) -> Outcome:
        assert self._answering is not None, "it is not listened to for nothing"
        try:
            text = printed.text()
        except UnicodeDecodeError:
            return Never(f"{self._name} has printed what is not UTF-8: that is no answer")
        if printed.full.is_set():
            return self._too_much()
        outcome = await self._answering.answer(payload, text.strip())
        return replace(outcome, ran=Ran(0, text))

    def _too_much(self) -> Never:
        limit = self._limits.output_bytes
        return Never(f"{self._name} has printed more than {limit} octets: that is no answer")

    def _printed(self) -> AbstractContextManager[Head | None]:
        """What hears the answer, if it is one."""
        if self._answering is None:
            return contextlib.nullcontext()
        return Head(self._limits.output_bytes)

    async def close(self) -> None:
        """See Kind."""


async def _ends_before(process: asyncio.subprocess.Process, other: asyncio.Event) -> bool:
    """Whether a program has ended before something else happens."""
    ways = [asyncio.ensure_future(process.wait()), asyncio.ensure_future(other.wait())]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
    return process.returncode is not None


def _environment(payload: Payload, account: Account | None) -> dict[str, str | bytes]:
    """What came in beside the JSON, for programs that have no use for that."""
    came = of_payload(payload)
    said: dict[str, object] = {
        "delivery": payload.id,
        "handler": payload.subscriber,
        "event": payload.event,
        "id": came.id,
        "kind": None if payload.inbound is None else payload.inbound.kind.value,
        "from": came.sender,
        "to": came.to,
        "name": came.name or None,
        "text": came.text,
        "data": None if came.data is None else came.data.hex(),
        "class": came.message_class,
        "port": None if came.ports is None else came.ports[0],
        "modem": came.modem,
        "sim": came.sim,
        "received_at": came.at,
    }
    environment: dict[str, str | bytes] = {
        **clean_environment(os.environ, account, prefixes=("MODEMGW_",))
    }
    for name, value in said.items():
        if value is not None:
            octets = str(value).encode(errors="replace").replace(b"\0", b"")
            if len(octets) <= LONGEST_VARIABLE:
                environment[f"MODEMGW_{name.upper()}"] = octets
    return environment


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
