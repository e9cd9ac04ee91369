"""Sends the probes through the running daemon, and waits for what comes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from modemgw.cli.selftest.probes import Card, Outcome, Probe
from modemgw.client import ApiError, Client
from modemgw.client.answers import Message

LOOK_S = 0.5
SLACK_S = 5.0
"""Clocks of this machine and the daemon's may differ by so much."""
PAGE = 200


async def cards(client: Client) -> tuple[list[Card], list[str]]:
    """The SIMs that can be tried; and of each other modem why not. Raises ApiError."""
    found, missing = [], []
    for modem in await client.modems():
        number = None if modem.sim is None else modem.sim.number
        if modem.state not in ("ready", "sending"):
            missing.append(f"modem {modem.id} is {modem.state}: {modem.reason or 'not ready'}")
        elif number is None:
            missing.append(
                f"modem {modem.id}: the number of its SIM is not known; set number in the "
                "configuration"
            )
        else:
            found.append(Card(modem.id, number))
    return found, missing


async def trial(
    client: Client,
    probes: Sequence[Probe],
    *,
    timeout_s: float,
    settled: Callable[[int], None],
) -> list[Outcome]:
    """Send everything and wait until all has arrived and is reported, or time is up.

    `settled` is told how many are through. Raises ApiError.
    """
    began = time.monotonic()
    since = datetime.now(UTC) - timedelta(seconds=SLACK_S)
    ids: dict[Probe, str] = {}
    refused: dict[Probe, str] = {}
    for probe in probes:
        try:
            message = await client.send(
                probe.receiver.number,
                probe.text,
                modem=probe.sender.modem,
                type="transactional",
                validity=max(60, int(timeout_s)),
            )
        except ApiError as error:
            if error.status in (401, 403):
                raise
            refused[probe] = str(error)
        else:
            ids[probe] = message.id
    arrived: dict[Probe, float] = {}
    messages: dict[Probe, Message] = {}
    while True:
        texts = await _received(client, since)
        for probe in ids:
            if probe not in arrived and (probe.receiver.modem, probe.text) in texts:
                arrived[probe] = time.monotonic() - began
            if probe not in messages or not messages[probe].is_final:
                messages[probe] = await client.message(ids[probe])
        through = [probe for probe in ids if _is_through(messages[probe], probe in arrived)]
        settled(len(through) + len(refused))
        if len(through) == len(ids) or time.monotonic() - began >= timeout_s:
            break
        await asyncio.sleep(LOOK_S)
    return [
        Outcome(
            probe,
            status=messages[probe].status if probe in messages else "refused",
            error=refused.get(probe) or _error(messages.get(probe)),
            arrived=probe in arrived,
            delivered=probe in messages and messages[probe].status == "delivered",
            took_s=arrived.get(probe),
        )
        for probe in probes
    ]


def _is_through(message: Message, arrived: bool) -> bool:
    """Whether nothing more is to be waited for."""
    if message.status == "delivered":
        return arrived
    return message.status in ("failed", "expired", "canceled", "undelivered")


def _error(message: Message | None) -> str | None:
    return None if message is None or message.error is None else message.error.detail


async def _received(client: Client, since: datetime) -> set[tuple[str, str]]:
    """The modem and text of everything that was received since then."""
    return {
        (item.modem, item.text)
        async for item in client.inbounds(since=since, limit=PAGE)
        if item.text is not None
    }
