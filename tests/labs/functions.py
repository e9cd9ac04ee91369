"""Functions of handlers, well-behaved and not; they are called in processes of their own.

What a function has to tell it writes, a line at a time, to the file that the message's text names:
`tell(message, …)`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from modemgw.handler import Event, Gateway, GiveUp, Message, NotSent

RAISED = "my secret"


def tell(message: Message, what: object) -> None:
    with Path(message.text or "").open("a") as file:
        file.write(f"{what}\n")


def plain(message: Message) -> None:
    tell(message, f"plain {os.getpid()}")


async def later(message: Message) -> None:
    await asyncio.sleep(0)
    tell(message, f"later {os.getpid()}")


class Called:
    async def __call__(self, message: Message, mark: str = "object") -> None:
        await asyncio.sleep(0)
        tell(message, mark)


an_object = Called()
a_partial = partial(an_object, mark="partial")


def returns_something_to_await(message: Message) -> Awaitable[None]:
    return later(message)


def runs_a_loop_of_its_own(message: Message) -> None:
    asyncio.run(later(message))


def shows_all(message: Message) -> None:
    files = os.listdir("/proc/self/fd")
    tell(message, json.dumps([repr(message), sys.argv, sorted(os.environ), files]))


def on_event(event: Event) -> None:
    Path(event.data["name"]).write_text(f"{event.type} {event.data['from']}")


# --- failures


def broken(message: Message) -> NoReturn:
    raise SystemError(RAISED)


def gives_up(message: Message) -> NoReturn:
    raise GiveUp(RAISED)


def leaves(message: Message) -> NoReturn:
    sys.exit(3)


def interrupts(message: Message) -> NoReturn:
    raise KeyboardInterrupt


async def leaves_later(message: Message) -> NoReturn:
    await asyncio.sleep(0)
    sys.exit(3)


async def interrupts_later(message: Message) -> NoReturn:
    raise KeyboardInterrupt


async def cancels_itself(message: Message) -> NoReturn:
    tell(message, "cancelled")
    raise asyncio.CancelledError


def generator_exit(message: Message) -> NoReturn:
    raise GeneratorExit


def yields(message: Message) -> Iterator[None]:
    tell(message, "never")
    yield


async def yields_later(message: Message) -> Any:
    tell(message, "never")
    yield


def leaves_at_once(message: Message) -> NoReturn:
    os._exit(7)


def kills_itself(message: Message) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def eats(message: Message) -> None:
    tell(message, os.getpid())
    bytearray(1 << 34)


async def leaves_behind_a_task_that_exits(message: Message) -> None:
    async def leave() -> None:
        sys.exit(3)

    asyncio.get_running_loop().call_later(0.05, asyncio.ensure_future, leave())
    tell(message, "left behind")


_left: list[asyncio.Task[None]] = []


async def leaves_behind_a_task(message: Message) -> None:
    async def go_on() -> None:
        await asyncio.sleep(0.05)
        tell(message, "went on")

    _left.append(asyncio.create_task(go_on()))


# --- what does not come back


def blocks(message: Message) -> None:
    tell(message, os.getpid())
    time.sleep(100)


async def blocks_its_loop(message: Message) -> None:
    tell(message, os.getpid())
    time.sleep(100)


async def waits(message: Message) -> None:
    tell(message, os.getpid())
    await asyncio.sleep(100)


def loops(message: Message) -> None:
    tell(message, os.getpid())
    while True:
        pass


def is_deaf(message: Message) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(message, os.getpid())
    time.sleep(100)


def tidies_up(message: Message) -> None:
    tell(message, "begun")
    try:
        time.sleep(100)
    finally:
        tell(message, "tidy")


async def tidies_up_later(message: Message) -> None:
    tell(message, "begun")
    try:
        await asyncio.sleep(100)
    finally:
        tell(message, "tidy")


def starts_others(message: Message) -> None:
    tell(message, os.getpid())
    for command in (["sleep", "100"], ["setsid", "sleep", "100"]):
        tell(message, subprocess.Popen(command).pid)
    if (pid := os.fork()) == 0:
        time.sleep(100)
        os._exit(0)
    tell(message, pid)
    time.sleep(100)


def starts_others_and_leaves(message: Message) -> NoReturn:
    tell(message, subprocess.Popen(["sleep", "100"]).pid)
    os._exit(1)


def forks(message: Message) -> None:
    """And both come back."""
    tell(message, os.getpid())
    os.fork()


def floods(message: Message) -> None:
    block = "x" * 1_000_000
    for _ in range(50):
        sys.stdout.write(block)
        sys.stderr.write(block)
    raise ValueError


# --- what sends


def replies(message: Message, gateway: Gateway) -> None:
    gateway.reply("thank you")


async def replies_later(message: Message, gateway: Gateway) -> None:
    await asyncio.sleep(0)
    gateway.reply("thank you")


def sends_and_fails(message: Message, gateway: Gateway) -> NoReturn:
    """Each try says something else."""
    ids = [
        gateway.send("+447700900001", f"first {time.time()}"),
        gateway.send("+447700900001", "second", type="otp", tags=["a"], reference="r"),
        gateway.send("+447700900002", data=b"\x01\x02", ports=(5000, 0)),
        gateway.reply(f"reply {time.time()}"),
    ]
    tell(message, " ".join(ids))
    raise ValueError


def sends_by_key(message: Message, gateway: Gateway) -> None:
    tell(message, gateway.send(f"+4477009{os.getpid():05d}", "x", idempotency_key="mine"))
    raise ValueError


def is_refused(message: Message, gateway: Gateway) -> None:
    for to, validity in (("x" * 100, None), ("+447700900001", -1)):
        try:
            gateway.send(to, "x", validity=validity)
        except NotSent as error:
            tell(message, f"{error.code}: {error}")
    try:
        gateway.send("+447700900001", "x")
    except NotSent as error:
        tell(message, f"{error.code} {error.retry_after_s}: {error}")


def is_refused_and_does_not_care(message: Message, gateway: Gateway) -> None:
    gateway.send("+447700900001", "x")


def sends_from_elsewhere(message: Message, gateway: Gateway) -> None:
    def in_thread() -> None:
        for n in range(20):
            gateway.send(f"+4477009000{n:02d}", "x")

    threads = [threading.Thread(target=in_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if (pid := os.fork()) == 0:
        try:
            gateway.send("+447700900001", "x")
        except RuntimeError as error:
            tell(message, error)
        os._exit(0)
    os.waitpid(pid, 0)


_kept: list[Gateway] = []


def sends_when_it_is_over(message: Message, gateway: Gateway) -> None:
    for old in _kept:
        try:
            old.reply("too late")
        except RuntimeError as error:
            tell(message, error)
    _kept.append(gateway)


def speaks_nonsense(message: Message, gateway: Gateway) -> None:
    line = gateway._ask.__self__._line  # type: ignore[attr-defined]
    line._connection.sendall(b"nonsense\n")
    time.sleep(100)


def says_without_end(message: Message, gateway: Gateway) -> None:
    line = gateway._ask.__self__._line  # type: ignore[attr-defined]
    while True:
        line._connection.sendall(b"x" * 65536)


def asks_nonsense(message: Message, gateway: Gateway) -> None:
    wrong: list[Any] = [1, {}, {"reply": False}, {"to": 1}]
    for one in wrong:
        tell(message, gateway._ask({"send": one})["refused"]["code"])
    wanted = {"to": "+447700900001", "text": "x"}
    tell(message, gateway._ask({"send": wanted, "idempotency_key": 7})["refused"]["code"])
