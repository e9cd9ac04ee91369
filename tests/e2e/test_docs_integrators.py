"""The examples of docs/integrators.md, run as they stand there."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from labs.served import Served, served

import modemgw
from modemgw.api.openapi.examples import DELIVERED, INBOUND
from modemgw.api.openapi.sample import MOMENT
from modemgw.client import webhook

pytestmark = pytest.mark.e2e
PAGE = Path(modemgw.__file__).parent.parent / "docs" / "integrators.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = TEXT.split("\n## ")[1:]


def blocks(language: str, text: str = TEXT) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("examples"), modems=2) as gateway:
        yield gateway


def run(gateway: Served, *command: str) -> list[str]:
    """The lines that a command prints, one that succeeds."""
    done = subprocess.run(
        command,
        env={**os.environ, "MODEMGW_URL": gateway.url, "MODEMGW_KEY": gateway.key},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_shell_s_examples_work(gateway: Served) -> None:
    # Each ends its answer with a line of its own, and the first that fails ends it all.
    script = "set -e\n" + "\necho\n".join(blocks("sh"))
    answers = run(gateway, "bash", "-c", script)
    bodies = [json.loads(line) for line in answers if line.startswith("{")]
    assert len(bodies) == len(re.findall(r"^curl ", script, re.MULTILINE)) - 1  # one is a stream
    assert any(line.startswith("event: message.") for line in answers)
    made = {body["text"]: body for body in bodies if "text" in body}
    assert made["Your table is ready"]["status"] == "delivered"
    assert {"Your code is 123456", "We are open on Sunday"} <= set(gateway.texts())
    (found,) = next(body for body in bodies if "items" in body)["items"]
    assert found["type"] == "otp"
    assert found["text"] is None  # erased once its fate was known
    (problem,) = (body for body in bodies if body.get("status") == 422)
    assert problem["type"].endswith(":invalid-fields")


def test_python_s_examples_print_what_they_say(gateway: Served) -> None:
    script = "\n".join(blocks("python"))
    said = re.findall(r"^ *print\(.*\)  # (.+)$", script, re.MULTILINE)
    assert len(said) >= 8
    assert run(gateway, sys.executable, "-W", "error", "-c", script) == said


def test_what_receives_a_webhook_takes_ours_and_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEMGW_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MODEMGW_KEY", "none")
    example: dict[str, Any] = {}
    for block in blocks("python"):
        if block.startswith(("import os", "def receive")):
            exec(block, example)
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    message = {"type": "message.delivered", "timestamp": MOMENT, "data": DELIVERED}
    inbound = {"type": "inbound.received", "timestamp": MOMENT, "data": INBOUND}
    for event in (message, inbound):
        body = json.dumps(event)
        headers = webhook.sign(body, "dlv_1", datetime.now(UTC), secret)
        assert example["receive"](body.encode(), headers, secret) == 204
        assert example["receive"](body.encode() + b" ", headers, secret) == 401
    assert capsys.readouterr().out == "order-7 delivered\n+447700900123 STATUS 7\n"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_each_question_is_answered_in_both_languages(section: str) -> None:
    if "move from" not in section:
        assert blocks("sh", section)
        assert blocks("python", section)


def test_links_lead_to_pages_that_are_there() -> None:
    for link in re.findall(r"\]\(([a-z-]+\.md)", TEXT):
        assert (PAGE.parent / link).exists(), link
