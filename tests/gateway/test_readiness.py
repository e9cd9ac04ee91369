"""The checklist: what each point says of which gateway, and all of them over the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.api.app import create_app
from modemgw.config import parse
from modemgw.gateway.upkeep.readiness.checklist import POINTS, judge
from modemgw.gateway.upkeep.readiness.facts import Facts, Seat
from modemgw.store import Consent, ConsentState, KeyRow, Webhook
from modemgw.store.records import (
    Attempt,
    AttemptState,
    Message,
    MessageStatus,
    Part,
    PartStatus,
    Receipt,
)
from modemgw.store.sqlite import FILE_NAME, create_key

NOW = 1_795_000_000.0
A, B = "8944000000000000001", "8944000000000000002"


def facts(config: dict[str, Any] | None = None, **more: Any) -> Facts:
    return Facts(parse(config or {}), NOW, **more)


def message(
    type: str = "transactional", *, sim: str = A, waited_s: float = 2.0, **more: Any
) -> Message:
    receipt = Receipt(0, "delivered", "delivered", True, NOW, None, None)
    attempt = Attempt(1, AttemptState.ACCEPTED, "m1", sim, 0, NOW, NOW + waited_s, None, receipt)
    known: dict[str, Any] = {
        "id": "m", "to": "+447700900123", "text": "x", "data": None, "ports": None, "type": type,
        "status": MessageStatus.DELIVERED, "encoding": "gsm7", "message_class": None,
        "receipt": True, "parts": (Part(1, PartStatus.DELIVERED, (attempt,)),), "error": None,
        "route": "default", "modem": None, "key": "shop", "reference": None,
        "callback_url": None, "batch": None, "tags": (), "created_at": NOW, "updated_at": NOW,
        "send_at": None, "expires_at": NOW + 3600,
    }  # fmt: skip
    return Message(**(known | more))


def webhook(*events: str, enabled: bool = True) -> Webhook:
    return Webhook("wh", "http://127.0.0.1/", events, None, enabled, NOW, None, 0, ())


def consent(state: ConsentState, source: str = "sms", evidence: str | None = None) -> Consent:
    return Consent("+447700900123", "", state, source, NOW, NOW, evidence)


def key(*scopes: str) -> KeyRow:
    return KeyRow("app", scopes, NOW - 10)


SEATS = (Seat("m1", A, "+447700900001", "One"), Seat("m2", B, "+447700900002", "Two"))
MODEMS = {"modem": [{"id": "m1", "device": "/dev/a"}, {"id": "m2", "device": "/dev/b"}]}
LIMITS = {
    "sim_limits": {"per_minute": 10},
    "recipient_limits": {"per_day": 10},
    "key_limits": {"per_day": 1000},
}
REQUIRED = {"type": {"promotional": {"consent_required": True}}}
IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT
BUDGET = {"budget": [{"id": "day", "parts_per_day": 5}]}

CASES: dict[str, list[tuple[str, Facts, str]]] = {
    "types": [
        ("not_tested", facts(), "nothing was sent"),
        ("passed", facts(sample=(message("otp"), message())), "otp are sent within 2.0 s"),
        ("failed", facts(sample=(message("otp", waited_s=90),)), "otp are sent within 90.0 s"),
        (
            "failed",
            facts({"type": {"otp": {"target_seconds": 5}}}, sample=(message("otp", waited_s=9),)),
            "otp are sent within 9.0 s",
        ),
        (
            "failed",
            facts({"type": {"otp": {"validity": 7200}}}, sample=(message(),)),
            "may wait 7200 s",
        ),
    ],
    "protocol": [
        ("not_tested", facts(), "there is no API key"),
        ("failed", facts(keys=(key("admin"),)), "every API key is an administrator's"),
        ("passed", facts(keys=(key("send"),)), "1 keys may send"),
        ("failed", facts({"http": {"listen": "0.0.0.0:80"}}), "without TLS"),
    ],
    "opt-in": [
        ("not_tested", facts(), "no promotional message"),
        ("failed", facts(sample=(message("promotional"),)), "need no recorded opt-in"),
        ("not_tested", facts(REQUIRED), "none is recorded"),
        ("failed", facts(REQUIRED, opted_in=(consent(IN, "web"),)), "1 opt-ins 0 have evidence"),
        ("passed", facts(REQUIRED, opted_in=(consent(IN, "web", "form 7"),)), "1 opt-ins 1 have"),
    ],
    "opt-out": [
        ("failed", facts({"opt_out": {"enabled": False}}), "means nothing"),
        ("not_tested", facts(), "nobody has opted out"),
        ("passed", facts(opted_out=(consent(OUT),)), "1 came by SMS"),
    ],
    "templates": [
        ("failed", facts(sample=(message(),)), "there is no template"),
        ("not_tested", facts(sample=(message(),), templates=2), "no message was made by one"),
        ("passed", facts(sample=(message(template="code"),), templates=2), "1 of the last 1"),
        (
            "failed",
            facts(sample=(message(template="code"), message(), message()), templates=2),
            "1 of the last 3",
        ),
    ],
    "limits": [
        ("failed", facts(), "[sim_limits], [recipient_limits], [key_limits]"),
        ("failed", facts(LIMITS | {"key_limits": {}}), "no limits in [key_limits]"),
        ("passed", facts(LIMITS), "have limits"),
    ],
    "tracking": [
        ("failed", facts(sample=(message(),)), "no webhook is told"),
        ("not_tested", facts(webhooks=(webhook("message.*"),)), "no message asked for a receipt"),
        ("passed", facts(sample=(message(),), webhooks=(webhook("*"),)), "1 of 1 messages"),
        ("failed", facts(webhooks=(webhook("*", enabled=False),)), "no webhook is told"),
    ],
    "failover": [
        ("not_tested", facts(), "no modem"),
        ("passed", facts(MODEMS, seats=SEATS), "two modems or more"),
        ("failed", facts({"modem": MODEMS["modem"][:1]}, seats=SEATS[:1]), "carries default"),
        ("failed", facts(MODEMS, seats=SEATS[:1]), "1 of 2 modems have a SIM"),
    ],
    "batches": [
        ("not_tested", facts(sample=(message(),)), "no message came in a batch"),
        ("passed", facts(sample=(message(batch="b"),)), "1 came in batches"),
    ],
    "end-to-end": [
        ("not_tested", facts(), "no SIM"),
        ("not_tested", facts(seats=SEATS), "no SIM has written to another"),
        ("failed", facts(seats=SEATS, proofs=(message(sim=A),)), "not proved to arrive: m2 (Two)"),
        ("passed", facts(seats=SEATS, proofs=(message(sim=A), message(sim=B))), "One, Two"),
    ],
    "monitoring": [
        ("failed", facts(), "nobody has read /metrics"),
        ("failed", facts(metrics_reads=3), "was read 3 times"),
        ("passed", facts(metrics_reads=3, webhooks=(webhook("alert.*"),)), "1 webhooks are told"),
    ],
    "cost": [
        ("failed", facts(), "there is no budget"),
        ("failed", facts(BUDGET), "nobody is told"),
        ("passed", facts(BUDGET, webhooks=(webhook("budget.*"),)), "there are 1 budgets"),
    ],
}


@pytest.mark.parametrize(
    ("point", "status_", "known", "evidence"),
    [(point, *case) for point, cases in CASES.items() for case in cases],
)
def test_a_point_says_how_it_stands_why_and_what_to_do(
    point: str, status_: str, known: Facts, evidence: str
) -> None:
    (finding,) = [item.finding for item in judge(known) if item.id == point]
    assert (finding.status, evidence in finding.evidence) == (status_, True), finding
    assert (finding.next_step is None) == (status_ == "passed")


def test_every_point_was_seen_passed_and_not() -> None:
    assert list(CASES) == [point.id for point in POINTS]
    for point, cases in CASES.items():
        seen = {status_ for status_, _, _ in cases}
        assert "passed" in seen, point
        assert len(seen) > 1, point


async def test_the_live_gateway_is_asked(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank:
        numbers = ["+447700900001", "+447700900002"]
        config = config_of(tmp_path, bank)
        modems = [
            modem.model_copy(update={"number": number})
            for modem, number in zip(config.modem, numbers, strict=True)
        ]
        config = config.model_copy(update={"modem": tuple(modems)})
        token = create_key(tmp_path / "data" / FILE_NAME, "app", ["send", "read"])
        async with gateway_on(config) as gateway:
            app = create_app(gateway)
            headers = {"Authorization": f"Bearer {token}"}
            await until(lambda: all(v.status.sim for v in gateway.modems.views()), 30)
            for modem, number in (("m0", numbers[1]), ("m1", numbers[0])):
                sent = await send(gateway, number, modem=modem)
                await status(gateway, sent, MessageStatus.DELIVERED)
            async with TestClient(TestServer(app), headers=headers) as client:
                document = await (await client.get("/v1/readiness")).json()
    found = {item["id"]: item["status"] for item in document["points"]}
    assert found["end-to-end"] == "passed"
    assert found["failover"] == "passed"
    assert found["protocol"] == "passed"
    assert found["cost"] == "failed"
    counted = [document[name] for name in ("passed", "failed", "not_tested")]
    assert sum(counted) == len(POINTS)
    assert document["ready"] is False
