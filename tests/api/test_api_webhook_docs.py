"""docs/webhooks.md: every type of event with an example, and a signature check that works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from labs.fake_gateway import INBOUND, FakeMessages
from standardwebhooks import Webhook

from modemgw.api import render
from modemgw.gateway.event_types import EVENT_TYPES
from modemgw.store.records import NewMessage

PATH = "/usr/local/bin:/usr/bin:/bin"
PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def examples() -> dict[str, Any]:
    found = {}
    for block in blocks("json"):
        for text in re.split(r"\n(?={)", block):
            document = json.loads(text)
            if "timestamp" in document:
                assert list(document) == ["type", "timestamp", "data"]
                found[document["type"]] = document["data"]
    return found


def test_each_type_has_an_example_and_none_is_made_up() -> None:
    assert set(examples()) == set(EVENT_TYPES)
    for type in EVENT_TYPES:
        family, _, name = type.partition(".")
        assert f"`{type}`" in PAGE or (f"| `{family}." in PAGE and f"`.{name}`" in PAGE)


def test_whole_examples_have_the_fields_that_there_are() -> None:
    message = render.message(FakeMessages().add(NewMessage(to="+447700900123", text="Hello")))
    assert examples()["message.delivered"].keys() == message.keys()
    assert examples()["inbound.received"].keys() == render.inbound(INBOUND).keys()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_check_by_hand_gives_the_signature() -> None:
    (script,) = (block for block in blocks("sh") if "openssl" in block)
    secret, body, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"type":"ä"}', 1_795_341_605
    signature = Webhook(secret).sign("dlv_7", datetime.fromtimestamp(at, UTC), body)
    ended = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"SECRET": secret, "ID": "dlv_7", "TIMESTAMP": str(at), "BODY": body, "PATH": PATH},
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    assert f"v1,{ended.stdout.strip()}" == signature
