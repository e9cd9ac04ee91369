"""The engine's own speed: modems that take no time, so that the gateway is all that takes any.

    python benchmarks/zero_latency.py [--quick] [--rounds 3] [--no-peers]

Stands for the head-room of one machine: how many parts a second it can push through one modem and
through eight, and what a message costs it. Bank, gateway and load run on the same machine.

- `queued`: everything was accepted before (a batch); from the first AT+CMGS to the last +CMGS.
- `whole`: single POSTs on 8 kept-alive connections while the modems send; from the first POST to
  the last +CMGS. CPU of the daemon until every message is receipted: HTTP, commits and receipts.
- `compared`: other gateways and ours on the same bank with the same texts, handed over as a queue,
  and pick-up: from handing over one message to AT+CMGS, with the CPU that waiting for it costs.
  There a prompt and a part take 1 ms each, because python-gsmmodem-new misses the answers of a
  modem that takes no time; and the network sends no receipts, so that peers need not fetch them.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from bench.bank_process import ANSWERED, COMMANDED
from bench.figures import latency, say, spread, tell
from bench.http import connect, flood
from bench.peers import PEERS, Peer
from bench.rig import BankProcess, Rig

CONNECTIONS = 8
SPREAD_S = (0.3, 0.9)


COMPARED = {"prompt_seconds": 0.001, "part_seconds": 0.001, "receipt_seconds": 1e6}


def settings(modems: int) -> dict[str, Any]:
    return {"modems": modems, "part_seconds": 0.0, "receipt_seconds": 0.05}


def texts(count: int) -> list[tuple[str, str]]:
    return [(f"+4477009{i:05d}", f"Hello world, this is message {i}") for i in range(count)]


def rate(notes: list[list[list[Any]]], since: float | None = None) -> float:
    """Parts per second from the first AT+CMGS (or a moment) to the last +CMGS."""
    parts = [note for modem in notes for note in modem if note[ANSWERED] is not None]
    begin = min(note[COMMANDED] for note in parts) if since is None else since
    return len(parts) / float(max(note[ANSWERED] for note in parts) - begin)


async def queued(rig: Rig, count: int) -> float:
    await rig.bank.control.call("reset_parts")
    before = (await rig.bank.control.status())["accepted"]
    bodies = [{"to": to, "text": text} for to, text in texts(count)]
    batch = await rig.client.send_batch(bodies)
    await rig.bank.control.wait_accepted(before + count, 120)
    await rig.wait_settled(batch["id"], count, 60)
    return rate(await rig.bank.parts())


async def whole(rig: Rig, count: int) -> dict[str, float]:
    await rig.bank.control.call("reset_parts")
    before = (await rig.bank.control.status())["accepted"]
    requests = [
        rig.daemon.post("/v1/messages", {"to": to, "text": text}) for to, text in texts(count)
    ]
    last = b""

    def answered(body: bytes) -> None:
        nonlocal last
        last = body

    daemon, bank, began = rig.daemon.cpu_seconds(), rig.bank.cpu_seconds(), time.monotonic()
    await flood(rig.daemon.url, requests, CONNECTIONS, answered)
    posted = time.monotonic() - began
    await rig.bank.control.wait_accepted(before + count, 120)
    await asyncio.sleep(0.5)
    used = rig.daemon.cpu_seconds() - daemon
    listed = [m async for m in rig.client.messages(limit=200, status="delivered")]
    if len(listed) < count:
        raise RuntimeError(f"{len(listed)} of {count} were delivered")
    return {
        "parts_per_second": rate(await rig.bank.parts(), began),
        "posts_per_second": count / posted,
        "daemon_cpu_seconds_per_1000": used * 1000 / count,
        "bank_cpu_seconds_per_1000": (rig.bank.cpu_seconds() - bank) * 1000 / count,
    }


async def ours(modems: int, count: int, rounds: int) -> dict[str, Any]:
    rates, wholes = [], []
    for _ in range(rounds):
        async with Rig(settings(modems)) as rig:
            rates.append(await queued(rig, count))
            say(f"modemgw, {modems} modems, queued: {rates[-1]:.0f}/s")
        async with Rig(settings(modems)) as rig:
            wholes.append(await whole(rig, count))
            say(f"modemgw, {modems} modems, whole: {wholes[-1]}")
    return {
        "modems": modems,
        "messages": count,
        "queued_parts_per_second": spread(rates, 1),
        "whole": {name: spread([w[name] for w in wholes], 3) for name in wholes[0]},
    }


class Compared(Protocol):
    """A gateway that is compared."""

    name: str

    def missing(self) -> str | None:
        """Why it cannot be compared, or None."""

    async def measure(self, modems: int, count: int, seconds: float) -> dict[str, Any]:
        """Its rate with a queue; at most `seconds` are waited."""

    async def pickup(self, count: int) -> dict[str, float]:
        """Its pick-up."""


class Ours:
    """modemgw as one of the compared: its queue is a batch, its hand-over a POST."""

    name = "modemgw"

    def missing(self) -> str | None:
        return None

    async def measure(self, modems: int, count: int, seconds: float) -> dict[str, Any]:
        async with Rig(COMPARED | {"modems": modems}) as rig:
            used = rig.daemon.cpu_seconds()
            bodies = [{"to": to, "text": text} for to, text in texts(count)]
            await rig.client.send_batch(bodies)
            await rig.bank.control.wait_accepted(count, seconds)
            used = rig.daemon.cpu_seconds() - used
            return figures_of(self.name, modems, count, used, await rig.bank.parts())

    async def pickup(self, count: int) -> dict[str, float]:
        async with Rig(COMPARED | {"modems": 1}) as rig:
            connection = await connect(rig.daemon.url)

            async def hand_over(one: tuple[str, str]) -> None:
                request = rig.daemon.post("/v1/messages", {"to": one[0], "text": one[1]})
                await connection.ask(request)

            found = await pick_up(rig.bank, count, hand_over, rig.daemon.cpu_seconds)
            connection.close()
        return found


class Theirs:
    """A peer as one of the compared."""

    def __init__(self, kind: type[Peer]) -> None:
        self._kind = kind
        self.name = kind.name

    def missing(self) -> str | None:
        return self._kind().missing()

    @asynccontextmanager
    async def _running(self, modems: int) -> AsyncIterator[tuple[Peer, BankProcess]]:
        peer = self._kind()
        with TemporaryDirectory(prefix="modemgw-bench-") as place:
            settings = COMPARED | {"modems": modems}
            async with BankProcess(Path(place) / "bank", settings) as bank:
                try:
                    await peer.start(Path(place) / "peer", bank.ports)
                    yield peer, bank
                finally:
                    await peer.stop()

    async def measure(self, modems: int, count: int, seconds: float) -> dict[str, Any]:
        async with self._running(modems) as (peer, bank):
            used = peer.cpu_seconds()
            peer.submit(texts(count))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if (await bank.control.status())["accepted"] >= count:
                    break
                await asyncio.sleep(0.05)
                peer.nudge()
            used = peer.cpu_seconds() - used
            return figures_of(self.name, modems, count, used, await bank.parts())

    async def pickup(self, count: int) -> dict[str, float]:
        async with self._running(1) as (peer, bank):

            async def hand_over(one: tuple[str, str]) -> None:
                peer.submit([one])
                for _ in range(10):
                    await asyncio.sleep(0.005)
                    peer.nudge()

            return await pick_up(bank, count, hand_over, peer.cpu_seconds)


def figures_of(
    name: str, modems: int, count: int, cpu: float, notes: list[list[list[Any]]]
) -> dict[str, Any]:
    sent = sum(note[ANSWERED] is not None for modem in notes for note in modem)
    found = {
        "modems": modems,
        "sent": sent,
        "all_in_time": sent >= count,
        "parts_per_second": round(rate(notes), 1) if sent > 1 else 0.0,
        "cpu_seconds_per_1000": round(cpu * 1000 / max(sent, 1), 2),
    }
    say(f"{name}: {found}")
    return found


async def pick_up(
    bank: BankProcess,
    count: int,
    hand_over: Callable[[tuple[str, str]], Awaitable[None]],
    cpu_seconds: Callable[[], float],
) -> dict[str, float]:
    """Hand over one message after the other, each after a pause in which nothing is to be done."""
    handed = []
    random = Random(count)
    used, began = cpu_seconds(), time.monotonic()
    for done, one in enumerate(texts(count), 1):
        handed.append(time.monotonic())
        await hand_over(one)
        await bank.control.wait_accepted(done, 60)
        await asyncio.sleep(random.uniform(*SPREAD_S))
    cores = (cpu_seconds() - used) / (time.monotonic() - began)
    commanded = [note[COMMANDED] for note in (await bank.parts())[0]][-count:]
    found = latency([c - h for h, c in zip(handed, commanded, strict=True)])
    found["cores_used_meanwhile"] = round(cores, 3)
    return found


async def compare(
    modems: tuple[int, ...], count: int, seconds: float, tries: int
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    contenders: list[Compared] = [Ours(), *map(Theirs, PEERS)]
    for one in contenders:
        if missing := one.missing():
            say(f"{one.name}: skipped, {missing}")
            found[one.name] = {"skipped": missing}
            continue
        rates = {str(n): await one.measure(n, count, seconds) for n in modems}
        found[one.name] = {"rates": rates, "pickup": await one.pickup(tries)}
        say(f"{one.name}, pick-up: {found[one.name]['pickup']}")
    return found


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run: no peers")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--no-peers", action="store_true")
    options = arguments.parse_args()
    rounds, count = (1, 400) if options.quick else (options.rounds, 3000)
    result: dict[str, Any] = {"modemgw": [await ours(n, count, rounds) for n in (1, 8)]}
    if not (options.quick or options.no_peers):
        result["compared"] = await compare((1, 8), 1000, 20.0, 30)
        result["ratios"] = ratios(result["compared"])
    aims = {"parts_per_second": {"1": 400, "8": 1000}, "daemon_cpu_seconds_per_1000": 1.5}
    tell("zero_latency", result | {"aims": aims})


def ratios(compared: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How many times our rate is theirs by number of modems, and their pick-up ours."""
    ours = compared["modemgw"]
    found = {}
    for name, theirs in compared.items():
        if theirs is ours or "skipped" in theirs:
            continue
        found[name] = {
            "rate": {
                modems: round(ours["rates"][modems]["parts_per_second"] / rate, 1)
                for modems, figures in theirs["rates"].items()
                if (rate := figures["parts_per_second"])
            },
            "pickup": round(theirs["pickup"]["median_ms"] / ours["pickup"]["median_ms"], 1),
        }
    return found


if __name__ == "__main__":
    asyncio.run(main())
