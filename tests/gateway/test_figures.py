"""What /metrics shows: bounded, of everything, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labs.bank import bank_of
from labs.clock import FakeClock
from labs.figures import MESSAGE, RECIPIENT, figures_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from modemgw.config.alert_metrics import METRICS
from modemgw.config.alerts import DEFAULTS
from modemgw.gateway.fleet import tallies
from modemgw.gateway.fleet.tallies import Tallies
from modemgw.histogram import Histogram
from modemgw.store.records import Event, MessageStatus

LABELS = {
    "alert", "class", "currency", "fate", "kind", "le", "modem", "outcome", "result", "severity",
    "sim", "state", "task", "type",
}  # fmt: skip
A_MODEM = 45
"""Series for each modem with its SIM, at the most."""
BESIDE = 250
"""Series of everything else, at the most."""


def text_of(modems: int) -> str:
    return generate_latest(figures_of(modems).registry()).decode()


def test_there_are_as_many_series_as_there_are_modems() -> None:
    counts = {
        modems: sum(not line.startswith("#") for line in text_of(modems).splitlines())
        for modems in (1, 64)
    }
    assert counts[64] <= 64 * A_MODEM + BESIDE
    assert (counts[64] - counts[1]) / 63 <= A_MODEM


def test_no_label_names_a_message_or_a_person() -> None:
    text = text_of(2)
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            assert set(sample.labels) <= LABELS, sample
    assert RECIPIENT.strip("+") not in text
    assert MESSAGE[:12] not in text


def test_every_family_is_documented_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(modemgw_\w+)", page))
    shown = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text_of(1))
    }
    assert shown == named


async def test_the_whole_way_of_messages_is_counted(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        await until(lambda: gateway.health.ready, 30)
        arrives = await send(gateway, "+999000000001", type="otp", text="a" * 200)
        fails = await send(gateway, "+999020650001")
        refused = await send(gateway, "+999010010001")
        await status(gateway, arrives, MessageStatus.DELIVERED)
        await status(gateway, fails, MessageStatus.UNDELIVERED)
        await status(gateway, refused, MessageStatus.FAILED)
        await gateway._sampler.look()
        found = {
            (sample.name, sample.labels.get("type") or sample.labels.get("fate")
             or sample.labels.get("result") or sample.labels.get("class")): sample.value
            for family in text_string_to_metric_families(
                generate_latest(gateway.figures.registry()).decode()
            )
            for sample in family.samples
            if sample.labels.get("le", "+Inf") == "+Inf"
        }  # fmt: skip
    assert found["modemgw_sim_parts_total", "accepted"] == 3
    assert found["modemgw_sim_parts_total", "refused"] == 1
    assert found["modemgw_sim_refusals_total", "recipient"] == 1
    assert found["modemgw_sim_messages_total", "delivered"] == 1
    assert found["modemgw_sim_messages_total", "undelivered"] == 1
    assert found["modemgw_sim_delivery_ratio", None] == 0.5
    assert found["modemgw_message_sent_seconds_count", "otp"] == 1
    assert found["modemgw_message_sent_seconds_count", "transactional"] == 1
    assert found["modemgw_message_delivered_seconds_count", "otp"] == 1
    assert ("modemgw_message_delivered_seconds_count", "transactional") not in found
    assert found["modemgw_queue_oldest_seconds", "otp"] == 0
    assert found["modemgw_store_commit_seconds_count", None] > 3
    assert found["modemgw_store_size_bytes", None] > 4096


def event(type: str, id: str, **more: object) -> Event:
    return Event(1, type, 0.0, {"id": id, **more})


def test_a_fate_is_counted_once() -> None:
    clock = FakeClock()
    made = Tallies(clock)
    for id in ("a", "b", "c", "d"):
        made.sent(id, "otp", clock.time() - 1, "s1", receipt=id != "d")
    clock.now += 10
    made.heard([event("message.sent", "a"), event("message.delivered", "a")])
    made.heard([event("message.delivered", "a"), event("message.delivered", "d")])
    made.heard([event("message.undelivered", "b"), event("message.delivered", "b")])
    made.heard([event("message.sent", "c", final=True), event("message.failed", "e")])
    assert made.of("s1").fates == {"delivered": 1, "undelivered": 1, "silent": 1}
    assert made.to_sent["otp"].count == 4
    assert (made.to_delivered["otp"].count, made.to_delivered["otp"].total) == (1, 11)


def test_what_is_awaited_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_AWAITED", 3)
    made = Tallies(FakeClock())
    for n in range(10):
        made.sent(str(n), "otp", 0.0, "s1", receipt=True)
    made.heard(event("message.delivered", str(n)) for n in range(10))
    assert made.of("s1").fates["delivered"] == 3


def test_a_histogram_counts_up_to_each_bound() -> None:
    made = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 1.1, 7.0):
        made.observe(value)
    assert made.cumulated() == [("1.0", 2.0), ("5.0", 3.0), ("+Inf", 4.0)]
    assert (made.count, made.total) == (4, 9.6)


def test_the_page_lists_the_default_alerts_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", page, re.MULTILINE)
    told = {id: [cell.strip() for cell in row.split("|")] for id, row in rows if id in DEFAULTS}
    wanted = {}
    for id, rule in DEFAULTS.items():
        high, level = rule.about.bad == "high", rule.about.kind == "level"
        metric = f"`{rule.metric}`" + "".join(f" of `{one}`" for one in rule.subjects)
        flag = rule.threshold == rule.clear == 1 and level
        raised = "1" if flag else f"{'from' if high else 'below'} {plain(rule.threshold)}"
        cleared = "0" if flag else f"{'below ' if high else ''}{plain(rule.clear)}"
        window = "" if level else plain(rule.window_s)
        least = plain(rule.minimum) if rule.about.kind == "share" else ""
        wanted[id] = [metric, raised, cleared, window, least, plain(rule.for_s), rule.severity]
    assert told == wanted
    described = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    assert set(METRICS) <= described


def plain(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
