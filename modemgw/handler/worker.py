"""Calls a function with one delivery after the other, in a process that the gateway begins.

    python -I -u worker.py DESCRIPTOR

The descriptor is a socket; both sides speak lines of JSON on it, one at a time:

    gateway: {"target": "package.module:function", "path": […], "memory_mb": null}
    worker:  {"ready": true}, or {"failed": {…}} and it ends
    gateway: {"call": {…}, "inbound": true, "delivery": "dlv_7"}
    worker:  {"send": {…}, "idempotency_key": null}   any number of times, each answered by
    gateway: {"sent": "msg_…"}, or {"refused": {"code": …, "says": …}}
    worker:  {"done": true}, or {"failed": {…}}

When the socket is closed, it ends. Nothing that the function does to this process, or to what it
starts, is anybody else's business; whoever began it can end it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

SAYS_CHARACTERS = 2000
"""So much of what an exception says is told."""
TRACE_CHARACTERS = 8000
READ_BYTES = 65536


class Closed(BaseException):
    """The gateway has closed the socket: there is nobody to work for. No handler catches it."""


class Line:
    """The socket, as lines of JSON."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()

    @property
    def descriptor(self) -> int:
        """To be looked at whether there is something to read."""
        return self._connection.fileno()

    def read(self) -> dict[str, Any]:
        """The next line. Raises Closed."""
        while (end := self._received.find(b"\n")) < 0:
            try:
                data = self._connection.recv(READ_BYTES)
            except ConnectionError as error:
                raise Closed from error
            if not data:
                raise Closed
            self._received += data
        line = self._received[:end]
        del self._received[: end + 1]
        document: dict[str, Any] = json.loads(line)
        return document

    def write(self, document: dict[str, Any]) -> None:
        """Say something. Raises Closed."""
        try:
            self._connection.sendall(json.dumps(document).encode() + b"\n")
        except ConnectionError as error:
            raise Closed from error


class Asking:
    """What the function may ask the gateway during one call, from whatever thread of its own."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._ended = False

    def ask(self, document: dict[str, Any]) -> dict[str, Any]:
        """Say something that is answered."""
        if os.getpid() != self._process:
            raise RuntimeError("this is a fork of the handler's process: only that one can send")
        with self._lock:
            if self._ended:
                raise RuntimeError("the function has returned: nothing is sent for it any more")
            self._line.write(document)
            return self._line.read()

    def end(self) -> None:
        """The function has returned: what it has left running asks no more."""
        with self._lock:
            self._ended = True


class Worker:
    """Has one function called."""

    def __init__(self, line: Line, target: str) -> None:
        self._line = line
        self._target = target
        self._runner: asyncio.Runner | None = None
        self._ending = False
        self._process = os.getpid()
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_: object) -> None:
        """SIGTERM: whatever runs may tidy up."""
        self._ending = True
        raise SystemExit(128 + signal.SIGTERM)

    def run(self) -> None:
        """Call it until the gateway closes."""
        try:
            import modemgw.handler as given

            function = _find(self._target)
            with_gateway = _wants_gateway(function)
        except BaseException as error:  # whatever the module does while it is imported
            if self._ending:
                raise
            self._line.write({"failed": _failure(error, "cannot be imported")})
            return
        self._line.write({"ready": True})
        with contextlib.suppress(Closed):
            while True:
                call = self._next()
                outcome = self._call(given, function, call, with_gateway)
                if os.getpid() != self._process:  # the function has forked, and both came back
                    os._exit(0)
                for stream in (sys.stdout, sys.stderr):
                    with contextlib.suppress(Exception):
                        stream.flush()
                self._line.write(outcome)

    def close(self) -> None:
        """End what the function has left running in its event loop."""
        if self._runner is not None:
            self._runner.close()

    def _next(self) -> dict[str, Any]:
        """The next call; what coroutines have left running goes on meanwhile."""
        if self._runner is None:
            return self._line.read()
        self._runner.run(_readable(self._line.descriptor))
        return self._line.read()

    def _call(
        self,
        given: ModuleType,
        function: Callable[..., Any],
        call: dict[str, Any],
        with_gateway: bool,
    ) -> dict[str, Any]:
        asking = Asking(self._line)
        try:
            arguments = [_subject(given, call)]
            if with_gateway:
                arguments.append(given.Gateway(call["delivery"], asking.ask))
            result = function(*arguments)
            if inspect.isgenerator(result) or inspect.isasyncgen(result):
                raise TypeError("it has not run: it yields, and so makes a generator")
            if inspect.isawaitable(result):
                if self._runner is None:
                    self._runner = asyncio.Runner()
                self._runner.run(_awaited(result))
        except BaseException as error:  # SystemExit, too: it is the handler that has failed
            if self._ending or isinstance(error, Closed):
                raise
            failed = _failure(error, "raised")
            failed["never"] = isinstance(error, given.GiveUp) or (
                isinstance(error, given.NotSent) and error.code in ("rejected", "no-answer")
            )
            # What has run out of memory, or wants to end, is not called again in this process.
            ends = isinstance(error, MemoryError) or not isinstance(error, Exception)
            return {"failed": failed, "ends": ends}
        finally:
            asking.end()
        return {"done": True}


def _find(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise TypeError(f"{name} is no function")
    return found


def _wants_gateway(function: Callable[..., Any]) -> bool:
    """Whether the function has a second parameter that must be given, or is called `gateway`."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # it is not written in Python
        return False
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(by_place) < 2:
        return False
    return by_place[1].default is inspect.Parameter.empty or by_place[1].name == "gateway"


def _subject(given: ModuleType, call: dict[str, Any]) -> Any:
    document = call["call"]
    if not call["inbound"]:
        return given.Event(document["type"], document["at"], document["data"])
    data, ports = document["data"], document.get("ports")
    return given.Message(
        id=document["id"],
        sender=document["from"],
        to=document["to"],
        text=document["text"],
        data=None if data is None else bytes.fromhex(data),
        encoding=document["encoding"],
        complete=document["complete"],
        modem=document["modem"],
        sim=document["sim"],
        sent_at=document["sent_at"],
        received_at=document["received_at"],
        message_class=document.get("class"),
        ports=None if ports is None else tuple(ports),
        kind=document.get("kind", "text"),
        details=document.get("details"),
        replaces=document.get("replaces"),
        parts_total=document.get("parts_total", 1),
        problem=document.get("problem"),
        match=document.get("match", {}),
    )


def _failure(error: BaseException, how: str) -> dict[str, Any]:
    """What was raised, and where; apart from that its words, which may be the message's."""
    frame = None
    for one, number in traceback.walk_tb(error.__traceback__):
        frame = f"{one.f_code.co_filename}:{number}"
    try:
        says, trace = str(error), "".join(traceback.format_exception(error))
    except Exception:  # of the handler's making, too
        says, trace = "", ""
    return {
        "how": how,
        "kind": type(error).__name__,
        "where": frame,
        "says": says[:SAYS_CHARACTERS],
        "trace": trace[-TRACE_CHARACTERS:],
    }


async def _awaited(result: Awaitable[Any]) -> None:
    await result


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)


def main() -> None:
    """Be a worker until the gateway closes the socket that the first argument names."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    line = Line(socket.socket(fileno=descriptor))
    begin = line.read()
    if begin["memory_mb"] is not None:
        octets = begin["memory_mb"] << 20
        resource.setrlimit(resource.RLIMIT_AS, (octets, octets))
    sys.path[:] = begin["path"]
    sys.argv[1:] = []
    worker = Worker(line, begin["target"])
    try:
        worker.run()
    finally:
        worker.close()


if __name__ == "__main__":
    main()
