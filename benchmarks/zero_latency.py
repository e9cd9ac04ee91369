"""The engine's own speed: modems that take no time, so that the gateway is all that takes any.

    python benchmarks/zero_latency.py [--quick] [--rounds 3] [--no-peers]

Stands for the head-room of one machine: how many parts a second it can push through one modem and
through eight, and what a message costs it. Bank, gateway and load run on the same machine.

- `queued`: everything was accepted before (a batch); from the first AT+CMGS to the last +CMGS.
- `whole`: single POSTs on 8 kept-alive connections while the modems send; from the first POST to
  the last +CMGS. CPU of the daemon until every message is receipted: HTTP, commits and receipts.
- peers: the same bank, the same texts, what they were given before as a queue, without receipts;
  and their pick-up, from handing over one message to AT+CMGS, beside ours.
"""

import argparse
import asyncio
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.bank_process import ANSWERED, COMMANDED
from bench.figures import latency, say, spread, tell
from bench.http import connect, flood
from bench.peers import PEERS, Peer
from bench.rig import BankProcess, Rig

CONNECTIONS = 8
SPREAD_S = (0.3, 0.9)


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


async def our_pickup(count: int) -> dict[str, float]:
    async with Rig(settings(1)) as rig:
        connection = await connect(rig.daemon.url)
        handed = []
        random = Random(count)
        for to, text in texts(count):
            request = rig.daemon.post("/v1/messages", {"to": to, "text": text})
            handed.append(time.monotonic())
            await connection.ask(request)
            await asyncio.sleep(random.uniform(*SPREAD_S))
        connection.close()
        commanded = [note[COMMANDED] for note in (await rig.bank.parts())[0]]
    return latency([c - h for h, c in zip(handed, commanded, strict=True)])


async def theirs(peer: Peer, modems: int, count: int, seconds: float) -> dict[str, Any]:
    """A peer's rate with a queue; at most `seconds` are waited."""
    with TemporaryDirectory(prefix="modemgw-bench-") as place:
        async with BankProcess(Path(place) / "bank", settings(modems)) as bank:
            await peer.start(Path(place) / "peer", bank.ports)
            try:
                begin = peer.cpu_seconds()
                peer.submit(texts(count))
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    if (await bank.control.status())["accepted"] >= count:
                        break
                    await asyncio.sleep(0.1)
                used = peer.cpu_seconds() - begin
                notes = await bank.parts()
            finally:
                await peer.stop()
    sent = sum(note[ANSWERED] is not None for modem in notes for note in modem)
    if sent < 2:
        return {"modems": modems, "sent": sent}
    found = {
        "modems": modems,
        "sent": sent,
        "queued_parts_per_second": round(rate(notes), 1),
        "cpu_seconds_per_1000": round(used * 1000 / sent, 2),
    }
    say(f"{peer.name}: {found}")
    return found


async def their_pickup(peer: Peer, count: int) -> dict[str, float]:
    handed: list[float] = []
    random = Random(count)
    with TemporaryDirectory(prefix="modemgw-bench-") as place:
        async with BankProcess(Path(place) / "bank", settings(1)) as bank:
            await peer.start(Path(place) / "peer", bank.ports)
            try:
                for done, one in enumerate(texts(count), 1):
                    handed.append(time.monotonic())
                    peer.submit([one])
                    await bank.control.wait_accepted(done, 60)
                    await asyncio.sleep(random.uniform(*SPREAD_S))
                notes = (await bank.parts())[0]
            finally:
                await peer.stop()
    found = latency([note[COMMANDED] - h for h, note in zip(handed, notes, strict=True)])
    say(f"{peer.name}, pick-up: {found}")
    return found


async def compare(modems: tuple[int, ...], count: int, seconds: float, tries: int) -> list[Any]:
    found: list[Any] = []
    for kind in PEERS:
        peer = kind()
        if missing := peer.missing():
            say(f"{peer.name}: skipped, {missing}")
            found.append({"name": peer.name, "skipped": missing})
            continue
        rates = [await theirs(kind(), n, count, seconds) for n in modems]
        pickup = await their_pickup(kind(), tries)
        found.append({"name": peer.name, "rates": rates, "pickup": pickup})
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
        result["modemgw_pickup"] = await our_pickup(30)
        result["peers"] = await compare((1, 8), 1000, 20.0, 30)
        result["ratios"] = ratios(result)
    aims = {"parts_per_second": {"1": 400, "8": 1000}, "daemon_cpu_seconds_per_1000": 1.5}
    tell("zero_latency", result | {"aims": aims})


def ratios(result: dict[str, Any]) -> dict[str, Any]:
    """Ours to each peer's: rates by number of modems (more is better for us), pick-up (ditto)."""
    found = {}
    for peer in result["peers"]:
        if "skipped" in peer:
            continue
        rates = {
            str(ours["modems"]): round(
                ours["queued_parts_per_second"]["median"] / theirs["queued_parts_per_second"], 1
            )
            for ours, theirs in zip(result["modemgw"], peer["rates"], strict=True)
            if "queued_parts_per_second" in theirs
        }
        pickup = peer["pickup"]["median_ms"] / result["modemgw_pickup"]["median_ms"]
        found[peer["name"]] = {"rate": rates, "pickup": round(pickup, 1)}
    return found


if __name__ == "__main__":
    asyncio.run(main())
