"""`webhook.verify`: what is genuine is taken, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from multidict import CIMultiDict
from standardwebhooks import Webhook

from modemgw.client import webhook
from modemgw.client.webhook import InvalidSignature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"
EVENT = {
    "type": "message.delivered",
    "timestamp": "2026-11-22T10:00:00.125Z",
    "data": {"id": "msg_1", "status": "delivered", "text": "Grüße €", "receipt": True},
}
PAYLOAD = json.dumps(EVENT, ensure_ascii=False)


def now() -> datetime:
    return datetime.now(UTC)


def test_what_is_genuine_is_taken():
    headers = webhook.sign(PAYLOAD, "evt_7", now(), SECRET)
    for payload in (PAYLOAD, PAYLOAD.encode()):
        event = webhook.verify(payload, headers, SECRET)
        assert (event.type, event.timestamp.year) == ("message.delivered", 2026)
        assert (event.message.id, event.message.is_final) == ("msg_1", True)
    assert webhook.verify(PAYLOAD, CIMultiDict({k.title(): v for k, v in headers.items()}), SECRET)


def test_the_specifications_own_library_says_the_same():
    headers = webhook.sign(PAYLOAD, "evt_7", now(), SECRET)
    assert Webhook(SECRET).verify(PAYLOAD, headers) == EVENT


def test_one_of_several_secrets_does():
    """While it is rotated, whoever signs and whoever verifies may have the old one beside."""
    headers = webhook.sign(PAYLOAD, "evt_7", now(), SECRET)
    assert webhook.verify(PAYLOAD, headers, [OTHER, SECRET]).type == "message.delivered"
    both = webhook.sign(PAYLOAD, "evt_7", now(), OTHER)["webhook-signature"]
    headers["webhook-signature"] += f" {both}"
    assert webhook.verify(PAYLOAD, headers, OTHER).type == "message.delivered"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "1e999"},
        {"webhook-id": "evt_8"},
    ],
)
def test_what_is_not_as_it_was_signed_is_refused(change):
    headers = webhook.sign(PAYLOAD, "evt_7", now(), SECRET) | change
    with pytest.raises(InvalidSignature):
        webhook.verify(PAYLOAD, headers, SECRET)


def test_what_was_changed_is_old_or_of_another_is_refused():
    headers = webhook.sign(PAYLOAD, "evt_7", now(), SECRET)
    with pytest.raises(InvalidSignature):
        webhook.verify(PAYLOAD + " ", headers, SECRET)
    with pytest.raises(InvalidSignature):
        webhook.verify(PAYLOAD, headers, OTHER)
    with pytest.raises(InvalidSignature):
        webhook.verify(b"\xff", headers, SECRET)
    with pytest.raises(InvalidSignature):
        webhook.verify(PAYLOAD, {}, SECRET)
    for minutes in (-6, 6):
        headers = webhook.sign(PAYLOAD, "evt_7", now() + timedelta(minutes=minutes), SECRET)
        with pytest.raises(InvalidSignature, match="too"):
            webhook.verify(PAYLOAD, headers, SECRET)


def test_what_is_signed_and_no_json_is_refused():
    with pytest.raises(InvalidSignature, match="no JSON"):
        webhook.verify("{", webhook.sign("{", "evt_7", now(), SECRET), SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%", [], "whsec_Ä"])
def test_what_is_no_secret_is_the_callers_mistake(secret):
    with pytest.raises(ValueError, match="whsec_"):
        webhook.verify(PAYLOAD, {}, secret)
