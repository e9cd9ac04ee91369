"""Figures are read in the loop's thread, and are then as they were."""

from __future__ import annotations

import asyncio
import threading
from random import Random

from labs.clock import FakeClock
from prometheus_client import generate_latest

from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.gateway.outgoing.punctuality import Tally, Target
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.upkeep.metrics import Figures


async def test_another_thread_renders_figures_without_reading_them() -> None:
    readers: set[int] = set()

    def views() -> list[ModemView]:
        readers.add(threading.get_ident())
        return []

    def waiting() -> int:
        readers.add(threading.get_ident())
        return 3

    accepted = {"otp": 1}
    keeper = Keeper(clock=FakeClock(), random=Random(1))
    tallies = {"otp": Tally(Target("sent", 30.0), in_time=9, late=2, overdue={"msg_1"})}
    registry = Figures(views, waiting, accepted, lambda: tallies, keeper).registry()
    accepted["promotional"] = 5
    text = (await asyncio.to_thread(generate_latest, registry)).decode()
    assert readers == {threading.get_ident()}
    assert 'modemgw_messages_accepted_total{type="otp"} 1.0' in text
    assert "promotional" not in text
    assert 'modemgw_messages_in_time_total{type="otp"} 9.0' in text
    assert 'modemgw_messages_late_total{type="otp"} 2.0' in text
    assert 'modemgw_messages_overdue{type="otp"} 1.0' in text
    assert "modemgw_messages_waiting 3.0" in text
